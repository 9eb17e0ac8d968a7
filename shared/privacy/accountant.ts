import { bandCoefficients, bandSquares } from './banded.ts';

/** Slots a budget looks back over. */
export const HORIZON_SLOTS = 52;

/** A stretch of slots with one noise rule. */
export interface Segment {
  /** First slot it holds for. */
  readonly from: number;
  /** sigma, in units of the clip norm. */
  readonly sigma: number;
  /** b, which is also the least distance between two contributions of one account. */
  readonly band: number;
}

/** One task as the accountant sees it. */
export interface TaskRecord {
  /** In ascending order of `from`; the first holds from slot 1 on. */
  readonly segments: readonly Segment[];
  /** Slots that were filled and released, ascending. */
  readonly filled: readonly number[];
}

/** Tasks that share one allowance of contributions. */
export interface Family {
  /** P: contributions of one account in any 52 slots. */
  readonly maxContributions: number;
  readonly tasks: readonly TaskRecord[];
}

/** rho of one contribution when nothing cuts it short: sum of c^2 / (2 sigma^2). */
export function rhoOfContribution({ sigma, band }: Pick<Segment, 'sigma' | 'band'>): number {
  return bandSquares(band) / (2 * sigma * sigma);
}

function segmentAt(segments: readonly Segment[], slot: number): Segment {
  const found = segments.findLast((s) => s.from <= slot);
  if (!found) throw new RangeError(`no segment holds at slot ${slot}`);
  return found;
}

/** Worst case over 52 slots: per family P times the dearest contribution of any segment live in the horizon; families add. */
export function rhoCap(families: readonly Family[], now: number): number {
  return families.reduce((sum, { maxContributions, tasks }) => {
    const live = tasks.flatMap(({ segments }) =>
      segments.filter((s, i) => s.from <= now + HORIZON_SLOTS && (segments[i + 1]?.from ?? Number.POSITIVE_INFINITY) > now - HORIZON_SLOTS),
    );
    return sum + maxContributions * Math.max(0, ...live.map(rhoOfContribution));
  }, 0);
}

/** What a contribution at `slot` has cost by slot t: its column of the strategy, cut at t and at the end of its segment. */
function costAt(task: TaskRecord, slot: number, t: number): number {
  const { from, sigma, band } = segmentAt(task.segments, slot);
  const end = Math.min(t, (task.segments.find((s) => s.from > from)?.from ?? Number.POSITIVE_INFINITY) - 1);
  const c = bandCoefficients(band);
  let squares = 0;
  for (let k = 0; k <= Math.min(band - 1, end - slot); k++) squares += (c[k] as number) ** 2;
  return squares / (2 * sigma * sigma);
}

/** Dearest patterns in one task: entry n is the greatest cost of n contributions at filled slots of the last 52, each at least b apart. */
function dearest(task: TaskRecord, t: number, limit: number): readonly number[] {
  const slots = task.filled.filter((s) => s <= t && s > t - HORIZON_SLOTS);
  const best: number[][] = [new Array<number>(slots.length + 1).fill(0)];
  for (let n = 1; n <= Math.min(limit, slots.length); n++) {
    const row = new Array<number>(slots.length + 1).fill(Number.NEGATIVE_INFINITY);
    slots.forEach((slot, i) => {
      const apart = slots.filter((s) => slot - s >= segmentAt(task.segments, slot).band).length;
      row[i + 1] = Math.max(row[i] as number, costAt(task, slot, t) + ((best[n - 1] as number[])[apart] as number));
    });
    best.push(row);
  }
  return best.map((row) => row.at(-1) as number).filter((cost) => cost > Number.NEGATIVE_INFINITY);
}

/** Worst case over the slots so far, t included: per family the dearest pattern any one account can have had; families add. */
export function rhoRunning(families: readonly Family[], t: number): number {
  return families.reduce((sum, { maxContributions, tasks }) => {
    let costs: readonly number[] = [0];
    for (const task of tasks) {
      const own = dearest(task, t, maxContributions);
      const joined = new Array<number>(maxContributions + 1).fill(Number.NEGATIVE_INFINITY);
      for (let n = 0; n <= maxContributions; n++)
        for (let k = 0; k <= n; k++) joined[n] = Math.max(joined[n] as number, (costs[n - k] ?? -Infinity) + (own[k] ?? -Infinity));
      costs = joined;
    }
    return sum + Math.max(...costs);
  }, 0);
}

/** A slot and the segments it may lie in, as a contribution of one's own. */
export interface OwnContribution {
  readonly slot: number;
  readonly sigma: number;
  readonly band: number;
}

/** rho of one's own contributions, whole columns: those of the last 52 slots (compared with the cap), and all there ever were. */
export function ownRho(contributions: readonly OwnContribution[], now: number): { readonly horizon: number; readonly lifetime: number } {
  const cost = (all: readonly OwnContribution[]) => all.reduce((sum, c) => sum + rhoOfContribution(c), 0);
  return { horizon: cost(contributions.filter((c) => c.slot > now - HORIZON_SLOTS)), lifetime: cost(contributions) };
}

/**
 * rho towards a helper that leaves its own noise out, K - 1 of the reports being honest: only device noise is left in the sum.
 *
 * @param kappa device noise, standard deviation in units of C
 */
export function rhoHelperAlone(
  families: readonly { readonly maxContributions: number; readonly k: number; readonly kappa: number }[],
): number {
  return families.reduce((sum, { maxContributions, k, kappa }) => sum + maxContributions / (2 * kappa * kappa * k), 0);
}

/** rho of one report towards leader and helper together: device noise alone. */
export function rhoLocal(kappa: number): number {
  return 1 / (2 * kappa * kappa);
}

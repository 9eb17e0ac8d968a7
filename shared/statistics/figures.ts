import { COHORT_CELLS, type CohortNoise, standardError } from './layout.ts';

/** A figure with the standard error the noise gives it. */
export interface Estimate {
  readonly value: number;
  readonly se: number;
}

/** Half the width of a 90 % interval, in standard errors. */
const Z_90 = 1.6449;
/** The widest half-interval that is shown, on a cell's own scale of 0 to 1. */
const WIDEST = 0.25;
/** Fewest contributions a figure is shown of. */
const FEWEST = 20;

type Terms = readonly (readonly [cell: number, factor: 1 | -1])[];

const from = (first: number, last: number, factor: 1 | -1 = 1): Terms =>
  Array.from({ length: last - first + 1 }, (_, i) => [first + i, factor] as const);

/** The figures of a cohort that are sums of cells: constant + unit × Σ ± cell. */
const SUMS = {
  /** Share of answers that were right, a learner's mean. */
  average_accuracy: { terms: from(38, 47), unit: 1, constant: 0 },
  /** Share of answers the served model called right: correct at p ≥ .5, wrong below. */
  user_model_accuracy: { terms: [...from(43, 47), ...from(28, 32), ...from(38, 42, -1)], unit: 1, constant: 0 },
  /** Mean gain of recommendations, −1 to 1. */
  personalization_effectiveness: { terms: from(52, 52), unit: 2, constant: -1 },
  /** Active days a week. */
  system_engagement: { terms: from(0, 0), unit: 7, constant: 0 },
} as const satisfies Readonly<Record<string, { terms: Terms; unit: number; constant: number }>>;

/** Name of a figure that is a sum of cells. */
export type FigureName = keyof typeof SUMS;

function sumOf(cells: ArrayLike<number>, noise: CohortNoise, slots: number, terms: Terms): Estimate {
  const value = terms.reduce((sum, [cell, factor]) => sum + factor * (cells[cell] as number), 0);
  const variance = terms.reduce((sum, [cell]) => sum + standardError(cell, noise) ** 2, 0);
  return { value, se: Math.sqrt(variance / slots) };
}

const isShown = (se: number, noise: CohortNoise, slots: number): boolean => Z_90 * se <= WIDEST && noise.k * slots >= FEWEST;

/** The mean of each cell over slots. @param slots at least one, cells each of shape [128] */
function pooled(slots: readonly ArrayLike<number>[]): Float64Array {
  const mean = new Float64Array(COHORT_CELLS);
  for (const cells of slots) for (let i = 0; i < COHORT_CELLS; i++) mean[i] = (mean[i] as number) + (cells[i] as number) / slots.length;
  return mean;
}

/** What `judge` says of the fewest latest slots it says anything of; null if all of them together are too noisy. @param slots newest first */
function fewest<T>(slots: readonly ArrayLike<number>[], judge: (cells: Float64Array, n: number) => T | null): T | null {
  for (let n = 1; n <= slots.length; n++) {
    const found = judge(pooled(slots.slice(0, n)), n);
    if (found !== null) return found;
  }
  return null;
}

/**
 * A figure of a cohort, pooled over as few of the latest slots as make it fit to be shown.
 *
 * @param slots newest first, all under one configuration
 * @returns null while it is too noisy, or too few contributed
 */
export function figureOf(name: FigureName, slots: readonly ArrayLike<number>[], noise: CohortNoise): Estimate | null {
  const { terms, unit, constant } = SUMS[name];
  return fewest(slots, (cells, n) => {
    const { value, se } = sumOf(cells, noise, n, terms);
    return isShown(se, noise, n) ? { value: constant + unit * value, se: unit * se } : null;
  });
}

/** Mean rating, 1 to 5: 1 + 4 · cell 106 / cell 105, the noise of both carried through. @param slots newest first */
export function satisfactionOf(slots: readonly ArrayLike<number>[], noise: CohortNoise): Estimate | null {
  return fewest(slots, (cells, n) => {
    const [given, rated] = [cells[105] as number, cells[106] as number];
    const each = standardError(105, noise) / Math.sqrt(n);
    // A share whose interval reaches zero is no divisor.
    if (given <= Z_90 * each) return null;
    const share = rated / given;
    const se = (each * Math.sqrt(1 + share * share)) / given;
    return isShown(se, noise, n) ? { value: 1 + 4 * share, se: 4 * se } : null;
  });
}

/** Updates of the personal models that served, were discarded or failed: per day among the contributors of one slot. */
export const UPDATES = { total_users_updated: 113, updates_refused: 114, failed_updates: 115 } as const;

/** One of them: 10 · K · cell / 7. @param slots newest first */
export function updatesOf(name: keyof typeof UPDATES, slots: readonly ArrayLike<number>[], noise: CohortNoise): Estimate | null {
  const unit = (10 * noise.k) / 7;
  return fewest(slots, (cells, n) => {
    const { value, se } = sumOf(cells, noise, n, [[UPDATES[name], 1]]);
    return isShown(se, noise, n) ? { value: unit * value, se: unit * se } : null;
  });
}

const LOG_LOSS: Terms = [[11, 1]];

/** By how much log loss fell, nats: the slots before against the latest, as few as can be on either side. @param slots newest first */
export function improvementOf(slots: readonly ArrayLike<number>[], noise: CohortNoise): Estimate | null {
  for (let n = 1; 2 * n <= slots.length; n++) {
    const [now, before] = [slots.slice(0, n), slots.slice(n, 2 * n)].map((some) => sumOf(pooled(some), noise, n, LOG_LOSS)) as [
      Estimate,
      Estimate,
    ];
    const se = Math.SQRT2 * now.se;
    if (isShown(se, noise, n)) return { value: 2 * (before.value - now.value), se: 2 * se };
  }
  return null;
}

/** The histograms drift is looked for in: first and last cell. */
const HISTOGRAMS = { response_time: [12, 19], hour: [20, 27], served_p: [28, 37] } as const;

/** Name of a histogram drift is looked for in. */
export type DriftFeature = keyof typeof HISTOGRAMS;

/** Shares that sum to 1, none below the floor. */
function shares(cells: ArrayLike<number>, [first, last]: readonly [number, number], floor: number): readonly number[] {
  const held = Array.from({ length: last - first + 1 }, (_, i) => Math.max(floor, cells[first + i] as number));
  const sum = held.reduce((a, b) => a + b, 0);
  return held.map((share) => share / sum);
}

/**
 * Population stability index of each histogram: Σ (a − e) ln(a / e), the latest slots against the mean of those before them. Shares are
 * floored at half a contribution. Noise alone makes it positive.
 *
 * @param slots newest first
 * @returns null until enough contributed on either side
 */
export function driftOf(slots: readonly ArrayLike<number>[], noise: CohortNoise): Readonly<Record<DriftFeature, number>> | null {
  const n = Math.ceil(FEWEST / noise.k);
  if (slots.length < 2 * n) return null;
  const [now, reference] = [pooled(slots.slice(0, n)), pooled(slots.slice(n))];
  const floor = 0.5 / (n * noise.k);
  const psi = (range: readonly [number, number]): number => {
    const expected = shares(reference, range, floor);
    return shares(now, range, floor).reduce((sum, a, i) => sum + (a - (expected[i] as number)) * Math.log(a / (expected[i] as number)), 0);
  };
  return { response_time: psi(HISTOGRAMS.response_time), hour: psi(HISTOGRAMS.hour), served_p: psi(HISTOGRAMS.served_p) };
}

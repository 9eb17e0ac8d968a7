/** The shifted-beta-geometric model of retention: every learner leaves with a chance of their own each period, drawn from Beta(alpha, beta). */
export interface Retention {
  readonly alpha: number;
  readonly beta: number;
}

/** Share still there after `period` periods: Π (beta + k) / (alpha + beta + k). */
export function survival({ alpha, beta }: Retention, period: number): number {
  let share = 1;
  for (let k = 0; k < period; k++) share *= (beta + k) / (alpha + beta + k);
  return share;
}

/** Chance that one who is there after `period` periods leaves in the next: alpha / (alpha + beta + period). It falls with age. */
export const churnRisk = ({ alpha, beta }: Retention, period: number): number => alpha / (alpha + beta + period);

function logLikelihood(model: Retention, active: readonly number[]): number {
  let sum = 0;
  for (let t = 1; t < active.length; t++) {
    const left = Math.max(0, (active[t - 1] as number) - (active[t] as number));
    const p = survival(model, t - 1) - survival(model, t);
    if (left > 0) sum += left * Math.log(Math.max(1e-12, p));
  }
  return sum + (active.at(-1) as number) * Math.log(Math.max(1e-12, survival(model, active.length - 1)));
}

const STEPS = 60;

/**
 * Fits a cohort's curve by maximum likelihood (Fader and Hardie 2007), coordinate by coordinate on a logarithmic scale. Counts may be
 * noised: what rises counts as level.
 *
 * @param active learners of the cohort active in period 0, 1, 2 …
 * @returns null with fewer than three periods or nobody in the first
 */
export function fitRetention(active: readonly number[]): Retention | null {
  if (active.length < 3 || !((active[0] ?? 0) > 0)) return null;
  let falling = Number.POSITIVE_INFINITY;
  const level = active.map((n) => {
    falling = Math.max(0, Math.min(falling, n));
    return falling;
  });
  let at: Retention = { alpha: 1, beta: 1 };
  let best = logLikelihood(at, level);
  let stride = 1;
  for (let step = 0; step < STEPS; step++) {
    const tries = [stride, -stride].flatMap((s): Retention[] => [
      { alpha: at.alpha * Math.exp(s), beta: at.beta },
      { alpha: at.alpha, beta: at.beta * Math.exp(s) },
      { alpha: at.alpha * Math.exp(s), beta: at.beta * Math.exp(s) },
    ]);
    let isBetter = false;
    for (const model of tries) {
      const value = logLikelihood(model, level);
      if (value > best && model.alpha < 1e4 && model.beta < 1e4) [at, best, isBetter] = [model, value, true];
    }
    if (!isBetter) stride /= 2;
  }
  return at;
}

/** How fitted curves fared on periods they had not seen, beside the curve of the cohort before. */
export interface RetentionBackTest {
  readonly cohorts: number;
  /** Mean absolute error as a share of the other's; null where that one was never wrong. */
  readonly mase: number | null;
}

/**
 * Every cohort but the first, fitted on its first periods and judged on the rest; the baseline goes on as the cohort before it did.
 *
 * @param cohorts learners active in period 0, 1, 2 … of each, oldest first
 * @param known   periods a fit may see, at least 3
 * @returns null with fewer than four cohorts to judge
 */
export function backTestRetention(cohorts: readonly (readonly number[])[], known: number): RetentionBackTest | null {
  let [error, naive, judged] = [0, 0, 0];
  cohorts.forEach((active, i) => {
    const before = cohorts[i - 1];
    const model = fitRetention(active.slice(0, known));
    if (!before || !model || active.length <= known || before.length < active.length) return;
    const [last, lastBefore] = [active[known - 1] as number, before[known - 1] as number];
    for (let t = known; t < active.length; t++) {
      const came = active[t] as number;
      error += Math.abs(came - (last * survival(model, t)) / survival(model, known - 1));
      naive += Math.abs(came - (lastBefore === 0 ? 0 : (last * (before[t] as number)) / lastBefore));
    }
    judged += 1;
  });
  return judged < 4 ? null : { cohorts: judged, mase: naive === 0 ? null : error / naive };
}

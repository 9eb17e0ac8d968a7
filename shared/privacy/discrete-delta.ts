/** Masses of a discrete Gaussian on consecutive integers from `-reach` to `reach`. */
function masses(sigma: number, reach: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/** What is asked of an exact delta. */
export interface DiscreteDeltaQuestion {
  readonly sigma: number;
  /** A positive integer. */
  readonly sensitivity: number;
  readonly epsilon: number;
  /** The noise is cut to [-truncation, truncation]; null: not cut. */
  readonly truncation: number | null;
  /** Chance that the differing record takes part. */
  readonly q: number;
  readonly adjacency: 'ADD' | 'REM';
}

/** Exact delta at epsilon of additive discrete Gaussian noise: the sum over outputs of max(0, P - e^eps Q). */
export function discreteGaussianDelta({ sigma, sensitivity, epsilon, truncation, q, adjacency }: DiscreteDeltaQuestion): number {
  const reach = truncation ?? Math.ceil(40 * sigma);
  const mass = masses(sigma, reach);
  const noise = (x: number) => mass[x + reach] ?? 0;
  let delta = 0;
  for (let x = -reach - sensitivity; x <= reach + sensitivity; x++) {
    const without = noise(x);
    const withRecord = (1 - q) * without + q * noise(x - sensitivity);
    const [upper, lower] = adjacency === 'REM' ? [withRecord, without] : [without, withRecord];
    delta += Math.max(0, upper - Math.exp(epsilon) * lower);
  }
  return delta;
}

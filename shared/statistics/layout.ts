/** Places of a report of layout 1; federation-and-privacy section 11. */
export const COHORT_CELLS = 128;

/** A run of cells that share a bound on their joint L2 norm. */
interface Block {
  readonly from: number;
  /** One past the last. */
  readonly to: number;
  /** B: the greatest L2 norm of the block's values, all within 0–1. */
  readonly bound: number;
}

const block = (from: number, to: number, squaredBound: number): Block => ({ from, to, bound: Math.sqrt(squaredBound) });

/** The cells by what they tell; a name's cells lie one behind another. */
export const CELLS = {
  activity: block(0, 8, 8),
  prediction: block(8, 12, 4),
  responseTime: block(12, 20, 1),
  hour: block(20, 28, 1),
  servedP: block(28, 38, 1),
  correctByP: block(38, 48, 1),
  recommender: block(48, 53, 5),
  experiments: block(53, 71, 6),
  topicPractice: block(71, 87, 1),
  topicSuccess: block(87, 103, 1),
  update: block(103, 105, 1),
  feedback: block(105, 108, 3),
  outcome: block(108, 113, 5),
  device: block(113, 116, 3),
} as const satisfies Readonly<Record<string, Block>>;

const BLOCKS: readonly Block[] = Object.values(CELLS);

/** The factor from a cell's value to its place in the vector: 1/√14 of a block's share, over its bound. */
const scaleOf = ({ bound }: Block): number => 1 / (Math.sqrt(BLOCKS.length) * bound);

/**
 * A learner's values as the vector that is summed: each within 0–1 (what is not is brought there), scaled so that the whole has a norm of at most 1.
 *
 * @param values shape [128]
 * @returns shape [128]
 */
export function encodeCells(values: ArrayLike<number>): Float32Array {
  const vector = new Float32Array(COHORT_CELLS);
  for (const own of BLOCKS) {
    const scale = scaleOf(own);
    for (let i = own.from; i < own.to; i++) vector[i] = Math.min(1, Math.max(0, values[i] || 0)) * scale;
  }
  return vector;
}

/** The mean of each cell's values, from the mean of the vectors. @param mean shape [128] @returns shape [128] */
export function decodeCells(mean: ArrayLike<number>): Float64Array {
  const values = new Float64Array(COHORT_CELLS);
  for (const own of BLOCKS) for (let i = own.from; i < own.to; i++) values[i] = (mean[i] as number) / scaleOf(own);
  return values;
}

/** What the noise of a release depends on. */
export interface CohortNoise {
  readonly sigma: number;
  readonly kappa: number;
  readonly k: number;
  readonly leader_noise: boolean;
}

/** Standard error of one cell's mean in one slot: σ B √14 / K, with the leader's own draw and the devices' noise. */
export function standardError(cell: number, { sigma, kappa, k, leader_noise }: CohortNoise): number {
  const own = BLOCKS.find((b) => cell >= b.from && cell < b.to);
  if (!own) throw new RangeError(`layout 1 has no cell ${cell} with a meaning`);
  return Math.sqrt((leader_noise ? 2 : 1) * sigma * sigma + k * kappa * kappa) / (k * scaleOf(own));
}

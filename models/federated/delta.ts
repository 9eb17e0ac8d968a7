import type { Batch, Learner } from '../learner.ts';

/** Step size of the one gradient step a device takes; a public constant. */
export const DEVICE_RATE = 0.3;
/** A device trains on its latest answers, at most this many. */
export const DEVICE_ANSWERS = 200;

/**
 * What a device proposes: one full-batch gradient step from the global weights on its own answers, the personal term left out.
 *
 * @param weights the promoted global weights, shape [1473]
 * @param rows features and outcomes of the latest answers, at most 200
 * @returns new minus old weights, shape [1473]; it stays on the device until it is clipped, noised and masked
 * @throws RangeError without answers
 */
export async function deviceDelta(learner: Learner, weights: Float32Array, rows: Batch): Promise<Float32Array> {
  if (rows.y.length === 0) throw new RangeError('a delta needs at least one answer');
  const { gradient } = await learner.gradient(weights, rows);
  return gradient.map((g) => -DEVICE_RATE * g);
}

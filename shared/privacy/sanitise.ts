import { type Rng, uniform } from '#shared/maths/rng.ts';

/** The public grid: `steps` (D) stand for a norm of `clipNorm` (C, weight units). */
export interface Grid {
  readonly clipNorm: number;
  readonly steps: number;
}

/** How an update is made fit for sending. */
export interface UploadRule {
  readonly grid: Grid;
  /** Staleness discount in (0, 1]; applied after the clip, so that it only shrinks. */
  readonly weight: number;
}

const TRIES = 64;

/** Weight of an update trained `versions` behind the promoted model: 1 / sqrt(1 + s). */
export function stalenessWeight(versions: number): number {
  return 1 / Math.sqrt(1 + Math.max(0, versions));
}

/** The L2 norm to clip to, in steps, so that random rounding lands within D with good chance: -1/2 + sqrt(D^2 - d/4 - sqrt(d)/2 + 1/4). */
export function normThatRoundsWithin(steps: number, dim: number): number {
  return -0.5 + Math.sqrt(steps * steps - dim / 4 - Math.sqrt(dim) / 2 + 0.25);
}

/** Sum of squares; exact for integer steps below 2^53. */
export function squaredNorm(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += (v[i] as number) * (v[i] as number);
  return sum;
}

function roundAtRandom(v: Float64Array, steps: number, rng: Rng): Int32Array {
  const q = new Int32Array(v.length);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    for (let i = 0; i < v.length; i++) {
      const low = Math.floor(v[i] as number);
      q[i] = low + (uniform(rng) < (v[i] as number) - low ? 1 : 0);
    }
    if (squaredNorm(q) <= steps * steps) return q;
  }
  return Int32Array.from(v, Math.trunc);
}

/**
 * Turn one device's update into the integers that may be masked: clip, weight, round at random, add integer noise.
 *
 * @param delta new minus old weights, flattened; shape [d], weight units; left untouched
 * @param noise the device's own discrete Gaussian draw; shape [d], grid steps; taken before delta is looked at, zeros in tests
 * @param rng source of uint32 words: cryptographic in production, seeded in tests
 * @returns a fresh array, shape [d], grid steps, ready for the mask; with zero noise its L2 norm is at most D, exactly
 * @throws RangeError if delta holds NaN or an infinity (a bug upstream: never upload it), or the weight lies outside (0, 1]
 * @see federation-and-privacy.md, section 3
 */
export function sanitise(delta: Float32Array, { grid, weight }: UploadRule, noise: Int32Array, rng: Rng): Int32Array {
  if (!delta.every(Number.isFinite)) throw new RangeError('an update holds a number that is not finite');
  if (!(weight > 0 && weight <= 1)) throw new RangeError(`the weight must lie in (0, 1], got ${weight}`);
  const scale = grid.steps / grid.clipNorm;
  const norm = Math.sqrt(squaredNorm(delta)) * scale;
  const shrink = Math.min(1, normThatRoundsWithin(grid.steps, delta.length) / norm) * weight * scale;
  const rounded = roundAtRandom(
    Float64Array.from(delta, (x) => (norm === 0 ? 0 : x * shrink)),
    grid.steps,
    rng,
  );
  return rounded.map((step, i) => step + (noise[i] as number));
}

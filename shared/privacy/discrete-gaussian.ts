import type { Rng } from '#shared/maths/rng.ts';

const WORD = 4_294_967_296;

/** A uniform integer in [0, n) by rejection; n up to 2^53. */
function below(n: number, rng: Rng): number {
  if (n <= WORD) {
    const limit = WORD - (WORD % n);
    for (;;) {
      const word = rng() >>> 0;
      if (word < limit) return word % n;
    }
  }
  const high = Math.ceil(n / WORD);
  for (;;) {
    const candidate = below(high, rng) * WORD + (rng() >>> 0);
    if (candidate < n) return candidate;
  }
}

/** True with probability `numerator / denominator`, both exact integers below 2^53, 0 <= numerator <= denominator. */
const chance = (numerator: number, denominator: number, rng: Rng): boolean => below(denominator, rng) < numerator;

/**
 * True with probability p = `exact()` as a fraction. One random word decides almost always against the approximation of p; the rest,
 * where the word falls on p's own step, is compared digit by digit in exact arithmetic.
 */
function chanceOf(approximate: number, exact: () => readonly [bigint, bigint], rng: Rng): boolean {
  const scaled = approximate * WORD;
  const word = rng() >>> 0;
  if (word + 1 <= scaled - 1e-3) return true;
  if (word >= scaled + 1e-3) return false;
  let [numerator, denominator] = exact();
  for (let digit = word; ; digit = rng() >>> 0) {
    numerator *= 4_294_967_296n;
    const own = numerator / denominator;
    if (BigInt(digit) !== own) return BigInt(digit) < own;
    numerator -= own * denominator;
    if (numerator === 0n) return false;
  }
}

/** True with probability e^-1: the parity of a run of chances 1/k (von Neumann). */
function chanceOfExpMinusOne(rng: Rng): boolean {
  let k = 1;
  while (chance(1, k, rng)) k++;
  return k % 2 === 1;
}

/** True with probability exp(-a/b), 0 <= a <= b, b * k below 2^53 for every k met. */
function chanceOfExpFraction(a: number, b: number, rng: Rng): boolean {
  let k = 1;
  while (chance(a, b * k, rng)) k++;
  return k % 2 === 1;
}

/** True with probability exp(-difference^2 / denominator), in exact arithmetic. */
function chanceOfExpSquare(difference: number, denominator: bigint, denominatorFloat: number, rng: Rng): boolean {
  const exactSquare = () => BigInt(difference) * BigInt(difference);
  const approximate = (difference * difference) / denominatorFloat;
  let whole = Math.floor(approximate);
  if (approximate - whole < 1e-6 || approximate - whole > 1 - 1e-6) whole = Number(exactSquare() / denominator);
  for (let i = 0; i < whole; i++) if (!chanceOfExpMinusOne(rng)) return false;
  const rest = Math.max(0, approximate - whole);
  const exactRest = () => exactSquare() - BigInt(whole) * denominator;
  for (let k = 1; ; k++) {
    if (!chanceOf(Math.min(1, rest / k), () => [exactRest(), denominator * BigInt(k)], rng)) return k % 2 === 1;
  }
}

/**
 * Draws of the discrete Gaussian on the integers, P(x) proportional to exp(-x^2 / 2 sigma^2), exactly: Canonne, Kamath and Steinke 2020
 * (arXiv:2004.00010), algorithm 3, with integer variance. No floating-point rounding reaches the result.
 *
 * @param variance sigma^2, an integer in [0, 2^40]; 0 gives zeros
 * @param rng source of uint32 words, cryptographic where privacy rests on it
 * @throws RangeError for any other variance
 */
export function discreteGaussian(variance: number, rng: Rng): () => number {
  if (!(Number.isInteger(variance) && variance >= 0 && variance <= 2 ** 40))
    throw new RangeError(`the variance must be an integer in [0, 2^40], got ${variance}`);
  if (variance === 0) return () => 0;
  const t = Math.floor(Math.sqrt(variance)) + 1;
  const denominator = 2n * BigInt(variance) * BigInt(t) * BigInt(t);
  const denominatorFloat = 2 * variance * t * t;
  return () => {
    for (;;) {
      const low = below(t, rng);
      if (!chanceOfExpFraction(low, t, rng)) continue;
      let high = 0;
      while (chanceOfExpMinusOne(rng)) high++;
      const size = low + t * high;
      const isNegative = (rng() & 1) === 1;
      if (isNegative && size === 0) continue;
      if (chanceOfExpSquare(size * t - variance, denominator, denominatorFloat, rng)) return isNegative ? -size : size;
    }
  };
}

/** A vector of independent draws, shape [dim], grid steps. */
export function discreteGaussianVector(variance: number, dim: number, rng: Rng): Int32Array {
  const draw = discreteGaussian(variance, rng);
  return Int32Array.from({ length: dim }, draw);
}

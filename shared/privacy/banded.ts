import type { Rng } from '#shared/maths/rng.ts';
import { discreteGaussian } from './discrete-gaussian.ts';

/** First b coefficients of the square root of the all-ones Toeplitz matrix: c_0 = 1, c_k = c_{k-1} (2k-1)/(2k). @param band b >= 1 */
export function bandCoefficients(band: number): Float64Array {
  const c = new Float64Array(band);
  c[0] = 1;
  for (let k = 1; k < band; k++) c[k] = ((c[k - 1] as number) * (2 * k - 1)) / (2 * k);
  return c;
}

/** Sum of squares of the coefficients: squared sensitivity of one participation, in units of C^2. */
export function bandSquares(band: number): number {
  return bandCoefficients(band).reduce((sum, c) => sum + c * c, 0);
}

/** How much larger the draws must be so that rounding the recursion to integers costs no privacy; 1 for b = 1. */
export function roundingFactor(band: number, dim: number, steps: number): number {
  const widened = bandCoefficients(band).reduce((sum, c, k) => sum + (c + (k > 0 ? Math.sqrt(dim) / steps : 0)) ** 2, 0);
  return Math.sqrt(widened / bandSquares(band));
}

/** What fixes the noise of a segment. */
export interface NoiseRule {
  /** sigma, in units of the clip norm. */
  readonly sigma: number;
  /** D, grid steps. */
  readonly steps: number;
  /** b; 1 is independent noise. */
  readonly band: number;
  readonly dim: number;
}

/** Variance of z_t in squared grid steps, an integer: ceil((sigma D gamma)^2). */
export function drawVariance({ sigma, steps, band, dim }: NoiseRule): number {
  return Math.ceil((sigma * steps * roundingFactor(band, dim, steps)) ** 2);
}

/**
 * The next noise vector: y_t = z_t - floor(1/2 + sum_k c_k y_{t-k}), so that C y = z up to integer rounding
 * (banded square root, Kalinin and Lampert 2024).
 *
 * @param before y_{t-1}, y_{t-2}, … of this segment, newest first, each shape [d]; those beyond b - 1 are ignored
 * @returns shape [d], grid steps
 */
export function nextNoise(rule: NoiseRule, before: readonly Int32Array[], rng: Rng): Int32Array {
  const c = bandCoefficients(rule.band);
  const draw = discreteGaussian(drawVariance(rule), rng);
  const y = new Int32Array(rule.dim);
  const reach = Math.min(rule.band - 1, before.length);
  for (let i = 0; i < rule.dim; i++) {
    let sum = 0;
    for (let k = 1; k <= reach; k++) sum += (c[k] as number) * ((before[k - 1] as Int32Array)[i] as number);
    y[i] = draw() - Math.floor(0.5 + sum);
  }
  return y;
}

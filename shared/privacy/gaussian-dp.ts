const SQRT_PI = Math.sqrt(Math.PI);

/** erfc(x) e^(x^2) for x >= 2, by its continued fraction (Abramowitz and Stegun 7.1.14). */
function scaledErfc(x: number): number {
  let tail = 0;
  for (let k = 120; k >= 1; k--) tail = k / 2 / (x + tail);
  return 1 / (SQRT_PI * (x + tail));
}

/** erf(x) for |x| < 2, by its all-positive series (Abramowitz and Stegun 7.1.6). */
function erfSeries(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum;
}

/** Natural logarithm of the standard normal distribution function; accurate far into both tails. */
export function logNormalCdf(x: number): number {
  const z = -x / Math.SQRT2;
  if (z >= 2) return -z * z + Math.log(scaledErfc(z) / 2);
  if (z <= -2) return Math.log1p(-Math.exp(-z * z) * scaledErfc(-z) * 0.5);
  return Math.log((1 - erfSeries(z)) / 2);
}

/**
 * delta of a Gaussian mechanism at epsilon: Phi(mu/2 - eps/mu) - e^eps Phi(-mu/2 - eps/mu) (Balle and Wang 2018; Dong, Roth and Su 2022).
 *
 * @param mu sensitivity over standard deviation, = sqrt(2 rho)
 */
export function gaussianDelta(epsilon: number, mu: number): number {
  if (mu === 0) return 0;
  const a = logNormalCdf(mu / 2 - epsilon / mu);
  const b = epsilon + logNormalCdf(-mu / 2 - epsilon / mu);
  return b >= a ? 0 : -Math.exp(a) * Math.expm1(b - a);
}

/** The smallest epsilon at which a Gaussian mechanism with this zCDP rho has the delta; by bisection, to the last digit. @throws RangeError unless 0 < delta < 1 and rho >= 0 */
export function gaussianEpsilon(rho: number, delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must lie in (0, 1), got ${delta}`);
  if (!(rho >= 0)) throw new RangeError(`rho must be >= 0, got ${rho}`);
  const mu = Math.sqrt(2 * rho);
  if (gaussianDelta(0, mu) <= delta) return 0;
  let [low, high] = [0, 1];
  while (gaussianDelta(high, mu) > delta) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i++) {
    const middle = (low + high) / 2;
    if (gaussianDelta(middle, mu) > delta) low = middle;
    else high = middle;
  }
  return high;
}

/** Orders of the Rényi line: 1.1–10.9 by 0.1, 11–63, 128, 256, 512, 1024. */
export const RENYI_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  128,
  256,
  512,
  1024,
];

/**
 * epsilon from Rényi divergences: min over orders of rdp + ln((a-1)/a) - (ln delta + ln a)/(a-1)
 * (Canonne, Kamath and Steinke 2020, proposition 12); never below 0.
 */
export function renyiEpsilon(orders: readonly number[], rdp: (order: number) => number, delta: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (const a of orders) {
    if (a <= 1) continue;
    best = Math.min(best, rdp(a) + Math.log1p(-1 / a) - (Math.log(delta) + Math.log(a)) / (a - 1));
  }
  return Math.max(0, best);
}

/** The Rényi line of a zCDP guarantee: an upper bound on `gaussianEpsilon` that assumes nothing about the mechanism. */
export function zcdpEpsilon(rho: number, delta: number): number {
  return renyiEpsilon(RENYI_ORDERS, (order) => order * rho, delta);
}

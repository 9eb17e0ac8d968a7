/** A share with its uncertainty. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson score interval of a share (Wilson 1927). @param z 1.96 for 95 %, 1.645 for 90 % @returns [0, 1] when n = 0 */
export function wilson(right: number, n: number, z = 1.96): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const share = right / n;
  const centre = share + (z * z) / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}

/** Number of nodes above one leaf in the binary tree over `steps` releases: what one participation touches. */
export function treeDepth(steps: number): number {
  return Math.floor(Math.log2(steps)) + 1;
}

/**
 * Greatest sum of squared node sensitivities of one binary tree (Kairouz et al. 2021, DP-FTRL): an account takes part at most
 * `maxParticipation` times, more than `minSeparation` steps apart; nodes over steps not yet taken do not count.
 */
export function treeSensitivity(maxParticipation: number, minSeparation: number, steps: number): number {
  const apart = Math.max(1, minSeparation + 1);
  const known = new Map<string, number>();
  /** Best of the subtree over [start, start + size) with exactly `count` participations within [first, last]; -Infinity if impossible. */
  function best(start: number, size: number, count: number, first: number, last: number): number {
    if (count === 0) return 0;
    const [from, to] = [Math.max(first, start), Math.min(last, start + size - 1)];
    if (from + (count - 1) * apart > to) return Number.NEGATIVE_INFINITY;
    if (size === 1) return 1;
    const isWhole = start + size <= steps;
    const key = `${isWhole ? size : `${start}+${size}`} ${count} ${from - start} ${to - start}`;
    const seen = known.get(key);
    if (seen !== undefined) return seen;
    const half = size / 2;
    const middle = start + half;
    let found = Math.max(best(start, half, count, from, to), best(middle, half, count, from, to));
    for (let left = 1; left < count; left++) {
      for (let gap = 0; gap < apart && middle - 1 - gap >= from; gap++) {
        const lastLeft = middle - 1 - gap;
        found = Math.max(found, best(start, half, left, from, lastLeft) + best(middle, half, count - left, lastLeft + apart, to));
      }
    }
    const value = found + (isWhole ? count * count : 0);
    known.set(key, value);
    return value;
  }
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, steps)));
  let most = 0;
  for (let count = 1; count <= maxParticipation; count++) most = Math.max(most, best(0, size, count, 0, steps - 1));
  return most;
}

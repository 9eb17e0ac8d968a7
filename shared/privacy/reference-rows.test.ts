import { describe, expect, test } from 'vitest';
import { checkRow, type ReferenceRow } from './reference-rows.ts';
import { treeSensitivity } from './tree.ts';

const DP = { dp_accounting: Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10), federated: '2..128,256' };

/** Values asserted by the tests of google/differential-privacy@b5b0286e and tensorflow/privacy@03035d5d, as published there. */
const PUBLISHED: readonly ReferenceRow[] = [
  { id: 'a', kind: 'gaussian-exact-delta', inputs: { sigma: 1, sensitivity: 1, epsilon: 1 }, expected: 0.12693674, tolerance: 1e-7 },
  { id: 'b', kind: 'gaussian-exact-epsilon', inputs: { sigma: 0.7, steps: 2, delta: 1e-5 }, expected: 10.1224946, tolerance: 5e-4 },
  {
    id: 'c',
    kind: 'rdp-conversion',
    inputs: { orders: '2..32', rdp: '1.1 at every order', delta: 1e-5 },
    expected: 1.32783806176,
    tolerance: 1e-7,
  },
  {
    id: 'd',
    kind: 'gaussian-rdp-epsilon',
    inputs: { sigma: 4.530877117, steps: 1, delta: 1e-6, orders: '0.001*i, i=1000..99999' },
    expected: 1,
    tolerance: 1e-7,
  },
  { id: 'e', kind: 'zcdp-epsilon', inputs: { rho: 0.81, delta: 1e-10, orders: '1+x/10 (1..99), 12..63' }, expected: 8.92, tolerance: 0.01 },
  {
    id: 'f',
    kind: 'discrete-gaussian-delta',
    inputs: { sigma: 1, sensitivity: 1, truncation: 2, q: 0.8, adjacency: 'ADD', epsilon: 1 },
    expected: 0.024865564,
    tolerance: 1e-7,
  },
  {
    id: 'g',
    kind: 'tree-epsilon',
    inputs: { sigma: 1.13, step_counts: [1600], delta: 1e-6, orders: '1+x/10 (1..99), 12..63' },
    expected: 19.74,
    compare: '<',
    tolerance: null,
  },
  { id: 'h', kind: 'tree-sensitivity', inputs: { max_participation: 8, min_separation: 2, steps: 24 }, expected: 88, tolerance: 0 },
  { id: 'i', kind: 'zcdp-rdp', inputs: { xi: [0.1, 0.2], rho: [0.5, 1], order: 4 }, expected: 6.3, tolerance: 1e-12 },
];

describe('reference rows', () => {
  test.each(PUBLISHED.map((row) => [row.kind, row] as const))('%s agrees with what is published', (_, row) => {
    expect(checkRow(row, DP)).toMatchObject({ kind: 'computed', isWithin: true });
  });

  test('a value just outside its tolerance, or not strictly less, is told', () => {
    const [row] = PUBLISHED as readonly [ReferenceRow];
    expect(checkRow({ ...row, expected: row.expected + 3e-7 }, DP)).toMatchObject({ isWithin: false });
    expect(checkRow({ ...row, compare: '<', expected: 0.1269367 }, DP)).toMatchObject({ isWithin: false });
  });

  test('an unknown kind and unreadable inputs are never counted as right', () => {
    expect(checkRow({ id: 'x', kind: 'prv-upper-epsilon', inputs: {}, expected: 1 }, DP)).toEqual({ kind: 'not-supported' });
    expect(checkRow({ id: 'x', kind: 'constructor', inputs: {}, expected: 1 }, DP)).toEqual({ kind: 'not-supported' });
    expect(checkRow({ id: 'x', kind: 'zcdp-epsilon', inputs: { rho: 'a' }, expected: 1 }, DP).kind).toBe('failed');
    expect(checkRow({ id: 'x', kind: 'zcdp-epsilon', inputs: { rho: 1, delta: 0.1, orders: 'tfpp' }, expected: 1 }, DP).kind).toBe(
      'failed',
    );
  });
});

/** The same by trying every subset of steps. */
function bruteForce(limit: number, separation: number, steps: number): number {
  let most = 0;
  for (let set = 0; set < 2 ** steps; set++) {
    const taken = Array.from({ length: steps }, (_, i) => i).filter((i) => (set >> i) & 1);
    if (taken.length > limit || taken.some((s, i) => i > 0 && s - (taken[i - 1] as number) <= separation)) continue;
    let sum = 0;
    for (let size = 1; size <= steps; size *= 2)
      for (let start = 0; start + size <= steps; start += size) sum += taken.filter((s) => s >= start && s < start + size).length ** 2;
    most = Math.max(most, sum);
  }
  return most;
}

test('the tree’s sensitivity is what trying every pattern finds', () => {
  for (const steps of [1, 2, 3, 5, 8, 11, 13])
    for (const separation of [0, 1, 2, 4])
      for (const limit of [1, 2, 4]) expect(treeSensitivity(limit, separation, steps)).toBe(bruteForce(limit, separation, steps));
});

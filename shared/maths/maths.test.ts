import { describe, expect, test } from 'vitest';
import { forAll } from '../testing/for-all.ts';
import { crossEntropyOfLogit, logit, sigmoid } from './logistic.ts';
import { below, drawIndex, normal, seededRng, shuffle, uniform } from './rng.ts';
import { auc, ece, scores, selectiveCoverage } from './scores.ts';
import { wilson } from './wilson.ts';

describe('scores', () => {
  test('AUC is the share of right-wrong pairs ranked right, ties half', () => {
    expect(auc([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0])).toBe(1);
    expect(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(auc([0.5, 0.5, 0.5], [1, 0, 1])).toBe(0.5);
    expect(auc([0.5, 0.6], [1, 1])).toBeNaN();
  });

  forAll('AUC by ranks equals AUC by counting pairs', (rng) => {
    const p = Array.from({ length: 40 }, () => below(8, rng) / 8);
    const y = Array.from({ length: 40 }, (_, i) => (i < 2 ? i : below(2, rng)));
    let [won, pairs] = [0, 0];
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) {
        if (y[i] !== 1 || y[j] !== 0) continue;
        pairs++;
        const [a, b] = [p[i] ?? 0, p[j] ?? 0];
        won += a > b ? 1 : a === b ? 0.5 : 0;
      }
    }
    expect(auc(p, y)).toBeCloseTo(won / pairs, 12);
  });

  test('calibration error is the mean gap between said and happened, weighted by bin', () => {
    expect(ece([0.8, 0.8, 0.8, 0.8, 0.8], [1, 1, 1, 1, 0])).toBeCloseTo(0, 12);
    expect(ece([0.9, 0.9, 0.1, 0.1], [0, 0, 1, 1])).toBeCloseTo(0.9, 12);
  });

  test('the majority baseline stands beside the accuracy', () => {
    const result = scores([0.9, 0.6, 0.4, 0.7], [1, 0, 1, 1]);
    expect(result).toMatchObject({ accuracy: 0.5, majorityAccuracy: 0.75, n: 4 });
    expect(result.brier).toBeCloseTo((0.01 + 0.36 + 0.36 + 0.09) / 4, 12);
    expect(() => scores([0.5], [])).toThrow('predictions');
  });

  test('selective coverage is the largest most-confident share that reaches the goal', () => {
    expect(selectiveCoverage([0.99, 0.98, 0.9, 0.6], [1, 1, 1, 0], 1)).toBe(0.75);
    expect(selectiveCoverage([0.99], [0], 0.92)).toBe(0);
  });
});

describe('logistic', () => {
  test('the loss from the logit is exact where the probability would round', () => {
    expect(crossEntropyOfLogit(50, 0)).toBeCloseTo(50, 10);
    expect(crossEntropyOfLogit(-800, 1)).toBe(800);
    expect(sigmoid(-800)).toBe(0);
    expect(sigmoid(logit(0.3))).toBeCloseTo(0.3, 14);
  });
});

describe('chance', () => {
  test('the seeded source is xoshiro128**: the same seed gives the same words', () => {
    const words = (seed: number) => Array.from({ length: 4 }, seededRng(seed));
    expect(words(1)).toEqual(words(1));
    expect(words(1)).not.toEqual(words(2));
  });

  forAll('integers below n are in range, and all are reached', (rng) => {
    const n = 1 + below(6, rng);
    const seen = new Set(Array.from({ length: 200 }, () => below(n, rng)));
    expect(seen.size).toBe(n);
    expect(Math.max(...seen)).toBe(n - 1);
  });

  test('normal draws have mean 0 and variance 1, uniform draws mean 1/2', () => {
    const rng = seededRng(4);
    const draws = Array.from({ length: 20_000 }, () => normal(rng));
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const variance = draws.reduce((sum, d) => sum + (d - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    expect(Math.abs(Array.from({ length: 20_000 }, () => uniform(rng)).reduce((a, b) => a + b, 0) / 20_000 - 0.5)).toBeLessThan(0.01);
  });

  test('an index is drawn as often as its probability says', () => {
    const rng = seededRng(9);
    const hits = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const index = drawIndex([0.2, 0.5, 0.3], rng);
      hits[index] = (hits[index] ?? 0) + 1;
    }
    expect(hits.map((h) => h / 20_000)).toEqual([0.2, 0.5, 0.3].map((p) => expect.closeTo(p, 1.5)));
  });

  forAll('a shuffle keeps every element', (rng) => {
    expect(
      [
        ...shuffle(
          Array.from({ length: 9 }, (_, i) => i),
          rng,
        ),
      ].sort(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

test('the Wilson interval of 81 in 263 is that of the literature (Newcombe 1998, table I)', () => {
  const { low, high } = wilson(81, 263);
  expect(low).toBeCloseTo(0.2553, 4);
  expect(high).toBeCloseTo(0.3662, 4);
  expect(wilson(0, 0)).toEqual({ low: 0, high: 1 });
});

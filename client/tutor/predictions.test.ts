import { describe, expect, test } from 'vitest';
import { uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';
import { accuracyOf, predictionHistory } from './predictions.ts';

const answers = (pairs: readonly (readonly [p: number, correct: 0 | 1])[]) =>
  pairs.map(([predicted_p, correct]) => ({ predicted_p, correct }) as AnswerRow);

describe('the history of predictions', () => {
  test('is not told below ten answers', () => {
    expect(predictionHistory(answers(Array.from({ length: 9 }, () => [0.5, 1])))).toBeNull();
  });

  test('holds accuracy against always guessing one way, and log loss against the share right so far', () => {
    // eight right, two wrong at the end; the model says .9 to every one
    const told = predictionHistory(answers([...Array.from({ length: 8 }, () => [0.9, 1] as const), [0.9, 0], [0.9, 0]]));
    expect(told?.accuracy).toMatchObject({ value: 0.8, baseline: 0.8 });
    expect(told?.logLoss.value).toBeCloseTo((-8 * Math.log(0.9) - 2 * Math.log(0.1)) / 10, 9);
    // 1/2, 2/3 … 8/9 of rights, then 1 - 9/10 and 1 - 9/11
    const product = [...Array.from({ length: 8 }, (_, k) => (k + 1) / (k + 2)), 1 / 10, 2 / 11].reduce((a, b) => a * b);
    expect(told?.logLoss.baseline).toBeCloseTo(-Math.log(product) / 10, 9);
  });

  test('of the latest days alone are held against what was known before them', () => {
    const all = answers([...Array.from({ length: 90 }, () => [0.9, 1] as const), ...Array.from({ length: 10 }, () => [0.9, 1] as const)]);
    const told = predictionHistory(all, all.slice(90));
    const product = Array.from({ length: 10 }, (_, k) => (91 + k) / (92 + k)).reduce((a, b) => a * b);
    expect(told?.n).toBe(10);
    expect(told?.logLoss.baseline).toBeCloseTo(-Math.log(product) / 10, 9);
  });

  forAll('the figures lie within their intervals, the blocks average to the whole, and the future changes no baseline', (rng) => {
    const n = 10 + Math.floor(60 * uniform(rng));
    const all = answers(Array.from({ length: n }, () => [0.02 + 0.96 * uniform(rng), uniform(rng) < 0.6 ? 1 : 0]));
    const told = predictionHistory(all);
    if (!told) throw new Error('no history');
    for (const { value, low, high } of [told.accuracy, told.logLoss]) expect(low <= value && value <= high).toBe(true);
    const weights = told.blocks.map((_, i) => Math.min(10, n - 10 * i));
    const whole = told.blocks.reduce((sum, b, i) => sum + b.model * (weights[i] ?? 0), 0) / n;
    expect(whole).toBeCloseTo(told.logLoss.value, 9);
    const turned = all.map((a, i) => (i < n - 1 ? a : { ...a, correct: (1 - a.correct) as 0 | 1 }));
    expect(predictionHistory(turned)?.blocks.slice(0, -1)).toEqual(told.blocks.slice(0, -1));
    expect(accuracyOf(all)?.value).toBe(told.accuracy.value);
  });
});

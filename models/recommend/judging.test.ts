import { describe, expect, test } from 'vitest';
import { drawIndex, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { ENOUGH_EVIDENCE, judgePolicy, type LoggedChoice } from './off-policy.ts';
import { slateMetrics } from './slate-metrics.ts';

/** Three arms with known rewards, logged by one policy and judged for another. */
function simulated(n: number, seed: number, directMethod: readonly number[]): readonly LoggedChoice[] {
  const rng = seededRng(seed);
  const [behaviour, target, truth] = [
    [0.6, 0.3, 0.1],
    [0.1, 0.3, 0.6],
    [-0.2, 0.05, 0.3],
  ] as const;
  const expectedOfTarget = target.reduce((sum, share, arm) => sum + share * (directMethod[arm] as number), 0);
  return Array.from({ length: n }, () => {
    const arm = drawIndex([...behaviour], rng);
    const reward = (uniform(rng) < 0.5 + (truth[arm] as number) ? 1 : 0) - 0.5;
    return {
      logged: behaviour[arm] as number,
      target: target[arm] as number,
      reward,
      expected: directMethod[arm] as number,
      expectedOfTarget,
    };
  });
}
const VALUE = 0.1 * -0.2 + 0.3 * 0.05 + 0.6 * 0.3;

describe('a policy judged by another’s log', () => {
  test('SNIPS and the doubly robust estimate recover its known value, also with a model that is wrong', () => {
    for (const model of [
      [-0.2, 0.05, 0.3],
      [0.3, 0.3, 0.3],
      [0, 0, 0],
    ]) {
      const value = judgePolicy(simulated(60_000, 3, model));
      if (value.kind !== 'value') throw new Error('no value');
      expect(value.snips).toBeCloseTo(VALUE, 1);
      expect(Math.abs(value.doublyRobust - VALUE)).toBeLessThan(4 * value.standardError);
      expect(value.standardError).toBeLessThan(0.02);
    }
  });

  test('below an effective sample size of 100 there is no number', () => {
    const few = judgePolicy(simulated(120, 5, [0, 0, 0]));
    expect(few.kind).toBe('too-few');
    expect(few.effectiveSampleSize).toBeLessThan(ENOUGH_EVIDENCE);
    expect(judgePolicy([])).toEqual({ kind: 'too-few', effectiveSampleSize: 0, missing: 0 });
  });

  test('choices without an outcome are left out and their share is told', () => {
    const choices = simulated(4000, 7, [0, 0, 0]).map((c, i) => (i % 4 === 0 ? { ...c, reward: null } : c));
    expect(judgePolicy(choices).missing).toBeCloseTo(0.25, 12);
  });

  test('a propensity of 0 is a fault of the log', () => {
    const [choice] = simulated(1, 1, [0, 0, 0]) as [LoggedChoice];
    expect(() => judgePolicy([{ ...choice, logged: 0 }])).toThrow('propensity');
  });

  forAll('a policy judged by its own log is worth the mean of what came', (rng) => {
    const rewards = Array.from({ length: 150 }, () => uniform(rng) - 0.5);
    const value = judgePolicy(rewards.map((reward) => ({ logged: 0.2, target: 0.2, reward, expected: 0.1, expectedOfTarget: 0.1 })));
    const mean = rewards.reduce((a, b) => a + b, 0) / rewards.length;
    expect(value).toMatchObject({
      snips: expect.closeTo(mean, 9),
      doublyRobust: expect.closeTo(mean, 9),
      effectiveSampleSize: expect.closeTo(150, 6),
    });
  });
});

describe('metrics of a slate', () => {
  const item = (skill: string, p: number, isOpened: boolean, outcome: 0 | 1 | null) => ({ skills: [skill], p, isOpened, outcome });
  test('by hand', () => {
    const metrics = slateMetrics(
      [item('a', 0.8, true, 1), item('a', 0.5, true, 0), item('b', 0.7, true, null), item('c', 0.95, false, null)],
      8,
    );
    expect(metrics.click_through_rate).toBe(0.75);
    expect(metrics.completion_rate).toBeCloseTo(2 / 3, 12);
    expect(metrics.performance_improvement).toBeCloseTo((0.2 - 0.5) / 2, 12);
    expect(metrics.diversity_score).toBeCloseTo((1 - (0.25 + 0.0625 + 0.0625)) / (1 - 1 / 4), 12);
    expect(metrics.difficulty_balance).toBe(0.5);
  });

  test('what has no denominator is not logged', () => {
    expect(slateMetrics([item('a', 0.8, false, null)], 1)).toEqual({ click_through_rate: 0, difficulty_balance: 1 });
    expect(slateMetrics([], 3)).toEqual({});
  });
});

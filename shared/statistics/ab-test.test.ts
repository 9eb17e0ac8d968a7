import { describe, expect, test } from 'vitest';
import { normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { type AbTest, armOf, drawnPart, judgeTest, mixtureBound, tellOutcome } from './ab-test.ts';
import { COHORT_CELLS, standardError } from './layout.ts';

const PEEKS = Number(process.env['EG_AA_TESTS'] ?? 200);
const noise = { sigma: 4, kappa: 0.02, k: 1000, leader_noise: false };
const halves: AbTest = {
  id: 42,
  place: 0,
  goal: 'accuracy',
  window_days: 14,
  arms: [
    { name: 'control', share: 5000, explore_rate: 0.05 },
    { name: 'challenger', share: 5000, explore_rate: 0.1 },
  ],
};

/** A slot of K learners of whom some tell an outcome, as it is released. */
function slotOf(rng: Rng, told: number, chances: readonly [number, number], share = 0.5, place = 0): Float64Array {
  const cells = new Float64Array(COHORT_CELLS);
  for (let n = 0; n < told; n++) {
    const own = new Float64Array(COHORT_CELLS);
    const arm = uniform(rng) < share ? 0 : 1;
    tellOutcome(own, { place }, arm, uniform(rng) < chances[arm as 0 | 1] ? 1 : 0);
    for (let i = 53; i < 71; i++) cells[i] = (cells[i] as number) + (own[i] as number) / noise.k;
  }
  return cells.map((mean, i) => (i >= 53 && i < 71 ? mean + standardError(i, noise) * normal(rng) : 0));
}

const released = (slots: readonly Float64Array[]) => slots.map((cells) => ({ cells, noise }));

describe('A/B tests', () => {
  test('an account’s part is the published vector, and shares are kept', () => {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => 0x20 + i);
    expect(drawnPart(secret, 42)).toBe(5346);
    expect(armOf(secret, halves)).toBe(1);
    const tenth = { id: 7, arms: [1000, 9000].map((share) => ({ name: 'x', share, explore_rate: 0 })) };
    const rng = seededRng(3);
    const drawn = Array.from({ length: 4000 }, () =>
      armOf(
        Uint8Array.from({ length: 32 }, () => rng() & 255),
        tenth,
      ),
    );
    expect(drawn.filter((arm) => arm === 0).length / 4000).toBeCloseTo(0.1, 1);
  });

  test('an outcome stands in its own arm’s three cells of its own test, and nowhere else', () => {
    const values = new Float64Array(COHORT_CELLS);
    tellOutcome(values, { place: 1 }, 2, 0.5);
    expect([...values].flatMap((value, i) => (value === 0 ? [] : [[i, value]]))).toEqual([
      [68, 1],
      [69, 0.5],
      [70, 0.25],
    ]);
  });

  test('the mixture’s interval is narrowest near the variance it was planned for, and never below the fixed one', () => {
    const relative = (v: number) => mixtureBound(v, 100) / Math.sqrt(v);
    expect(relative(100)).toBeLessThan(relative(10));
    expect(relative(100)).toBeLessThan(relative(1000));
    for (const v of [1, 10, 100, 1000]) expect(relative(v)).toBeGreaterThan(1.96);
  });

  test('a real difference is found, with its size, and a small test is not judged', () => {
    const rng = seededRng(1);
    const slots = Array.from({ length: 8 }, () => slotOf(rng, 800, [0.5, 0.7]));
    const judged = judgeTest(halves, released(slots), 3000);
    const [difference] = judged.differences;
    expect(difference?.low).toBeGreaterThan(0);
    expect(difference?.low).toBeLessThan(0.2);
    expect(difference?.high).toBeGreaterThan(0.2);
    expect(judged.arms[0]?.members.value).toBeGreaterThan(2900);
    expect(judged.arms[0]?.goal?.low).toBeLessThan(0.5);
    expect(judged.arms[0]?.goal?.high).toBeGreaterThan(0.5);
    expect(judged.srm).toBeGreaterThan(0.001);
    const small = judgeTest(halves, released([slotOf(rng, 60, [0.5, 0.7])]), 3000);
    expect(small.differences).toEqual([null]);
    // enough members, but an interval wider than a quarter either way
    const wide = judgeTest(halves, released([slotOf(rng, 900, [0.5, 0.5])]), 3000);
    expect(wide.arms[0]?.members.value).toBeGreaterThan(300);
    expect(wide.differences).toEqual([null]);
    expect(small.arms).toEqual([null, null]);
  });

  test('arms of 60 and 40 where halves were meant are found out; kept shares are not accused', () => {
    const rng = seededRng(2);
    const srm = (share: number) =>
      judgeTest(halves, released(Array.from({ length: 6 }, () => slotOf(rng, 800, [0.5, 0.5], share))), 3000).srm;
    expect(srm(0.6)).toBeLessThan(0.001);
    const kept = Array.from({ length: 40 }, () => srm(0.5) ?? 0);
    expect(kept.filter((p) => p < 0.05).length).toBeLessThanOrEqual(6);
  });

  test(`of ${PEEKS} tests of nothing against nothing, looked at after every release, at most 6 % ever exclude 0`, () => {
    const rng = seededRng(11);
    let excluded = 0;
    for (let n = 0; n < PEEKS; n++) {
      const slots: Float64Array[] = [];
      let isExcluded = false;
      for (let slot = 0; slot < 12; slot++) {
        slots.push(slotOf(rng, 400, [0.6, 0.6]));
        const [difference] = judgeTest(halves, released(slots), 2000).differences;
        if (difference && (difference.low > 0 || difference.high < 0)) isExcluded = true;
      }
      if (isExcluded) excluded++;
    }
    expect(excluded / PEEKS).toBeLessThanOrEqual(0.06);
  });
});

import { describe, expect, test } from 'vitest';
import { normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { backTestRetention, churnRisk, fitRetention, survival } from './churn.ts';
import { backTest, dampedTrend } from './growth.ts';
import { backTestRevenue, revenueForecast } from './revenue.ts';

describe('growth', () => {
  test('below eight weeks there is no forecast', () => {
    expect(dampedTrend([1, 2, 3, 4, 5, 6, 7], 12)).toBeNull();
    expect(
      backTest(
        Array.from({ length: 14 }, () => 5),
        4,
      ),
    ).toBeNull();
  });

  test('a level series stays level, a growing one grows ever more slowly', () => {
    const level =
      dampedTrend(
        Array.from({ length: 20 }, () => 100),
        12,
      ) ?? [];
    for (const { median } of level) expect(median).toBeCloseTo(100, 6);
    const growing = (
      dampedTrend(
        Array.from({ length: 30 }, (_, i) => 100 * 1.05 ** i),
        12,
      ) ?? []
    ).map((b) => b.median);
    const ratios = growing.slice(1).map((v, i) => v / (growing[i] as number));
    expect(Math.min(...ratios)).toBeGreaterThan(1);
    expect(ratios.every((r, i) => i === 0 || r <= (ratios[i - 1] as number) + 1e-12)).toBe(true);
  });

  test('a series that never moved is forecast without error: its bands hold, and there is nothing to be better than', () => {
    const series = Array.from({ length: 24 }, () => 100);
    expect(backTest(series, 12)).toEqual({ origins: 5, mase: null, coverage90: 1 });
  });

  test('on growth with noise it beats repeating the last value, and its 90 % bands hold', () => {
    const reports = Array.from({ length: 30 }, (_, seed) => {
      const rng = seededRng(seed);
      let x = Math.log(400);
      const series = Array.from({ length: 60 }, () => {
        x += 0.04;
        return Math.exp(x + 0.03 * normal(rng));
      });
      return backTest(series, 4);
    });
    const mean = (of: (r: NonNullable<(typeof reports)[number]>) => number) =>
      reports.reduce((s, r) => s + of(r as NonNullable<typeof r>), 0) / 30;
    expect(mean((r) => r.mase ?? 1)).toBeLessThan(0.8);
    expect(mean((r) => r.coverage90)).toBeGreaterThan(0.85);
  });

  forAll('bands are nested and positive whatever the series', (rng) => {
    const series = Array.from({ length: 8 + (rng() % 20) }, () => Math.floor(300 * uniform(rng)));
    for (const b of dampedTrend(series, 12) ?? []) {
      expect(b.low90).toBeGreaterThan(0);
      expect([b.low90, b.low50, b.median, b.high50, b.high90]).toEqual(
        [b.low90, b.low50, b.median, b.high50, b.high90].sort((x, y) => x - y),
      );
    }
  });
});

describe('churn', () => {
  test('survival and risk are the published example’s (alpha 1, beta 3)', () => {
    const model = { alpha: 1, beta: 3 };
    expect([1, 2, 3].map((t) => survival(model, t))).toEqual([0.75, expect.closeTo(0.6, 12), expect.closeTo(0.5, 12)]);
    expect([0, 1, 2].map((t) => churnRisk(model, t))).toEqual([0.25, 0.2, expect.closeTo(1 / 6, 12)]);
  });

  test('Fader and Hardie’s “regular” and “high end” cohorts give their alphas and betas', () => {
    const regular = fitRetention([1000, 631, 468, 382, 326, 289, 262, 241]);
    expect(regular?.alpha).toBeCloseTo(0.704, 1);
    expect(regular?.beta).toBeCloseTo(1.182, 1);
    const highEnd = fitRetention([1000, 869, 743, 653, 593, 551, 517, 491]);
    expect(highEnd?.alpha).toBeCloseTo(0.668, 1);
    expect(highEnd?.beta).toBeCloseTo(3.806, 0);
  });

  test('noised counts that rise do no harm; too little says nothing', () => {
    expect(fitRetention([100, 80])).toBeNull();
    expect(fitRetention([0, 0, 0])).toBeNull();
    const model = fitRetention([100, 70, 74, 60, 61]);
    expect(Number.isFinite(model?.alpha) && Number.isFinite(model?.beta)).toBe(true);
  });
});

describe('churn, looking back', () => {
  const cohort = (rng: Rng, n: number): readonly number[] => {
    const active = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < n; i++) {
      const leaves = 0.05 + 0.3 * uniform(rng) ** 2;
      for (let t = 0; t < 10 && (t === 0 || uniform(rng) >= leaves); t++) active[t] = (active[t] as number) + 1;
    }
    return active;
  };

  test('a curve of a large cohort’s own beats the one of a small cohort before it, of fewer than four nothing is told', () => {
    const rng = seededRng(3);
    const cohorts = Array.from({ length: 24 }, (_, i) => cohort(rng, i % 2 === 0 ? 40 : 4000));
    const large = cohorts.filter((_, i) => i % 2 === 1).flatMap((own, i) => [cohorts[2 * i] as readonly number[], own]);
    expect(backTestRetention(large, 5)?.mase).toBeLessThan(0.9);
    expect(backTestRetention(cohorts.slice(0, 4), 5)).toBeNull();
  });

  test('a cohort that goes on as the one before it leaves nothing to beat', () => {
    const same = Array.from({ length: 6 }, () => [100, 80, 70, 65, 60, 56]);
    expect(backTestRetention(same, 4)).toEqual({ cohorts: 5, mase: null });
  });
});

describe('revenue', () => {
  const bands =
    dampedTrend(
      Array.from({ length: 20 }, (_, i) => 100 + (i % 3)),
      3,
    ) ?? [];
  test('is learners times conversion times price, wider than the learners’ own bands', () => {
    const [first] = revenueForecast(bands, { conversion: [0.04, 0.06], price: 9 }, seededRng(1));
    expect(Math.abs((first?.median ?? 0) / ((bands[0]?.median ?? 1) * 0.05 * 9) - 1)).toBeLessThan(0.02);
    expect((first?.high90 ?? 0) / (first?.median ?? 1)).toBeGreaterThan((bands[0]?.high90 ?? 0) / (bands[0]?.median ?? 1));
  });

  test('nobody pays: nothing; assumptions that cannot be are refused', () => {
    expect(revenueForecast(bands, { conversion: [0, 0], price: 9 }, seededRng(1)).every((b) => b.high90 === 0)).toBe(true);
    expect(() => revenueForecast(bands, { conversion: [0.5, 0.2], price: 9 }, seededRng(1))).toThrow(RangeError);
  });

  test('looking back, it beats flat revenue where learners grow and the assumptions hold, and its bands hold', () => {
    const rng = seededRng(5);
    const learners = Array.from({ length: 40 }, (_, i) => 400 * 1.04 ** i * Math.exp(0.02 * normal(rng)));
    const revenue = learners.map((n) => n * 0.05 * 9);
    const report = backTestRevenue(learners, revenue, { conversion: [0.045, 0.055], price: 9 }, 4, seededRng(6));
    expect(report?.origins).toBe(29);
    expect(report?.mase).toBeLessThan(0.8);
    expect(report?.coverage90).toBeGreaterThan(0.85);
    expect(backTestRevenue(learners.slice(0, 14), revenue, { conversion: [0, 1], price: 9 }, 4, seededRng(6))).toBeNull();
  });
});

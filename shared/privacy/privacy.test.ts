import { describe, expect, test } from 'vitest';
import { below, normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { type Family, ownRho, rhoCap, rhoHelperAlone, rhoLocal, rhoRunning, type Segment } from './accountant.ts';
import { bandCoefficients, bandSquares, drawVariance, nextNoise, roundingFactor } from './banded.ts';
import { discreteGaussian } from './discrete-gaussian.ts';
import { gaussianDelta, gaussianEpsilon, logNormalCdf, zcdpEpsilon } from './gaussian-dp.ts';
import { sanitise, squaredNorm, stalenessWeight } from './sanitise.ts';

const DELTA = 1e-6;

function anyDelta(rng: Rng): Float32Array {
  const size = 10 ** (4 * uniform(rng) - 2);
  return Float32Array.from({ length: 1 + below(400, rng) }, () => size * normal(rng));
}

describe('sanitise', () => {
  forAll('before its noise, no update is longer than its bound', (rng) => {
    const grid = { clipNorm: 0.1 + 5 * uniform(rng), steps: 65_536 };
    const delta = anyDelta(rng);
    const sent = sanitise(delta, { grid, weight: stalenessWeight(below(20, rng)) }, new Int32Array(delta.length), rng);
    expect(squaredNorm(sent)).toBeLessThanOrEqual(grid.steps ** 2);
  });

  test('rounding is unbiased: the mean of many roundings is the clipped update', () => {
    const rng = seededRng(3);
    const delta = Float32Array.of(0.0000101, -0.0000233, 0.00005);
    const grid = { clipNorm: 1, steps: 65_536 };
    const sum = new Float64Array(3);
    const n = 20_000;
    for (let i = 0; i < n; i++)
      sanitise(delta, { grid, weight: 1 }, new Int32Array(3), rng).forEach((q, j) => {
        sum[j] = (sum[j] as number) + q;
      });
    delta.forEach((x, j) => {
      expect(Math.abs((sum[j] as number) / n - x * 65_536)).toBeLessThan(4 * 0.5 * Math.sqrt(1 / n));
    });
  });

  test('the weight comes after the clip: a stale update only shrinks, a fresh one has weight 1', () => {
    const grid = { clipNorm: 0.1, steps: 65_536 };
    const delta = new Float32Array(10).fill(3);
    const norm = (s: number) =>
      Math.sqrt(squaredNorm(sanitise(delta, { grid, weight: stalenessWeight(s) }, new Int32Array(10), seededRng(1))));
    expect(stalenessWeight(0)).toBe(1);
    expect(norm(0) / 65_536).toBeCloseTo(1, 4);
    expect(norm(3) / norm(0)).toBeCloseTo(0.5, 4);
  });

  test('an update that is not finite is refused, and zeros stay zeros', () => {
    const rule = { grid: { clipNorm: 1, steps: 65_536 }, weight: 1 };
    expect(() => sanitise(Float32Array.of(Number.NaN), rule, new Int32Array(1), seededRng(1))).toThrow(RangeError);
    expect([...sanitise(new Float32Array(3), rule, Int32Array.of(1, 2, 3), seededRng(1))]).toEqual([1, 2, 3]);
  });
});

/** Probabilities of a discrete Gaussian within ±30 sigma. */
function pmf(sigma: number): (x: number) => number {
  const reach = Math.ceil(30 * sigma);
  let total = 0;
  for (let x = -reach; x <= reach; x++) total += Math.exp(-(x * x) / (2 * sigma * sigma));
  return (x) => Math.exp(-(x * x) / (2 * sigma * sigma)) / total;
}

describe('the discrete Gaussian', () => {
  test('400,000 draws at sigma 3 fit its probabilities (chi-squared, p > .001)', () => {
    const draw = discreteGaussian(9, seededRng(11));
    const n = 400_000;
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const x = draw();
      counts.set(x, (counts.get(x) ?? 0) + 1);
    }
    const p = pmf(3);
    let chi = 0;
    let tail = n;
    let tailP = 1;
    for (let x = -10; x <= 10; x++) {
      const observed = counts.get(x) ?? 0;
      chi += (observed - n * p(x)) ** 2 / (n * p(x));
      tail -= observed;
      tailP -= p(x);
    }
    chi += (tail - n * tailP) ** 2 / (n * tailP);
    expect(chi).toBeLessThan(46.8); // 21 degrees of freedom
  });

  test('the variance of a million draws is within 0.5 % of what was asked for, at sigma 278,800', () => {
    const variance = 278_800 ** 2;
    const draw = discreteGaussian(variance, seededRng(5));
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 1_000_000; i++) {
      const x = draw();
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(squares / 1e6 / variance - 1)).toBeLessThan(0.005);
    expect(Math.abs(sum / 1e6)).toBeLessThan(4 * 278.8);
  });

  test('a variance that is no integer is refused', () => {
    expect(() => discreteGaussian(1.5, seededRng(1))).toThrow(RangeError);
  });
});

describe('the banded square root', () => {
  test('squared column norms are the published ones', () => {
    const wanted = { 4: 1.4883, 7: 1.6745, 13: 1.8767, 30: 2.1463, 90: 2.4977 };
    for (const [b, squares] of Object.entries(wanted)) expect(bandSquares(Number(b))).toBeCloseTo(squares, 4);
    expect(roundingFactor(13, 1473, 65_536)).toBeCloseTo(1.00095, 5);
    expect(roundingFactor(4, 1473, 65_536)).toBeCloseTo(1.00047, 5);
    expect(roundingFactor(1, 128, 65_536)).toBe(1);
  });

  test('C times its inverse is the identity: undoing the recursion gives the draws back', () => {
    const rule = { sigma: 4, steps: 100, band: 3, dim: 2 };
    const c = bandCoefficients(3);
    const history: Int32Array[] = [];
    const rng = seededRng(2);
    for (let t = 1; t <= 6; t++) history.unshift(nextNoise(rule, history, rng));
    const again = discreteGaussian(drawVariance(rule), seededRng(2));
    const inOrder = [...history].reverse();
    inOrder.forEach((y, t) => {
      y.forEach((value, i) => {
        let sum = 0;
        for (let k = 1; k <= Math.min(2, t); k++) sum += (c[k] as number) * ((inOrder[t - k] as Int32Array)[i] as number);
        expect(value + Math.floor(0.5 + sum)).toBe(again());
      });
    });
  });

  test('the covariance of consecutive noise is C^-1 C^-T', () => {
    const rule = { sigma: 3, steps: 100, band: 4, dim: 20_000 };
    const [rng, c] = [seededRng(9), bandCoefficients(4)];
    const history: Int32Array[] = [];
    for (let t = 0; t < 3; t++) history.unshift(nextNoise(rule, history, rng));
    const [y3, y2, y1] = history as [Int32Array, Int32Array, Int32Array];
    const inverse = [1, -(c[1] as number), (c[1] as number) ** 2 - (c[2] as number)];
    const mean = (a: Int32Array, b: Int32Array) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0) / a.length / drawVariance(rule);
    expect(mean(y1, y1)).toBeCloseTo(1, 1);
    expect(mean(y2, y1)).toBeCloseTo(inverse[1] as number, 1);
    expect(mean(y3, y1)).toBeCloseTo(inverse[2] as number, 1);
    expect(mean(y3, y3)).toBeCloseTo(
      inverse.reduce((sum, x) => sum + x * x, 0),
      1,
    );
  });

  test('squared column norm of the integer recursion stays within gamma^2 sum c^2 D^2, skipped slots included', () => {
    // Two inputs that differ in one participation: the difference of the z that explain one and the same release.
    const [band, dim, steps] = [4, 3, 40];
    const c = bandCoefficients(band);
    const bound = roundingFactor(band, dim, steps) ** 2 * bandSquares(band) * steps * steps;
    const rng = seededRng(21);
    for (let trial = 0; trial < 400; trial++) {
      const direction = Float64Array.from({ length: dim }, () => normal(rng));
      const length = Math.sqrt(squaredNorm(direction));
      const x = Int32Array.from(direction, (v) => Math.trunc((v / length) * steps));
      const y = Array.from({ length: 12 }, () => Int32Array.from({ length: dim }, () => Math.round(80 * normal(rng))));
      const j = below(12, rng);
      const other = y.map((row, t) => (t === j ? row.map((v, i) => v + (x[i] as number)) : row));
      let squares = 0;
      for (let t = 0; t < 12; t++) {
        for (let i = 0; i < dim; i++) {
          const z = (rows: readonly Int32Array[]) => {
            let sum = 0;
            for (let k = 1; k <= Math.min(band - 1, t); k++) sum += (c[k] as number) * ((rows[t - k] as Int32Array)[i] as number);
            return ((rows[t] as Int32Array)[i] as number) + Math.floor(0.5 + sum);
          };
          squares += (z(other) - z(y)) ** 2;
        }
      }
      expect(squares).toBeLessThanOrEqual(bound);
    }
  });
});

describe('the normal distribution function', () => {
  test('agrees with published values into the far tail', () => {
    expect(Math.exp(logNormalCdf(0))).toBeCloseTo(0.5, 15);
    expect(Math.exp(logNormalCdf(1.959963984540054))).toBeCloseTo(0.975, 14);
    expect(Math.exp(logNormalCdf(-5)) / 2.866515718791939e-7).toBeCloseTo(1, 11);
    expect(logNormalCdf(-40)).toBeCloseTo(-804.608442013754, 8);
  });
  forAll('delta falls with epsilon, and the epsilon found has the delta asked for', (rng) => {
    const rho = 10 ** (3 * uniform(rng) - 2);
    const delta = 10 ** (-2 - 8 * uniform(rng));
    const epsilon = gaussianEpsilon(rho, delta);
    expect(gaussianDelta(epsilon, Math.sqrt(2 * rho))).toBeLessThanOrEqual(delta);
    if (epsilon > 0) expect(gaussianDelta(epsilon * (1 - 1e-9), Math.sqrt(2 * rho))).toBeGreaterThan(delta * (1 - 1e-9));
    expect(zcdpEpsilon(rho, delta)).toBeGreaterThanOrEqual(epsilon * (1 - 1e-12));
  });
});

const weeks = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);
const production = (t: number, segments: readonly Segment[] = [{ from: 1, sigma: 4.25, band: 13 }]): Family[] => [
  { maxContributions: 4, tasks: [{ segments, filled: weeks(t) }] },
];

/** Worst pattern of one task by trying all of them. */
function bruteForce(segments: readonly Segment[], filled: readonly number[], t: number, limit: number): number {
  const slots = filled.filter((s) => s <= t && s > t - 52);
  const segment = (s: number) => segments.findLast((g) => g.from <= s) as Segment;
  const cost = (j: number) => {
    const own = segment(j);
    const c = bandCoefficients(own.band);
    const end = Math.min(t, (segments.find((g) => g.from > own.from)?.from ?? Infinity) - 1);
    let sum = 0;
    for (let k = 0; k < own.band && j + k <= end; k++) sum += (c[k] as number) ** 2;
    return sum / (2 * own.sigma ** 2);
  };
  const extend = (from: number, last: number, left: number): number => {
    if (left === 0) return 0;
    let best = 0;
    for (let i = from; i < slots.length; i++) {
      const j = slots[i] as number;
      if (j - last >= segment(j).band) best = Math.max(best, cost(j) + extend(i + 1, j, left - 1));
    }
    return best;
  };
  return extend(0, Number.NEGATIVE_INFINITY, limit);
}

describe('the accountant', () => {
  test('golden rows of the production model', () => {
    const golden: readonly (readonly [number, number, number])[] = [
      [1, 0.0276816609, 0.99358],
      [2, 0.0346020761, 1.120663],
      [13, 0.0519489454, 1.396216],
      [14, 0.0796306063, 1.761198],
      [52, 0.2077957817, 2.984254],
    ];
    for (const [t, rho, epsilon] of golden) {
      expect(rhoRunning(production(t), t)).toBeCloseTo(rho, 10);
      expect(gaussianEpsilon(rhoRunning(production(t), t), DELTA)).toBeCloseTo(epsilon, 6);
    }
    expect(rhoCap(production(52), 52)).toBeCloseTo(0.2077957817, 10);
  });

  test('golden row with less sensitive noise from slot 21 on: columns are cut at their segment’s end', () => {
    const segments = [
      { from: 1, sigma: 4.25, band: 13 },
      { from: 21, sigma: 8.5, band: 13 },
    ];
    const rho = rhoRunning(production(52, segments), 52);
    expect(rho).toBeCloseTo(0.1242763722, 10);
    expect(gaussianEpsilon(rho, DELTA)).toBeCloseTo(2.246908, 6);
    expect(rhoCap(production(52, segments), 52)).toBeCloseTo(0.2077957817, 10);
  });

  test('the table of presets: rho and epsilon by both conversions', () => {
    const one = (sigma: number, band: number, maxContributions: number): Family => ({
      maxContributions,
      tasks: [{ segments: [{ from: 1, sigma, band }], filled: weeks(52) }],
    });
    const model = one(4.25, 13, 4);
    const statistics = one(4, 1, 4);
    const pilot = one(3.05, 4, 13);
    const rows: readonly (readonly [readonly Family[], number, number, number])[] = [
      [[model], 0.2078, 2.98, 3.2],
      [[statistics], 0.125, 2.25, 2.42],
      [[pilot], 1.03992, 7.45, 7.95],
      [[model, statistics], 0.3328, 3.88, 4.15],
    ];
    for (const [families, rho, gdp, rdp] of rows) {
      expect(rhoCap(families, 52)).toBeCloseTo(rho, 5);
      expect(gaussianEpsilon(rhoCap(families, 52), DELTA)).toBeCloseTo(gdp, 2);
      expect(zcdpEpsilon(rhoCap(families, 52), DELTA)).toBeCloseTo(rdp, 2);
    }
  });

  test('goldens at delta 1e-10', () => {
    expect(gaussianEpsilon(0.15, 1e-10)).toBeCloseTo(3.416, 3);
    expect(gaussianEpsilon(0.0144, 1e-10)).toBeCloseTo(0.996, 3);
    expect(gaussianEpsilon(0.81, 1e-10)).toBeCloseTo(8.549, 3);
    expect(zcdpEpsilon(0.81, 1e-10)).toBeCloseTo(8.92, 2);
  });

  test('two servers together, and the helper alone, as expected for production', () => {
    expect(gaussianEpsilon(rhoLocal(0.02), DELTA)).toBeCloseTo(1487, 0);
    expect(gaussianEpsilon(4 * rhoLocal(0.02), DELTA)).toBeCloseTo(5474, 0);
    const family = { maxContributions: 4, k: 300, kappa: 0.02 };
    expect(gaussianEpsilon(rhoHelperAlone([family]), DELTA)).toBeCloseTo(43.4, 1);
    expect(gaussianEpsilon(rhoHelperAlone([family, family]), DELTA)).toBeCloseTo(71.4, 1);
    expect(gaussianEpsilon(rhoHelperAlone([{ ...family, k: 1000 }]), DELTA)).toBeCloseTo(19.4, 1);
    expect(gaussianEpsilon(rhoHelperAlone(Array(2).fill({ ...family, k: 1000 })), DELTA)).toBeCloseTo(30.6, 1);
  });

  test('own contributions: the last 52 slots, and the lifetime that never falls; horizons add', () => {
    const own = [1, 14, 27, 40, 60].map((slot) => ({ slot, sigma: 4.25, band: 13 }));
    const { horizon, lifetime } = ownRho(own, 60);
    expect(horizon).toBeCloseTo(4 * 0.0519489454, 9);
    expect(lifetime).toBeCloseTo(5 * 0.0519489454, 9);
    expect(gaussianEpsilon(2 * 0.3327957817, DELTA)).toBeCloseTo(5.76, 2);
    expect(gaussianEpsilon(5 * 0.3327957817, DELTA)).toBeCloseTo(9.85, 2);
  });

  forAll(
    'rho so far is what trying every pattern finds, for any filled slots and segments',
    (rng) => {
      const band = 1 + below(4, rng);
      const second = 2 + below(8, rng);
      const segments = [
        { from: 1, sigma: 1 + 3 * uniform(rng), band },
        { from: second, sigma: 1 + 3 * uniform(rng), band: 1 + below(4, rng) },
      ];
      const t = 3 + below(10, rng);
      const filled = weeks(t).filter(() => uniform(rng) < 0.8);
      const limit = 1 + below(4, rng);
      const found = rhoRunning([{ maxContributions: limit, tasks: [{ segments, filled }] }], t);
      expect(found).toBeCloseTo(bruteForce(segments, filled, t, limit), 12);
    },
    200,
  );

  forAll('two tasks of a family share its contributions', (rng) => {
    const task = (sigma: number) => ({ segments: [{ from: 1, sigma, band: 2 }], filled: weeks(6).filter(() => uniform(rng) < 0.7) });
    const [a, b] = [task(1 + uniform(rng)), task(1 + uniform(rng))];
    const split = Math.max(...[0, 1, 2, 3].map((n) => bruteForce(a.segments, a.filled, 6, n) + bruteForce(b.segments, b.filled, 6, 3 - n)));
    expect(rhoRunning([{ maxContributions: 3, tasks: [a, b] }], 6)).toBeCloseTo(split, 12);
  });

  test('a slot that was not filled costs nothing', () => {
    expect(rhoRunning([{ maxContributions: 4, tasks: [{ segments: [{ from: 1, sigma: 4.25, band: 13 }], filled: [] }] }], 9)).toBe(0);
  });
});

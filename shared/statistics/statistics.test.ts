import { describe, expect, test } from 'vitest';
import { normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { driftOf, figureOf, improvementOf, satisfactionOf, updatesOf } from './figures.ts';
import { CELLS, COHORT_CELLS, decodeCells, encodeCells, standardError } from './layout.ts';
import { cellsOfWeek, type WeekAnswer, type WeekFacts } from './week.ts';

const noise = { sigma: 4, kappa: 0.02, k: 300, leader_noise: false };
const DAY_MS = 86_400_000;
const NOW = 100 * DAY_MS;

const answer = (change: Partial<WeekAnswer> = {}): WeekAnswer => ({
  at: NOW - 3_600_000,
  tz: 0,
  p: 0.75,
  correct: 1,
  seconds: 12,
  isFirst: true,
  topics: [0],
  ...change,
});

const facts = (change: Partial<WeekFacts> = {}): WeekFacts => ({
  now: NOW,
  answers: [answer()],
  sessions: 1,
  slates: { shown: 0, opened: 0, answered: 0, dismissed: 0, gain: null },
  update: null,
  feedback: { rating: null, feltRight: 0 },
  result: null,
  device: { registered: 0, rejected: 0, failed: 0 },
  ...change,
});

function someFacts(rng: Rng): WeekFacts {
  const below = (n: number) => Math.floor(n * uniform(rng));
  const answers = Array.from({ length: 1 + below(800) }, () =>
    answer({
      at: NOW - below(28 * DAY_MS),
      tz: 60 * (below(27) - 12),
      p: uniform(rng),
      correct: uniform(rng) < 0.5 ? 1 : 0,
      seconds: 300 * uniform(rng),
      isFirst: uniform(rng) < 0.5,
      topics: Array.from({ length: below(4) }, () => below(30)),
    }),
  ).sort((a, b) => a.at - b.at);
  return facts({
    answers,
    sessions: below(60),
    slates: { shown: below(300), opened: below(300), answered: below(300), dismissed: below(300), gain: 2 * uniform(rng) - 1 },
    update: uniform(rng) < 0.5 ? 'kept' : 'refused',
    feedback: { rating: 1 + below(5), feltRight: 1 },
    result: { passed: true, score: uniform(rng), predicted: { low: 0.2, high: 0.9 } },
    device: { registered: below(40), rejected: below(40), failed: below(40) },
  });
}

describe('layout 1', () => {
  forAll('no week, however it was, makes a vector longer than 1, and each block keeps to its bound', (rng) => {
    const vector = encodeCells(cellsOfWeek(someFacts(rng)));
    expect(Math.hypot(...vector)).toBeLessThanOrEqual(1 + 1e-6);
    for (const { from, to } of Object.values(CELLS))
      expect(Math.hypot(...vector.slice(from, to))).toBeLessThanOrEqual(1 / Math.sqrt(14) + 1e-6);
  });

  test('what is out of its range is brought there, what is no number counts as nothing, and the mean reads as it was told', () => {
    const values = Float64Array.from({ length: COHORT_CELLS }, (_, i) => (i < 116 ? ((7 * i) % 10) / 10 : 0));
    const read = decodeCells(encodeCells(values));
    values.forEach((value, i) => {
      expect(read[i]).toBeCloseTo(value, 6);
    });
    expect([...decodeCells(encodeCells([5, -1, Number.NaN]))].slice(0, 3).map((x) => Number(x.toFixed(6)))).toEqual([1, 0, 0]);
  });

  // federation-and-privacy section 11: standard error of a cell mean, one slot, by B.
  test.each([
    [12, 0.05, 0.015],
    [105, 0.086, 0.026],
    [8, 0.1, 0.03],
    [48, 0.112, 0.033],
    [53, 0.122, 0.037],
    [0, 0.141, 0.042],
  ])('the standard error of cell %i is the published one at K = 300 and 1000', (cell, at300, at1000) => {
    const plain = { ...noise, kappa: 0 };
    expect(standardError(cell, plain)).toBeCloseTo(at300, 3);
    expect(standardError(cell, { ...plain, k: 1000 })).toBeCloseTo(at1000, 3);
    expect(standardError(cell, { ...plain, leader_noise: true })).toBeCloseTo(Math.SQRT2 * standardError(cell, plain), 10);
    expect(standardError(cell, { ...noise, k: 1000 }) / standardError(cell, { ...plain, k: 1000 })).toBeLessThan(1.0125);
  });
});

describe('a week in cells', () => {
  const cellsOf = (change: Partial<WeekFacts>) => [...cellsOfWeek(facts(change))].map((x) => Number(x.toFixed(6)));

  test('activity: days by the learner’s own clock, minutes, answers, sessions, and the weeks with study in them', () => {
    // 20:00 and 23:00 UTC are one UTC day, and two days nine hours further east
    const evening = NOW - 4 * 3_600_000;
    const answers = [
      answer({ at: NOW - 20 * DAY_MS }),
      answer({ at: evening - DAY_MS / 2, tz: 540 }),
      answer({ at: evening, tz: 540, seconds: 48 }),
    ];
    expect(cellsOf({ answers, sessions: 3 }).slice(0, 8)).toEqual(
      [2 / 7, 1 / 600, 2 / 500, 3 / 21, 1, 0, 1, 0].map((x) => Number(x.toFixed(6))),
    );
  });

  test('prediction, response times, hours and chances are of the last seven days alone', () => {
    const answers = [answer({ at: NOW - 8 * DAY_MS, seconds: 1 }), answer(), answer({ correct: 0, isFirst: false, seconds: 200, p: 1 })];
    const cells = cellsOf({ answers });
    expect(cells.slice(8, 12)).toEqual([
      1,
      0.875,
      Number(((0.0625 + 1) / 2).toFixed(6)),
      Number(((-Math.log(0.75) - Math.log(Number.EPSILON)) / 4).toFixed(6)),
    ]);
    expect(cells.slice(12, 20)).toEqual([0, 0, 0, 0.5, 0, 0, 0, 0.5]);
    expect(cells.slice(20, 28)).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(cells.slice(28, 38)).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0.5]);
    expect(cells.slice(38, 48)).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0]);
  });

  test('topics share an answer, of all there were; another pack’s answers count in none, and what lies past the sixteenth is left out', () => {
    const answers = [answer({ topics: [0, 3] }), answer({ topics: [3], correct: 0 }), answer({ topics: [] }), answer({ topics: [16] })];
    const cells = cellsOf({ answers });
    expect(cells.slice(71, 87).filter((x) => x > 0)).toEqual([0.125, 0.375]);
    expect(cells.slice(87, 103).filter((x) => x > 0)).toEqual([0.125, 0.125]);
  });

  test('recommendations, the canary, feedback, the real exam and the device’s updates', () => {
    const cells = cellsOf({
      slates: { shown: 10, opened: 5, answered: 4, dismissed: 1, gain: 0.2 },
      update: 'refused',
      feedback: { rating: 4, feltRight: 1 },
      result: { passed: false, score: 0.5, predicted: { low: 0.4, high: 0.7 } },
      device: { registered: 2, rejected: 1, failed: 3 },
    });
    expect(cells.slice(48, 53)).toEqual([0.1, 0.5, 0.8, 0.1, 0.6]);
    expect(cells.slice(103, 116)).toEqual([0, 1, 1, 0.75, 1, 1, 0, 0.5, 1, 0.3, 0.2, 0.1, 0.3]);
    const silent = cellsOf({});
    expect(silent[52]).toBe(0.5);
    expect(silent.slice(103, 116).every((x) => x === 0)).toBe(true);
    expect(silent.slice(53, 71).every((x) => x === 0)).toBe(true);
    const unrated = cellsOf({ feedback: { rating: null, feltRight: 1 }, result: { passed: true, score: null, predicted: null } });
    expect(unrated.slice(105, 113)).toEqual([0, 0, 1, 1, 1, 0, 0, 0]);
  });
});

describe('figures', () => {
  const slot = (set: Readonly<Record<number, number>>) => Float64Array.from({ length: COHORT_CELLS }, (_, i) => set[i] ?? 0);

  test('each is what its name says, with its noise beside it', () => {
    const cells = slot({ 0: 4 / 7, 30: 0.2, 35: 0.8, 40: 0.05, 45: 0.65, 52: 0.55, 105: 0.5, 106: 0.4, 113: 0.21 });
    const large = { ...noise, k: 1000 };
    expect(figureOf('average_accuracy', [cells], large)?.value).toBeCloseTo(0.7, 10);
    expect(figureOf('user_model_accuracy', [cells], large)?.value).toBeCloseTo(0.65 + 0.2 - 0.05, 10);
    expect(figureOf('personalization_effectiveness', [cells], large)?.value).toBeCloseTo(0.1, 10);
    expect(figureOf('system_engagement', [cells], large)).toMatchObject({
      value: expect.closeTo(4, 10),
      se: expect.closeTo(7 * standardError(0, large), 10),
    });
    expect(satisfactionOf([cells], large)?.value).toBeCloseTo(4.2, 10);
    expect(updatesOf('total_users_updated', [cells], large)?.value).toBeCloseTo((10 * 1000 * 0.21) / 7, 8);
  });

  test('one that is too noisy waits for more slots, and is the mean of as few as will do', () => {
    const [now, before] = [slot({ 45: 0.9 }), slot({ 45: 0.7 })];
    // fifteen cells of standard error .05 are ± .32
    expect(figureOf('user_model_accuracy', [now], noise)).toBeNull();
    expect(figureOf('user_model_accuracy', [now, before, slot({})], noise)?.value).toBeCloseTo(0.8, 10);
    expect(figureOf('average_accuracy', [now, before], { ...noise, k: 1000 })?.value).toBeCloseTo(0.9, 10);
  });

  test('nothing is said of fewer than twenty contributions, nor of a rating hardly anybody gave', () => {
    const quiet = { sigma: 0.1, kappa: 0, k: 5, leader_noise: false };
    const cells = slot({ 0: 0.5, 105: 0.05, 106: 0.04 });
    expect(figureOf('system_engagement', [cells, cells, cells], quiet)).toBeNull();
    expect(figureOf('system_engagement', [cells, cells, cells, cells], quiet)?.value).toBeCloseTo(3.5, 10);
    expect(satisfactionOf([cells, cells, cells, cells], quiet)).toBeNull();
    expect(
      driftOf(
        Array.from({ length: 7 }, () => cells),
        quiet,
      ),
    ).toBeNull();
  });

  test('improvement is the fall of log loss from the slots before to the latest', () => {
    const [now, before] = [slot({ 11: 0.25 }), slot({ 11: 0.3 })];
    expect(improvementOf([now], noise)).toBeNull();
    expect(improvementOf([now, before], noise)).toMatchObject({
      value: expect.closeTo(0.1, 10),
      se: expect.closeTo(2 * Math.SQRT2 * standardError(11, noise), 10),
    });
  });

  test('the index of drift sees a histogram that moved, and under no drift is as small as its noise', () => {
    const flat = slot(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [28 + i, 0.1])));
    const moved = slot({ 28: 0.4, 29: 0.3, 30: 0.2, 31: 0.1 });
    const clean = { ...noise, sigma: 1e-9, kappa: 0, k: 1000 };
    expect(driftOf([flat, flat], clean)?.served_p).toBeCloseTo(0, 10);
    expect(driftOf([moved, flat], clean)?.served_p).toBeGreaterThan(1);
    const rng = seededRng(5);
    const large = { ...noise, k: 1000 };
    const noised = () => flat.map((x, i) => (i < 116 ? x + standardError(i, large) * normal(rng) : 0));
    const drifts = Array.from(
      { length: 200 },
      () => driftOf([noised(), ...Array.from({ length: 30 }, () => flat)], large)?.served_p ?? Number.NaN,
    );
    // the published noise floor Σ SE²/p over ten flat bins: .022 at K = 1000
    expect(drifts.reduce((a, b) => a + b, 0) / drifts.length).toBeCloseTo(0.022, 2);
  });
});

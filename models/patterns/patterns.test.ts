import { describe, expect, test } from 'vitest';
import { betaCdf, betaQuantile } from '#shared/maths/beta.ts';
import { below, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { AREA_NEEDS, areaOf } from './areas.ts';
import { difficultyChoice, type Finding, habitOf, type PatternAnswer, peakTime, sessionLength } from './habits.ts';
import { bestWindow, meanChosen, minutesBeforeDrop } from './logged-habits.ts';
import { factorOf, predictedScore, rangeOf, type ScoreBasis } from './predicted-score.ts';
import { sessionMetrics } from './session-metrics.ts';

describe('the beta distribution', () => {
  // Values by direct integration of the density, to six places.
  test.each([
    [0.5, 1, 1, 0.5],
    [0.3, 2, 3, 0.3483],
    [0.9, 9.5, 1.5, 0.561491],
    [0.05, 0.5, 0.5, 0.143566],
  ])('P(X <= %f) with a = %f, b = %f is %f', (x, a, b, p) => {
    expect(betaCdf(x, a, b)).toBeCloseTo(p, 4);
  });

  forAll('the quantile undoes the distribution function', (rng) => {
    const [a, b, p] = [0.5 + 30 * uniform(rng), 0.5 + 30 * uniform(rng), 0.01 + 0.98 * uniform(rng)];
    expect(betaCdf(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
  });
});

describe('areas', () => {
  test.each([
    [8, 8, 'strength'],
    [7, 7, 'open'],
    [1, 10, 'gap'],
    [0, 7, 'open'],
    [12, 16, 'open'],
    [30, 32, 'strength'],
    [10, 30, 'gap'],
    [0, 0, 'open'],
  ] as const)('%i right of %i is %s', (right, n, verdict) => {
    expect(areaOf('t', right, n).verdict).toBe(verdict);
  });

  forAll('no verdict below eight answers; a verdict only where the whole interval lies beyond its bound', (rng) => {
    const n = below(40, rng);
    const area = areaOf('t', below(n + 1, rng), n);
    expect(area.low).toBeLessThan(area.high);
    if (area.verdict !== 'open') expect(n).toBeGreaterThanOrEqual(AREA_NEEDS.verdict);
    if (area.verdict === 'strength') expect(area.low).toBeGreaterThanOrEqual(0.75);
    if (area.verdict === 'gap') expect(area.high).toBeLessThanOrEqual(0.6);
  });
});

/** Answers over days at four times of day; `effect` lifts one window's chance. */
function studied(rng: Rng, { days, perDay, effect = 0 }: { days: number; perDay: number; effect?: number }): readonly PatternAnswer[] {
  return Array.from({ length: days * perDay }, (_, i): PatternAnswer => {
    const day = Math.floor(i / perDay);
    const slot = i % 4;
    const p = 0.4 + 0.4 * uniform(rng);
    const y = uniform(rng) < Math.min(0.99, p + (slot === 2 ? effect : 0)) ? 1 : 0;
    return {
      residual: y - p,
      day,
      hour: [8.5, 12.5, 18.5, 22.5][slot] ?? 0,
      sessionId: `${day}-${slot}`,
      minute: Math.floor((i % perDay) / 4) * 2,
    };
  });
}

const isSilent = (finding: Finding<number>) => finding.kind !== 'found';

describe('patterns', () => {
  test('on pure noise each stays silent for at least 95 of 100 learners', () => {
    let [peak, length, difficulty] = [0, 0, 0];
    for (let seed = 1; seed <= 400; seed++) {
      const rng = seededRng(seed);
      const answers = studied(rng, { days: 30, perDay: 16 });
      if (isSilent(peakTime(answers))) peak++;
      const long = Array.from({ length: 25 * 40 }, (_, i): PatternAnswer => {
        const p = 0.4 + 0.4 * uniform(rng);
        const y = uniform(rng) < p ? 1 : 0;
        return { residual: y - p, day: Math.floor(i / 40), hour: 9, sessionId: String(Math.floor(i / 40)), minute: i % 40 };
      });
      if (isSilent(sessionLength(long))) length++;
      if (
        isSilent(
          difficultyChoice(
            Array.from({ length: 60 }, () => 0.8 + 0.2 * (uniform(rng) - 0.5)),
            0.8,
          ),
        )
      )
        difficulty++;
    }
    expect(peak / 400).toBeGreaterThanOrEqual(0.95);
    expect(length / 400).toBeGreaterThanOrEqual(0.95);
    expect(difficulty / 400).toBeGreaterThanOrEqual(0.95);
  }, 60_000);

  test('of a learner who is neither strong nor weak in anything, at most one topic in twenty is called a strength or a gap', () => {
    const rng = seededRng(12);
    let called = 0;
    for (let n = 0; n < 2000; n++) {
      const answers = 8 + below(40, rng);
      const right = Array.from({ length: answers }, () => (uniform(rng) < 0.68 ? 1 : 0)).reduce<number>((a, b) => a + b, 0);
      if (areaOf('t', right, answers).verdict !== 'open') called++;
    }
    expect(called / 2000).toBeLessThan(0.05);
  });

  test('a window in which answers are much better is found, with its interval, on whichever days one studies', () => {
    const answers = studied(seededRng(4), { days: 40, perDay: 16, effect: 0.25 });
    const found = peakTime(answers);
    expect(found).toMatchObject({ kind: 'found', value: 18 });
    if (found.kind === 'found') expect(found.low).toBeGreaterThan(0);
    for (const offset of [0, 1]) expect(peakTime(answers.map((a) => ({ ...a, day: 2 * a.day + offset })))).toEqual(found);
  });

  test('as they are logged: the best window, the minutes before the drop, the mean chosen, each from thirty or twenty answers on', () => {
    const at = (n: number, residual: number, hour: number, minute: number) =>
      Array.from({ length: n }, (): PatternAnswer => ({ residual, day: 1, hour, sessionId: 's', minute }));
    expect(bestWindow([...at(29, 1, 8, 0), ...at(30, 0.2, 10.5, 0), ...at(300, 0.15, 20, 0)])).toBe(20); // .1 against .136
    expect(bestWindow(at(29, 1, 8, 0))).toBeNull();
    const before = [...at(30, 0.1, 9, 0), ...at(30, 0.1, 9, 9.9), ...at(30, 0.1, 9, 10)];
    expect(minutesBeforeDrop([...before, ...at(29, -1, 9, 15), ...at(30, 0.04, 9, 20)])).toBeNull(); // .067 against .02
    expect(minutesBeforeDrop([...before, ...at(30, 0.03, 9, 20), ...at(30, -1, 9, 30)])).toBe(20); // .015
    expect(meanChosen(Array.from({ length: 19 }, () => 0.8))).toBeNull();
    expect(meanChosen(Array.from({ length: 20 }, (_, i) => 0.7 + 0.1 * (i % 2)))).toBeCloseTo(0.75, 9);
  });

  test('say what is missing below their minimum', () => {
    expect(peakTime(studied(seededRng(1), { days: 5, perDay: 16 }))).toEqual({ kind: 'too-few', have: 80, need: 200 });
    expect(sessionLength(studied(seededRng(1), { days: 3, perDay: 4 }))).toMatchObject({ kind: 'too-few', need: 20 });
    expect(difficultyChoice([0.5], 0.8)).toEqual({ kind: 'too-few', have: 1, need: 30 });
  });

  test('a learner who tires after half an hour is told so', () => {
    const rng = seededRng(8);
    const answers = Array.from({ length: 30 * 45 }, (_, i): PatternAnswer => {
      const minute = i % 45;
      const p = 0.6;
      const y = uniform(rng) < (minute >= 30 ? 0.35 : p) ? 1 : 0;
      return { residual: y - p, day: Math.floor(i / 45), hour: 9, sessionId: String(Math.floor(i / 45)), minute };
    });
    expect(sessionLength(answers)).toMatchObject({ kind: 'found', value: 30 });
  });

  test.each([
    [{ answers: 99, dueShare: 1, newShare: 0, medianSessionMinutes: 5, daysAWeek: 7 }, null],
    [{ answers: 100, dueShare: 0.5, newShare: 0.5, medianSessionMinutes: 5, daysAWeek: 7 }, 'reviewer'],
    [{ answers: 100, dueShare: 0.4, newShare: 0.5, medianSessionMinutes: 5, daysAWeek: 7 }, 'explorer'],
    [{ answers: 100, dueShare: 0.4, newShare: 0.4, medianSessionMinutes: 19, daysAWeek: 4 }, 'sprinter'],
    [{ answers: 100, dueShare: 0.4, newShare: 0.4, medianSessionMinutes: 45, daysAWeek: 1 }, 'marathoner'],
    [{ answers: 100, dueShare: 0.4, newShare: 0.4, medianSessionMinutes: 30, daysAWeek: 3 }, 'balanced'],
  ] as const)('habits: %o is %s', (basis, habit) => {
    expect(habitOf(basis)).toBe(habit);
  });
});

describe('the predicted score', () => {
  const basis = (more: Partial<ScoreBasis> = {}): ScoreBasis => ({
    topics: [
      { weight: 0.6, answers: 20, p: [0.9, 0.7] },
      { weight: 0.4, answers: 2, p: [0.5] },
    ],
    past: Array.from({ length: 30 }, () => 0.5),
    examQuestions: 50,
    daysSinceLast: 1,
    isUnsettled: false,
    pastMisses: [],
    ...more,
  });

  test('takes a topic without questions to go as the others do', () => {
    const [rest, whole] = [
      { past: basis().past, examQuestions: 50, pastMisses: [] },
      { weight: 0.7, answers: 20, p: [0.9, 0.8] },
    ];
    const empty = rangeOf({ topics: [whole, { weight: 0.3, answers: 0, p: [] }], ...rest });
    expect(empty).toEqual(rangeOf({ topics: [{ ...whole, weight: 1 }], ...rest }));
    expect(empty.expected).toBeCloseTo(0.85, 9);
  });

  test('is narrower the more was answered on each topic, and the more topics share the exam', () => {
    const width = (answers: number, n: number) => {
      const topics = Array.from({ length: n }, () => ({ weight: 1 / n, answers, p: [0.7] }));
      const { low, high } = rangeOf({ topics, past: basis().past, examQuestions: 50, pastMisses: [] });
      return high - low;
    };
    expect(width(40, 2)).toBeLessThan(width(10, 2));
    expect(width(10, 8)).toBeLessThan(width(10, 2));
  });

  test('is the formula’s: E, V and E ± 1.28 √V by hand', () => {
    const score = predictedScore(basis());
    // E = .6·.8 + .4·.5 = .68; item variance = .6·(.09+.21)/2 + .4·.25 = .19; known = 30·.25
    const topics = 0.14 ** 2 * (0.6 ** 2 / (1 + 20 / 10) + 0.4 ** 2 / (1 + 2 / 10));
    const spread = Math.sqrt(0.19 / 50 + 0.065 ** 2 + topics + (0.68 * 0.32) ** 2 / (1 + 7.5));
    if (score.kind !== 'range') throw new Error(score.kind);
    expect(score.range.expected).toBeCloseTo(0.68, 12);
    expect(score.range.spread).toBeCloseTo(spread, 12);
    expect(score.range.high - score.range.low).toBeCloseTo(2 * 1.28 * spread, 12);
  });

  test('is hidden, with what is missing, at 29 answers, below 60 % of the syllabus, and after 45 days', () => {
    expect(predictedScore(basis({ past: Array.from({ length: 29 }, () => 0.5) }))).toMatchObject({ kind: 'early', answers: 29 });
    const thin = basis().topics.map((t) => ({ ...t, answers: t.weight === 0.6 ? 2 : 3 }));
    expect(predictedScore(basis({ topics: thin }))).toMatchObject({ kind: 'early', coverage: 0.4 });
    expect(predictedScore(basis({ daysSinceLast: 45.1 }))).toMatchObject({ kind: 'stale', days: 45 });
    expect(predictedScore(basis({ daysSinceLast: 45 })).kind).toBe('range');
    expect(predictedScore(basis({ isUnsettled: true }))).toEqual({ kind: 'unsettled' });
  });

  test('learns its width from earlier ranges once there are four', () => {
    expect(factorOf([])).toBe(1.28);
    expect(factorOf([9, 9, 9])).toBe(1.28);
    expect(factorOf([0.5, 2, 1, 3])).toBe(3);
    expect(factorOf([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])).toBe(0.8);
  });

  forAll('holds the expectation within 0 and 1', (rng) => {
    const topics = [{ weight: 1, answers: 5, p: [uniform(rng)] }];
    const score = predictedScore(basis({ topics, pastMisses: [3, 3, 3, 3] }));
    if (score.kind !== 'range') throw new Error(score.kind);
    const { low, expected, high } = score.range;
    expect([low >= 0, low <= expected, expected <= high, high <= 1]).toEqual([true, true, true, true]);
  });
});

describe('figures of a session at its end', () => {
  const answer = (i: number, timeSpent: number, confidence: number | null = 0.9) => ({
    itemId: `i${i}`,
    at: 60_000 * (i + 1),
    timeSpent,
    confidence,
  });
  const basis = { planned: 4, lasted: 180, usualTime: () => null, thetaStart: 0.1, thetaEnd: 0.4, ratings: [4, 5] };

  test('are computed by the formulas of the experiment log', () => {
    const metrics = sessionMetrics({ ...basis, answers: [answer(0, 100), answer(1, 1, 0.6), answer(2, 259, null)] });
    expect(metrics.learning_velocity).toBeCloseTo(0.3 / 0.1, 12);
    // 3 of 4 answered, 360 s studied in 180 s, one of three given in under two seconds
    expect(metrics.engagement_score).toBeCloseTo((3 / 4 + 1 + 2 / 3) / 3, 12);
    expect(metrics.average_confidence).toBeCloseTo(0.75, 12);
    expect(metrics.satisfaction).toBe(4.5);
  });

  test('an answer is rapid below a tenth of the learner’s usual time for the question', () => {
    const answers = [answer(0, 5), answer(1, 25)];
    const slow = sessionMetrics({ ...basis, lasted: 120, answers, usualTime: () => 100 });
    expect(slow.engagement_score).toBeCloseTo((2 / 4 + 30 / 120 + 1 / 2) / 3, 12);
  });

  test('what cannot be told is left out', () => {
    expect(sessionMetrics({ ...basis, answers: [], ratings: [] })).toEqual({});
    const short = sessionMetrics({ ...basis, answers: [answer(0, 100, null)], ratings: [] });
    expect(Object.keys(short)).toEqual(['engagement_score']);
  });
});

import { describe, expect, test } from 'vitest';
import type { Response } from '#shared/domain/response-data.ts';
import { below, seededRng } from '#shared/maths/rng.ts';
import { forAll } from '#shared/testing/for-all.ts';
import { priorlessAnswers } from '../difficulty/from-responses.ts';
import { noCounts, tablesFrom } from '../difficulty/tables.ts';
import { syntheticExam, syntheticLearner } from '../synthetic/learners.ts';
import { calibration, selectiveAt, selectiveCurve, sureFrom } from './curves.ts';
import { trainPredictor } from './predictors.ts';
import { POLICIES, type PolicyName, wayOf } from './recommender-study.ts';
import { reportOf } from './report.ts';
import { evaluate, type Round } from './run.ts';
import { conformalFactor, judgeRanges, pseudoExams } from './score-ranges.ts';
import { shuffledOutcomes, splitBy } from './splits.ts';

const rng = seededRng(1);
const exam = syntheticExam(80, 6, rng);
const skills = new Map(exam.items.map((item, i) => [i, item.skills.map(String)]));
const made = (n: number, answers: number): readonly (readonly Response[])[] =>
  Array.from({ length: n }, (_, learner) =>
    syntheticLearner(exam, answers, rng).map(({ item, y }) => ({
      learner,
      item,
      correct: y,
      split: learner % 5 === 4 ? 'test' : 'train',
      fold: (learner % 5) + 1,
    })),
  );
const learners = made(100, 60);

describe('splits', () => {
  test.each(['gervet', 'akt:1', 'akt:5', 'folds:2', 'inner:gervet', 'inner:akt:3'])('%s puts no learner into two parts', (name) => {
    const split = splitBy(name, learners);
    if (!split.ok) throw new Error(split.fault);
    const parts = [split.value.train, split.value.validation, split.value.test].map((p) => p.map((a) => a[0]?.learner));
    const all = parts.flat();
    expect(new Set(all).size).toBe(all.length);
    expect(split.value.test.length).toBeGreaterThan(0);
  });

  test('akt:5 tests on fold 5, validates on fold 1 and trains on the other three', () => {
    const split = splitBy('akt:5', learners);
    const folds = (part: 'train' | 'validation' | 'test') => new Set(split.ok ? split.value[part].map((a) => a[0]?.fold) : []);
    expect([folds('test'), folds('validation'), folds('train')]).toEqual([new Set([5]), new Set([1]), new Set([2, 3, 4])]);
  });

  test('an unknown name, or data without the column, is told so', () => {
    expect(splitBy('random', learners)).toMatchObject({ ok: false });
    expect(splitBy('akt:6', learners)).toMatchObject({ ok: false });
    expect(
      splitBy(
        'akt:1',
        learners.map((l) => l.map((a) => ({ ...a, fold: null }))),
      ),
    ).toMatchObject({ ok: false });
  });
});

describe('no leak', () => {
  test('from outcomes dealt out at random nothing is learnt: AUC .5 ± .01', { timeout: 120_000 }, () => {
    const shuffled = shuffledOutcomes(made(500, 80), seededRng(2));
    const split = splitBy('gervet', [
      ...shuffled,
      ...shuffledOutcomes(made(500, 80), seededRng(3)).map((l) => l.map((a) => ({ ...a, split: 'test' }))),
    ]);
    if (!split.ok) throw new Error(split.fault);
    const round: Round = { train: priorlessAnswers(split.value.train, skills), test: priorlessAnswers(split.value.test, skills) };
    for (const model of ['mlp', 'hybrid', 'best-lr', 'irt', 'elo', 'pfa'] as const) {
      const { alone, served } = evaluate(model, [round], 0, 1.28, null, () => undefined);
      expect(Math.abs(alone.auc - 0.5), model).toBeLessThan(0.01);
      expect(Math.abs(served.auc - 0.5), model).toBeLessThan(0.01);
    }
  });

  forAll(
    'what any model expects of answer t does not change with the outcomes from t on',
    (dice) => {
      const train = priorlessAnswers(learners.slice(0, 20), skills);
      const [held] = priorlessAnswers([learners[90] as readonly Response[]], skills) as [ReturnType<typeof priorlessAnswers>[number]];
      const t = below(held.length - 1, dice);
      const changed = held.map((a, i) => (i >= t ? { ...a, y: (1 - a.y) as 0 | 1 } : a));
      for (const model of ['mlp', 'hybrid', 'best-lr', 'irt', 'elo', 'pfa'] as const) {
        const predictor = trainPredictor(model, train, 0, () => undefined);
        const [a, b] = [predictor.forecast(held).logits, predictor.forecast(changed).logits];
        expect([...b.subarray(0, t + 1)], model).toEqual([...a.subarray(0, t + 1)]);
      }
    },
    5,
  );
});

describe('curves', () => {
  const p = Float32Array.of(0.95, 0.9, 0.6, 0.2, 0.55);
  const y = Float32Array.of(1, 1, 0, 0, 1);
  test('selective accuracy is told with its coverage, at a sureness chosen elsewhere', () => {
    const tau = sureFrom(p, y, 0.92);
    expect(tau).toBeCloseTo(0.8, 6);
    expect(selectiveAt(p, y, tau)).toEqual({ coverage: 0.6, accuracy: 1 });
    expect(selectiveCurve(p, y).at(-1)).toEqual({ coverage: 1, accuracy: 0.8 });
  });

  test('calibration bins hold every answer once', () => {
    const bins = calibration(p, y);
    expect(bins.reduce((n, b) => n + b.answers, 0)).toBe(5);
    expect(bins[0]).toEqual({ meanP: expect.closeTo(0.2, 6), share: 0, answers: 1 });
  });
});

test('a range of the conformal factor holds as often as it says on exams like those it came from', () => {
  const dice = seededRng(4);
  const exams = Array.from({ length: 500 }, () => ({ expected: 0.6, spread: 0.1, score: 0.3 + 0.6 * (below(1000, dice) / 1000) }));
  const report = judgeRanges(exams, conformalFactor(exams));
  expect(report.coverage).toBeGreaterThanOrEqual(0.8);
  expect(report.coverage).toBeLessThan(0.82);
});

test('the report says which floor is missed', () => {
  const split = splitBy('gervet', learners);
  if (!split.ok) throw new Error(split.fault);
  const round: Round = { train: priorlessAnswers(split.value.train, skills), test: priorlessAnswers(split.value.test, skills) };
  const measured = {
    ...evaluate('mlp', [round], 0, 1.28, 0.8, () => undefined),
    set: 'Spanish' as const,
    model: 'mlp',
    seed: 0,
    seconds: 1,
  };
  const bad = reportOf([measured], new Map(), 'a machine');
  expect(bad.isAboveFloors).toBe(false);
  expect(bad.text).toContain('✗');
  const good = reportOf([{ ...measured, alone: { ...measured.alone, auc: 0.9, logLoss: 0.3, ece: 0.01 } }], new Map(), 'a machine');
  expect(good.isAboveFloors).toBe(true);
  expect(good.text).not.toContain('✗');
});

test('a pseudo-exam is every stretch after the first thirty answers, its topics as sure as the answers on them so far', () => {
  const skillOf = (i: number) => (i < 30 ? 'a' : i % 2 === 0 ? 'a' : 'b');
  const answers = Array.from({ length: 75 }, (_, i) => ({ question: { id: `i${i}`, skills: [skillOf(i)] }, y: (i % 2) as 0 | 1 }));
  const [first, second, ...rest] = pseudoExams(answers, () => 0, tablesFrom(noCounts(), 0.6), 20);
  expect(rest).toEqual([]);
  const spread = (past: number, onA: number, onB: number) =>
    Math.sqrt(0.25 / 20 + 0.065 ** 2 + 0.5 ** 2 * 0.14 ** 2 * (1 / (1 + onA / 10) + 1 / (1 + onB / 10)) + 0.25 ** 2 / (1 + past * 0.25));
  expect(first).toEqual({ expected: 0.5, spread: expect.closeTo(spread(30, 30, 0), 12), score: 0.5 });
  expect(second).toEqual({ expected: 0.5, spread: expect.closeTo(spread(50, 40, 10), 12), score: 0.5 });
});

test.each(Object.keys(POLICIES) as PolicyName[])('what is kept back to judge by is asked by no policy: %s', (policy) => {
  const { toMastery, unseenGain, right } = wayOf('sudden', policy, () => 0.8, 5);
  expect(toMastery).toBeGreaterThan(20);
  expect(unseenGain).toBeGreaterThan(0);
  expect(right).toBeGreaterThan(0.3);
});

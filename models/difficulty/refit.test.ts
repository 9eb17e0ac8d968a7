import { describe, expect, test } from 'vitest';
import { sigmoid } from '#shared/maths/logistic.ts';
import { normal, seededRng, uniform } from '#shared/maths/rng.ts';
import { type Learner, TrainingStopped } from '../learner.ts';
import { networkOf } from '../reference/network.ts';
import { referenceLearner } from '../reference/reference-learner.ts';
import { fitCalibration } from './calibration.ts';
import { replay } from './candidate.ts';
import { DEFAULT_SETTINGS } from './layer-settings.ts';
import { layerToFit } from './personal-layer.ts';
import { absorb, freshModel } from './personal-model.ts';
import type { Question } from './question.ts';
import { judge, refitDue, type ServedAnswer } from './refit.ts';
import { priorTables } from './tables.ts';
import { runTraining, type TrainingJob } from './training-job.ts';

const questions: readonly Question[] = Array.from({ length: 40 }, (_, i) => ({ id: `i${i}`, skills: [`s${i % 4}`], prior: 0.65 }));
const globalWeights = new Float32Array(1473);

/** A learner far from the average, served by a network that knows nothing: strong in s0, weak in s1. */
function shiftedJob(n: number, seed: number, servedConstantly?: number): TrainingJob {
  const rng = seededRng(seed);
  const model = freshModel(networkOf(globalWeights), priorTables(questions));
  const answers = Array.from({ length: n }, (): ServedAnswer => {
    const question = questions[Math.floor(uniform(rng) * 40)] as Question;
    const truth = sigmoid({ s0: 3, s1: -3, s2: 1.5, s3: -1.5 }[question.skills[0] as 's0'] ?? 0);
    const y = uniform(rng) < truth ? 1 : 0;
    const { p } = absorb(model, { question, y });
    return { question, y, servedP: servedConstantly ?? p };
  });
  return { globalWeights, questions, answers: answers.map((a) => ({ itemId: a.question.id, y: a.y, servedP: a.servedP })) };
}

const run = (job: TrainingJob, learner: Learner = referenceLearner()) => runTraining(job, learner, networkOf, () => true);

/** A learner whose every result points the wrong way. */
function spoiled(): Learner {
  const learner = referenceLearner();
  return {
    ...learner,
    fineTune: async (base, ...rest) => (await learner.fineTune(base, ...rest)).map((w, i) => (base[i] ?? 0) - 20 * (w - (base[i] ?? 0))),
    fitLinear: async (...args) => (await learner.fitLinear(...args)).map((w) => -20 * w),
  };
}

describe('the gate', () => {
  const y = Float32Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 0 : 1));
  const all = (p: number) => new Float32Array(100).fill(p);
  /** Worse than anything: it decides nothing. */
  const poor = all(0.01);

  test('registers a candidate that wins by a thousandth of a nat, and no other', () => {
    expect(judge(all(0.75), all(0.6), poor, y, 500)).toEqual({ kind: 'registered', early: false });
    expect(judge(all(0.6), all(0.75), poor, y, 500)).toEqual({ kind: 'rejected', reason: 'not-better' });
    expect(judge(all(0.75), all(0.75), poor, y, 500)).toEqual({ kind: 'rejected', reason: 'not-better' });
  });

  test('refuses what wins over what served, but not over the shared model alone', () => {
    expect(judge(all(0.7), all(0.6), all(0.75), y, 500)).toEqual({ kind: 'rejected', reason: 'not-better' });
    expect(judge(all(0.75), all(0.6), all(0.7), y, 500)).toEqual({ kind: 'registered', early: false });
  });

  test('judges nothing below thirty answers, and marks what it registers below a hundred as early', () => {
    expect(judge(all(0.75), all(0.6), poor, y, 29)).toEqual({ kind: 'rejected', reason: 'too-few' });
    expect(judge(all(0.75), all(0.5), poor, y, 60)).toEqual({ kind: 'registered', early: true });
  });

  test('an early win must exceed one standard error', () => {
    const noisy = Float32Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 0.2 : 0.97));
    const luck = noisy.map((p, i) => (i === 0 ? 0.001 : i === 1 ? 0.95 : p));
    expect(judge(luck, noisy, poor, y, 60)).toEqual({ kind: 'rejected', reason: 'within-noise' });
  });

  test('refuses numbers that are not finite, and a candidate that lost its calibration', () => {
    expect(judge(all(Number.NaN), all(0.6), poor, y, 500)).toEqual({ kind: 'rejected', reason: 'not-finite' });
    const sharp = Float32Array.from(y, (outcome) => (outcome === 1 ? 0.75 : 0.32));
    expect(judge(sharp, all(0.75), poor, y, 500)).toEqual({ kind: 'rejected', reason: 'worse-calibrated' });
  });
});

test('a fine-tuned candidate is judged as it would serve: beside the shared network', () => {
  const tuned = globalWeights.map((w, i) => (i === 1472 ? 2 : w));
  const context = { globalWeights, networkOf, tables: priorTables(questions), before: [], settings: DEFAULT_SETTINGS };
  const [question] = questions as [Question];
  const layer = { ...layerToFit(), answers: 100 };
  const chance = (kind: 'fine-tune' | 'layer') => replay(context, { kind, weights: tuned, layer }, [], [{ question, y: 1 }]).p[0];
  expect(chance('fine-tune')).toBeCloseTo((0.5 + 3 * sigmoid(2)) / 4, 6);
  expect(chance('layer')).toBeCloseTo(sigmoid(2), 6);
});

describe('a refit', () => {
  test('of a learner unlike the average registers, early below a hundred answers', async () => {
    const early = await run(shiftedJob(60, 1, 0.5));
    expect(early.verdict).toEqual({ kind: 'registered', early: true });
    const later = await run(shiftedJob(260, 2, 0.7));
    expect(later.verdict).toEqual({ kind: 'registered', early: false });
    expect(later.heldOutAnswers).toBe(52);
    expect(later.metrics['log_loss']).toBeLessThan(later.metrics['baseline_log_loss'] ?? 0);
    expect(later.metrics['adaptation_rate']).toBeGreaterThan(0);
  });

  test('that comes out worse is refused', async () => {
    const result = await run(shiftedJob(260, 3), spoiled());
    expect(result.verdict).toMatchObject({ kind: 'rejected' });
    expect(result.metrics['log_loss']).toBeGreaterThan(result.metrics['baseline_log_loss'] ?? 0);
  });

  test('whose layer fell behind on the answers it was ranked by starts behind, not with the lead it was given to be ranked', async () => {
    const layerAlone: Learner = { ...spoiled(), fineTune: async (base) => base.map(() => Number.NaN) };
    const { layer } = await run(shiftedJob(60, 3), layerAlone);
    expect(layer.terms['both']?.theta).not.toBe(0);
    expect(layer.isAhead).toBe(false);
  });

  test('does not learn from what was forgotten: its features see it, and nothing else does', async () => {
    const job = shiftedJob(90, 6);
    const [kept, seen] = [await run({ ...job, answers: job.answers.slice(30) }), await run({ ...job, forgotten: 30 })];
    expect(seen.answersUsed).toBe(60);
    const contrary = job.answers.map((a, i) => ({ ...a, y: (i < 30 ? 1 - a.y : a.y) as 0 | 1 }));
    const otherwise = await run({ ...job, answers: contrary, forgotten: 30 });
    // the offsets are of what was learned from, the rest of what the features make of the past
    expect(Math.sign(otherwise.layer.terms['offset']?.skills['s0'] ?? 0)).toBe(Math.sign(kept.layer.terms['offset']?.skills['s0'] ?? 0));
    expect(otherwise.layer.terms['offset']?.skills['s1']).toBeLessThan(0);
  });

  test('with ten answers trains and shows its curve, but replaces nothing', async () => {
    let epochs = 0;
    const result = await runTraining(shiftedJob(10, 4), referenceLearner(), networkOf, () => {
      epochs++;
      return true;
    });
    expect(epochs).toBeGreaterThanOrEqual(60);
    expect(result.verdict).toEqual({ kind: 'rejected', reason: 'too-few' });
  });

  test('stops when told to', async () => {
    await expect(runTraining(shiftedJob(60, 5), referenceLearner(), networkOf, (_, { epoch }) => epoch < 2)).rejects.toBeInstanceOf(
      TrainingStopped,
    );
  });

  test('never fits what the gate scores: no training sees more than the first 70 % of 200 answers', async () => {
    const sizes: number[] = [];
    const learner = referenceLearner();
    const spy: Learner = {
      ...learner,
      fineTune: (base, fit, ...rest) => {
        sizes.push(fit.y.length);
        return learner.fineTune(base, fit, ...rest);
      },
      fitLinear: (problem, ...rest) => {
        sizes.push(problem.y.length);
        return learner.fitLinear(problem, ...rest);
      },
    };
    await run(shiftedJob(200, 6), spy);
    expect(Math.max(...sizes)).toBe(140);
  });

  test('is due at thirty answers and every fifty after', () => {
    expect([29, 30, 31].map((n) => refitDue(n, null))).toEqual([false, true, true]);
    expect([79, 80].map((n) => refitDue(n, 30))).toEqual([false, true]);
  });
});

test('calibration finds the slope and shift that made the data', () => {
  const rng = seededRng(8);
  const logits = Float32Array.from({ length: 8000 }, () => 1.5 * normal(rng));
  const y = logits.map((l) => (uniform(rng) < sigmoid(0.7 * l + 0.4) ? 1 : 0));
  const { slope, shift } = fitCalibration(logits.map(sigmoid), y);
  expect(slope).toBeCloseTo(0.7, 1);
  expect(shift).toBeCloseTo(0.4, 1);
});

// @vitest-environment node
import { describe, expect, test } from 'vitest';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { layerToFit, newLayer } from '#models/difficulty/personal-layer.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import type { Question } from '#models/difficulty/question.ts';
import type { TrainingJob } from '#models/difficulty/training-job.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';
import { inPageTrainer } from '../ports/in-page-trainer.ts';
import type { Trainer } from '../ports/trainer.ts';
import type { Desk } from './desk.ts';
import { judgeGlobal } from './judge-global.ts';
import { always, desk, GLOBAL, run } from './test-desk.ts';
import { type Champion, foldModel } from './tutor-state.ts';

/** A version fine-tuned so that it thinks so many logits better of the learner. */
const tuned = (by: number): Champion => ({
  label: 'tuned/1',
  version: 1,
  runId: 'r',
  registeredAt: 0,
  throughSeq: 0,
  layer: storeLayer({ ...layerToFit(), answers: 100 }),
  weights: GLOBAL.weights.map((w, i) => (i === 1472 ? w + by : w)),
});

test('a fine-tuned version serves beside the shared model, which takes over when it has stopped helping', async () => {
  const { tutor } = desk(3);
  await run(tutor, { mode: 'practice', planned: 20 }, () => false);
  const { answers } = await tutor.state();
  const [question] = [...tutor.course.questions.values()] as [Question];
  const chance = (champion: Champion | null, rows: readonly AnswerRow[]) =>
    predict(foldModel(tutor.course, GLOBAL, champion, rows, null), question);
  const [own, shared] = [chance(tuned(2), []), chance(null, [])];
  expect(own.networkP).toBe(shared.networkP);
  expect(own.p).toBeGreaterThan(shared.p + 0.05);
  expect(chance(tuned(2), answers).p).toBe(chance(tuned(2), answers).networkP);
});

test('a new shared model is judged with what was fine-tuned on top of it', async () => {
  const { tutor } = desk(4);
  // all right: whatever thinks better of the learner predicts better
  for (let n = 0; n < 7; n++) await run(tutor, { mode: 'practice', planned: 30 }, always);
  const state = await tutor.state();
  const judged = (champion: Champion | null) => {
    const made = { course: tutor.course, ports: { global: GLOBAL }, state: async () => ({ ...state, champion }) } as unknown as Desk;
    return judgeGlobal(made, { ...GLOBAL, weights: GLOBAL.weights.map((w, i) => (i === 1472 ? w - 1 : w)) });
  };
  const [without, withIt] = [await judged(null), await judged(tuned(2))];
  expect(without.isKept).toBe(false);
  expect(withIt.before).toBeLessThan(0.6 * (without.before as number));
  expect(withIt.after).toBeLessThan(0.6 * (without.after as number));
});

describe('the personal model', () => {
  const never = new AbortController().signal;
  const trained = async (seed: number) => {
    const made = desk(seed);
    await run(made.tutor, { mode: 'practice', planned: 34 }, (item) => item.topics[0] === 'a');
    const result = await made.tutor.train(inPageTrainer(), () => undefined, never);
    expect(result.verdict.kind).toBe('registered');
    return made;
  };

  test('forgets when it is reset: no version serves, the layer is empty, every answer stays; and it learns again', async () => {
    const { tutor, log, open } = await trained(11);
    await tutor.resetModel();
    for (const each of [tutor, open()]) {
      const state = await each.state();
      expect(state.champion).toBeNull();
      expect(storeLayer(state.model.layer)).toEqual(storeLayer(newLayer()));
      expect(state.answers).toHaveLength(34);
    }
    expect(await log.get('aliases', ['examsgraph-personal-11111111-2222-4333-8444-555555555555', 'champion'])).toBeUndefined();
    await run(tutor, { mode: 'practice', planned: 5 }, always);
    expect((await tutor.state()).model.layer.answers).toBe(5);
    expect((await open().state()).model.layer.answers).toBe(5);
  });

  test('once reset is trained on later answers alone, and not before there are thirty of them', async () => {
    const { tutor } = await trained(11);
    for (let n = 0; n < 2; n++) await run(tutor, { mode: 'practice', planned: 30 }, always);
    expect(await tutor.isRefitDue()).toBe(true);
    await tutor.resetModel();
    expect(await tutor.isRefitDue()).toBe(false);
    await run(tutor, { mode: 'practice', planned: 29 }, always);
    expect(await tutor.isRefitDue()).toBe(false);
    const sent: TrainingJob[] = [];
    const trainer = inPageTrainer();
    const result = await tutor.train(
      {
        ...trainer,
        train: (job, ...rest) => {
          sent.push(job);
          return trainer.train(job, ...rest);
        },
      },
      () => undefined,
      never,
    );
    expect([sent[0]?.answers.length, sent[0]?.forgotten, result.answersUsed]).toEqual([123, 94, 29]);
  });

  test('that was reset while it was being trained keeps nothing of it', async () => {
    const { tutor } = desk(11);
    await run(tutor, { mode: 'practice', planned: 34 }, (item) => item.topics[0] === 'a');
    const trainer = inPageTrainer();
    const slow: Trainer = {
      ...trainer,
      train: async (...job) => {
        const found = await trainer.train(...job);
        await tutor.resetModel();
        return found;
      },
    };
    expect((await tutor.train(slow, () => undefined, never)).verdict).toEqual({ kind: 'rejected', reason: 'overtaken' });
    expect((await tutor.state()).champion).toBeNull();
  });

  test('serves an earlier version when asked to, with later answers learned on top', async () => {
    const { tutor, open } = await trained(11);
    const { champion } = await tutor.state();
    await tutor.resetModel();
    await tutor.rollBack(champion?.version ?? 0);
    await run(tutor, { mode: 'practice', planned: 3 }, always);
    const [here, again] = [await tutor.state(), await open().state()];
    expect([here.champion?.label, again.champion?.label]).toEqual([champion?.label, champion?.label]);
    expect(storeLayer(again.model.layer)).toEqual(storeLayer(here.model.layer));
    await expect(tutor.rollBack(99)).rejects.toThrow(RangeError);
  });

  test('is not trained by itself while that is paused', async () => {
    const { tutor } = desk(12);
    await run(tutor, { mode: 'practice', planned: 31 }, always);
    expect(await tutor.isRefitDue()).toBe(true);
    await tutor.note([{ kind: 'setting.set', body: { key: 'training.paused', value: 'on' } }]);
    expect(await tutor.isRefitDue()).toBe(false);
  });
});

// @vitest-environment node
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { predict } from '#models/difficulty/personal-model.ts';
import { below, type Rng } from '#shared/maths/rng.ts';
import { type Choice, rightChoice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';
import { pointsOf } from '#shared/tracking/rows.ts';
import { type ExperimentLog, StorageFault } from '../ports/experiment-log.ts';
import { globalModel } from '../ports/global-model.ts';
import { inPageTrainer } from '../ports/in-page-trainer.ts';
import { type Trained, type Trainer, TrainingLost } from '../ports/trainer.ts';
import { desk, GLOBAL } from './test-desk.ts';
import type { Tutor } from './tutor.ts';
import { foldState } from './tutor-state.ts';
import { currentWorths } from './worths.ts';

const never = new AbortController().signal;

function choose(item: Item, isRight: boolean): Choice {
  const right = rightChoice(item);
  if (isRight) return right;
  if ('options' in item)
    return {
      kind: 'options',
      ids: item.options
        .filter((o) => !o.correct)
        .map((o) => o.id)
        .slice(0, 1),
    };
  return right.kind === 'text' ? { kind: 'text', text: '-7.77' } : right;
}

type Learner = (item: Item) => boolean;
const knowsTopicA: Learner = (item) => item.topics[0] === 'a';

async function answerOne(tutor: Tutor, sessionId: string, isRight: Learner): Promise<boolean> {
  const shown = await tutor.question(sessionId);
  if (!shown) return false;
  await tutor.record({ shown, choice: choose(shown.item, isRight(shown.item)), confidence: 'sure', msRaw: 4000 });
  return true;
}

async function study(tutor: Tutor, n: number, isRight: Learner): Promise<string> {
  const sessionId = await tutor.startSession({ mode: 'practice', planned: n });
  while (await answerOne(tutor, sessionId, isRight)) await tutor.state();
  return sessionId;
}

/** What the learner would notice of a state: every prediction, the answers, the layer. */
async function seen(tutor: Tutor) {
  const { model, answers, champion } = await tutor.state();
  const predictions = [...tutor.course.questions.values()].map((q) => predict(model, q).p);
  return { predictions, answers: answers.map((a) => a.attempt_id), layer: storeLayer(model.layer), champion: champion?.label };
}

describe('studying', () => {
  test('asks what was planned, no question twice, and then has no more', async () => {
    const { tutor } = desk(1);
    await study(tutor, 12, knowsTopicA);
    const { answers } = await tutor.state();
    expect(answers).toHaveLength(12);
    expect(new Set(answers.map((a) => a.item_id)).size).toBe(12);
  });

  test('the state goes on with an answer, and is not folded anew from the whole log', async () => {
    const { tutor, log } = desk(2);
    const id = await tutor.startSession({ mode: 'practice', planned: 3 });
    const before = await tutor.state();
    await answerOne(tutor, id, knowsTopicA);
    await answerOne(tutor, id, knowsTopicA);
    const after = await tutor.state();
    expect(after).toBe(before);
    expect([after.answers.length, after.head]).toEqual([2, await log.head()]);
  });

  test('shows the same question until it is answered, however often it is asked for', async () => {
    const { tutor, open } = desk(2);
    const id = await tutor.startSession({ mode: 'practice', planned: 5 });
    const first = await tutor.question(id);
    expect(first?.reason).not.toBeNull();
    expect(await tutor.question(id)).toEqual(first);
    expect(await open().question(id)).toEqual(first);
  });

  test('logs for every question why it was picked and with which propensity', async () => {
    const { tutor, log } = desk(3);
    await study(tutor, 8, knowsTopicA);
    const slates = await log.list('slates');
    expect(slates).toHaveLength(8);
    for (const slate of slates) {
      const pick = slate.slots[0]?.picks[0];
      expect(pick?.propensity).toBeGreaterThan(0);
      expect(pick?.eligible).toBeGreaterThan(1);
    }
    for (const a of (await tutor.state()).answers) expect(slates.some((s) => s.slate_id === a.slate_id)).toBe(true);
  });

  test('what a topic is worth is the same, however often it is asked', async () => {
    const { tutor } = desk(3);
    await study(tutor, 8, knowsTopicA);
    const now = await tutor.state();
    const worths = currentWorths(tutor.course, now);
    expect([...worths.keys()]).toEqual(expect.arrayContaining(['a', 'b']));
    expect(currentWorths(tutor.course, now)).toEqual(worths);
  });

  test('stores one answer for a double tap', async () => {
    const { tutor, log } = desk(4);
    const id = await tutor.startSession({ mode: 'practice', planned: 5 });
    const shown = await tutor.question(id);
    if (!shown) throw new Error('no question');
    const draft = { shown, choice: choose(shown.item, true), confidence: 'sure' as const, msRaw: 900 };
    const taps = await Promise.all([tutor.record(draft), tutor.record(draft)]);
    expect(taps.filter(Boolean)).toHaveLength(1);
    expect(await log.list('answers')).toHaveLength(1);
    expect((await tutor.state()).answers).toHaveLength(1);
  });

  test('goes through the items of a recommendation, and completes it', async () => {
    const { tutor, log, open } = desk(5);
    const slate = await tutor.recommend();
    const slot = slate?.slots[1];
    if (!slate || !slot) throw new Error('no recommendation');
    const itemIds = slot.picks.map((p) => p.item_id);
    const id = await tutor.startSession({ mode: 'recommended', slateId: slate.slate_id, slot: 1, itemIds });
    const first = await tutor.question(id);
    expect(first?.reason).toBe(slot.picks[0]?.reason);
    expect(await open().question(id)).toEqual(first);
    while (await answerOne(tutor, id, knowsTopicA)) await tutor.state();
    await tutor.endSession(id, 'finished');
    expect((await tutor.state()).answers.map((a) => a.item_id)).toEqual(itemIds);
    expect(await log.get('slates', slate.slate_id)).toMatchObject({ opened: [1], completed: [1] });
  });

  test('a slate whose time is over is a run that says how it was drawn and what became of it', async () => {
    const { tutor, log } = desk(5);
    const slate = await tutor.recommend();
    const itemIds = slate?.slots[1]?.picks.map((p) => p.item_id) ?? [];
    const id = await tutor.startSession({ mode: 'recommended', slateId: slate?.slate_id ?? '', slot: 1, itemIds });
    while (await answerOne(tutor, id, knowsTopicA)) await tutor.state();
    await tutor.endSession(id, 'finished');
    await tutor.recommend();
    const [run] = (await log.list('runs')).filter((r) => r.run_name.startsWith('slate '));
    const metric = async (key: string) => (await log.get('run_metrics', run?.run_id ?? ''))?.latest.find((m) => m.key === key)?.value;
    const size = slate?.slots.reduce((n, s) => n + s.picks.length, 0) ?? 0;
    expect(run).toMatchObject({ status: 'FINISHED', start_time: slate?.at });
    expect(await metric('click_through_rate')).toBeCloseTo(itemIds.length / size, 12);
    expect(await metric('completion_rate')).toBe(1);
    expect(await metric('diversity_score')).toBeGreaterThan(0);
    expect(await log.get('params', [run?.run_id ?? '', 'policy'])).toMatchObject({ value: slate?.policy });
  });

  test('a recommendation that was begun stays on record until it has ended, goes on where it was left, and is judged by all of its answers', async () => {
    const { tutor, log, clock } = desk(5);
    const slate = await tutor.recommend();
    const itemIds = slate?.slots[1]?.picks.map((p) => p.item_id) ?? [];
    const plan = { mode: 'recommended', slateId: slate?.slate_id ?? '', slot: 1, itemIds } as const;
    const id = await tutor.startSession(plan);
    await answerOne(tutor, id, knowsTopicA);
    expect((await tutor.recommend())?.slate_id).toBe(slate?.slate_id);
    expect(await tutor.startSession(plan)).toBe(id);
    while (await answerOne(tutor, id, knowsTopicA)) await tutor.state();
    await tutor.endSession(id, 'finished');
    const next = await tutor.recommend();
    expect(next?.slate_id).not.toBe(slate?.slate_id);
    const [run, ...others] = (await log.list('runs')).filter((r) => r.run_name.startsWith('slate '));
    expect(others).toEqual([]);
    expect((await log.get('run_metrics', run?.run_id ?? ''))?.latest.find((m) => m.key === 'completion_rate')?.value).toBe(1);
    // what was begun and forgotten holds nothing back for longer than half a day
    const left = {
      mode: 'recommended',
      slateId: next?.slate_id ?? '',
      slot: 0,
      itemIds: next?.slots[0]?.picks.map((p) => p.item_id) ?? [],
    } as const;
    await answerOne(tutor, await tutor.startSession(left), knowsTopicA);
    clock.at += 13 * 3_600_000;
    expect((await tutor.recommend())?.slate_id).not.toBe(next?.slate_id);
  });

  test('keeps its three recommendations until something is answered', async () => {
    const { tutor } = desk(6);
    const first = await tutor.recommend();
    expect(first?.slots).toHaveLength(3);
    expect((await tutor.recommend())?.slate_id).toBe(first?.slate_id);
    await study(tutor, 1, knowsTopicA);
    expect((await tutor.recommend())?.slate_id).not.toBe(first?.slate_id);
  });
});

describe('the state in memory', () => {
  test.each([1, 2, 3, 4, 5, 6])('is what the log folds to, through answers, undos and new sessions (seed %i)', async (seed) => {
    const { tutor, log, open, rng } = desk(seed);
    let id = await tutor.startSession({ mode: 'practice', planned: 40 });
    for (let i = 0; i < 50; i++) {
      const dice = below(10, rng as Rng);
      if (dice < 7) await answerOne(tutor, id, () => below(2, rng) === 0);
      else if (dice < 9) await tutor.undo(id);
      else id = await tutor.startSession({ mode: 'practice', planned: 40 });
    }
    expect((await tutor.state()).answers.length).toBeGreaterThan(10);
    expect(await seen(open())).toEqual(await seen(tutor));
    const anew = await foldState({ ...log, personal: async () => undefined }, tutor.course, GLOBAL, 0);
    expect(storeLayer(anew.model.layer)).toEqual((await seen(tutor)).layer);
  });

  test('after an undo is what it was before the answer, and the question is shown again', async () => {
    const { tutor } = desk(7);
    const id = await study(tutor, 25, knowsTopicA);
    const more = await tutor.startSession({ mode: 'practice', planned: 5 });
    const shown = await tutor.question(more);
    const before = await seen(tutor);
    await answerOne(tutor, more, () => false);
    expect(await seen(tutor)).not.toEqual(before);
    const again = await tutor.undo(more);
    expect(await seen(tutor)).toEqual(before);
    expect(again?.item.id).toBe(shown?.item.id);
    expect(again?.attempt.attempt_id).not.toBe(shown?.attempt.attempt_id);
    expect(await tutor.undo(more)).toBeNull();
    expect(id).not.toBe(more);
  });

  test('undo goes many steps back, and re-opens a session that had ended', async () => {
    const { tutor, log } = desk(8);
    const id = await study(tutor, 6, knowsTopicA);
    await tutor.endSession(id, 'finished');
    for (let i = 0; i < 4; i++) await tutor.undo(id);
    expect((await tutor.state()).answers).toHaveLength(2);
    expect(await log.get('sessions', id)).toMatchObject({ ended: null, totals: { answered: 2 } });
  });

  test('is shared by two tabs that answer in turn', async () => {
    const { tutor, open } = desk(9);
    const other = open();
    const [mine, theirs] = [
      await tutor.startSession({ mode: 'practice', planned: 9 }),
      await other.startSession({ mode: 'practice', planned: 9 }),
    ];
    for (let i = 0; i < 9; i++) {
      await answerOne(tutor, mine, knowsTopicA);
      await answerOne(other, theirs, knowsTopicA);
    }
    expect((await tutor.state()).answers).toHaveLength(18);
    expect(await seen(tutor)).toEqual(await seen(other));
  });

  test('is untouched by a write that fails, and the same call may be made again', async () => {
    const { log, open } = desk(10);
    let isFull = false;
    const failing: ExperimentLog = {
      ...log,
      append: async (...args) => {
        if (isFull) throw new StorageFault('full');
        return log.append(...args);
      },
    };
    const tutor = open(failing);
    const id = await study(tutor, 22, knowsTopicA);
    const next = await tutor.startSession({ mode: 'practice', planned: 3 });
    const shown = await tutor.question(next);
    if (!shown) throw new Error('no question');
    const before = await seen(tutor);
    const draft = { shown, choice: choose(shown.item, true), confidence: 'notSure' as const, msRaw: 900 };
    isFull = true;
    await expect(tutor.record(draft)).rejects.toMatchObject({ kind: 'full' });
    expect(await seen(tutor)).toEqual(before);
    isFull = false;
    expect(await tutor.record(draft)).toBe(true);
    expect((await seen(tutor)).answers).toHaveLength(before.answers.length + 1);
    expect(id).toBeDefined();
  });
});

describe('training', () => {
  const { contribute, search } = inPageTrainer();
  const trainedBy = (change: (trained: Trained) => Trained): Trainer => ({
    contribute,
    search,
    train: async (...args) => change(await inPageTrainer().train(...args)),
  });

  test('a better refit becomes the champion, with its artifact, and serves from then on', async () => {
    const { tutor, log, open } = desk(11);
    await study(tutor, 34, knowsTopicA);
    expect(await tutor.isRefitDue()).toBe(true);
    const trained = await tutor.train(inPageTrainer(), () => undefined, never);
    expect(trained.verdict).toEqual({ kind: 'registered', early: true });
    const { champion } = await tutor.state();
    expect(champion?.label).toBe('examsgraph-personal-11111111-2222-4333-8444-555555555555/1');
    expect(await log.get('runs', champion?.runId ?? '')).toMatchObject({ status: 'FINISHED' });
    expect(await log.get('tags', [champion?.runId ?? '', 'gate'])).toMatchObject({ value: 'registered' });
    expect(await tutor.isRefitDue()).toBe(false);
    await study(tutor, 4, knowsTopicA);
    expect((await tutor.state()).answers.at(-1)?.model_version).toBe('examsgraph-personal-11111111-2222-4333-8444-555555555555/1');
    expect(await seen(open())).toEqual(await seen(tutor));
  });

  test('a refused refit leaves the served model as it was, and the run says why', async () => {
    const { tutor, log } = desk(12);
    await study(tutor, 34, knowsTopicA);
    const before = await seen(tutor);
    await tutor.train(
      trainedBy((t) => ({ ...t, verdict: { kind: 'rejected', reason: 'not-better' } })),
      () => undefined,
      never,
    );
    expect(await seen(tutor)).toEqual(before);
    const [run] = (await log.list('runs')).filter((r) => r.run_name.startsWith('refit'));
    expect(run?.status).toBe('FINISHED');
    expect(await log.get('tags', [run?.run_id ?? '', 'discard_reason'])).toMatchObject({ value: 'not-better' });
  });

  test('a refit cut off because its page ended is begun anew, twice; then its answers wait for more', async () => {
    const { tutor } = desk(15);
    await study(tutor, 34, knowsTopicA);
    for (const isDueAfter of [true, true, false]) {
      await new Promise<void>((begun) => {
        const cutOff = () => new Promise<never>(() => begun());
        void tutor.train({ contribute, search, train: cutOff }, () => undefined, never);
      });
      await tutor.closeLostRuns();
      expect(await tutor.isRefitDue()).toBe(isDueAfter);
    }
    for (let i = 0; i < 2; i++) await study(tutor, 25, knowsTopicA);
    expect(await tutor.isRefitDue()).toBe(true);
  });

  test('answers given while it runs are learned on top of the new layer', async () => {
    const { tutor, open } = desk(13);
    await study(tutor, 34, knowsTopicA);
    let isFirst = true;
    const slow: Trainer = {
      contribute,
      search,
      train: async (...args) => {
        const trained = await inPageTrainer().train(...args);
        if (isFirst) await study(tutor, 3, knowsTopicA);
        isFirst = false;
        return trained;
      },
    };
    await tutor.train(slow, () => undefined, never);
    const { champion, answers, model } = await tutor.state();
    expect(answers).toHaveLength(37);
    expect(champion?.throughSeq).toBeGreaterThanOrEqual(answers[33]?.seq ?? Number.NaN);
    expect(champion?.throughSeq).toBeLessThan(answers[34]?.seq ?? Number.NaN);
    expect(model.layer.answers).toBe((champion?.layer.answers ?? 0) + 3);
    expect(await seen(open())).toEqual(await seen(tutor));
  });

  test('an answer the champion has learned can still be undone: the version that learned it serves no more', async () => {
    const { tutor, open } = desk(16);
    const id = await study(tutor, 34, knowsTopicA);
    await tutor.train(inPageTrainer(), () => undefined, never);
    expect((await tutor.state()).champion?.version).toBe(1);
    await tutor.undo(id);
    expect((await tutor.state()).champion).toBeNull();
    expect((await tutor.state()).answers).toHaveLength(33);
    expect(await seen(open())).toEqual(await seen(tutor));
  });

  test('trained again on the same answers, nothing new is registered', async () => {
    const { tutor, log } = desk(17);
    await study(tutor, 34, knowsTopicA);
    await tutor.train(inPageTrainer(), () => undefined, never);
    const again = await tutor.train(inPageTrainer(), () => undefined, never);
    expect(again.verdict).toEqual({ kind: 'rejected', reason: 'nothing-new' });
    expect(await log.list('model_versions')).toHaveLength(1);
  });

  test('a candidate whose answers were undone while it trained is not registered', async () => {
    const { tutor, log } = desk(18);
    const id = await study(tutor, 34, knowsTopicA);
    const slow: Trainer = {
      contribute,
      search,
      train: async (...args) => {
        const trained = await inPageTrainer().train(...args);
        await tutor.undo(id);
        return trained;
      },
    };
    expect((await tutor.train(slow, () => undefined, never)).verdict).toEqual({ kind: 'rejected', reason: 'overtaken' });
    expect(await log.list('model_versions')).toHaveLength(0);
  });

  test.each([
    ['died', 'FAILED'],
    ['stopped', 'KILLED'],
    ['failed', 'FAILED'],
  ] as const)('a training that %s ends its run as %s; every answer stays, and the next one works', async (kind, status) => {
    const { tutor, log } = desk(14);
    await study(tutor, 34, knowsTopicA);
    const before = await seen(tutor);
    const lost: Trainer = { contribute, search, train: () => Promise.reject(new TrainingLost(kind)) };
    await expect(tutor.train(lost, () => undefined, never)).rejects.toMatchObject({ kind });
    expect(await seen(tutor)).toEqual(before);
    expect((await log.list('runs')).find((r) => r.run_name.startsWith('refit'))?.status).toBe(status);
    expect((await tutor.train(inPageTrainer(), () => undefined, never)).verdict.kind).toBe('registered');
  });

  test('its loss curve, parameters and findings are in the run', async () => {
    const { tutor, log } = desk(15);
    await study(tutor, 34, knowsTopicA);
    const told: string[] = [];
    await tutor.train(inPageTrainer(), (p) => told.push(p.kind), never);
    const run = (await log.list('runs')).find((r) => r.run_name.startsWith('refit'));
    const id = run?.run_id ?? '';
    expect(told.filter((k) => k === 'epoch').length).toBe(
      pointsOf(await log.list('metric_steps', 'run_id', id)).filter((m) => m.key === 'loss').length,
    );
    expect(await log.get('params', [id, 'backend'])).toMatchObject({ value: 'typescript' });
    const keys = (await log.get('run_metrics', id))?.latest.map((m) => m.key);
    for (const key of [
      'personal_accuracy',
      'log_loss',
      'baseline_log_loss',
      'ece',
      'brier',
      'adaptation_rate',
      'prediction_confidence',
      'train_ms',
    ])
      expect(keys).toContain(key);
  });
});

test('a global model that differs from its hash, or is of another feature version, is refused', () => {
  const description = JSON.parse(readFileSync('public/models/start.json', 'utf8')) as Record<string, unknown>;
  const bytes = new Uint8Array(readFileSync('public/models/start.bin'));
  const changed = bytes.slice();
  changed[100] = (changed[100] ?? 0) ^ 1;
  expect(() => globalModel(description, changed)).toThrow('hash');
  expect(() => globalModel({ ...description, featureVersion: 2 }, bytes)).toThrow('feature version');
});

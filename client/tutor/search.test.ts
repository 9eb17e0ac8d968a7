// @vitest-environment node

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '#models/difficulty/layer-settings.ts';
import { epochMs } from '#shared/domain/time.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { rightChoice } from '#shared/packs/grade.ts';
import { samplePack } from '#shared/testing/sample-pack.ts';
import { pointsOf } from '#shared/tracking/rows.ts';
import { globalModel } from '../ports/global-model.ts';
import { inPageTrainer } from '../ports/in-page-trainer.ts';
import { memoryExperimentLog } from '../ports/memory-experiment-log.ts';
import type { Trainer } from '../ports/trainer.ts';
import { openTutor } from './tutor.ts';

const GLOBAL = globalModel(
  JSON.parse(readFileSync('public/models/start.json', 'utf8')),
  new Uint8Array(readFileSync('public/models/start.bin')),
);
const never = new AbortController().signal;

async function studied(answers: number) {
  const rng = seededRng(1);
  const clock = { at: 1_700_000_000_000 };
  const moment = () => {
    clock.at += 1000;
    return { at: epochMs(clock.at), tz: 540, rng };
  };
  const log = memoryExperimentLog(moment);
  const open = () => openTutor(samplePack(60), { log, global: GLOBAL, moment, deviceKind: 'phone', exclusively: (work) => work(true) });
  const tutor = open();
  for (let left = answers; left > 0; ) {
    const id = await tutor.startSession({ mode: 'practice', planned: Math.min(left, 50) });
    for (let shown = await tutor.question(id); shown; shown = await tutor.question(id)) {
      const isRight = shown.item.topics[0] === 'a';
      const choice = isRight ? rightChoice(shown.item) : { kind: 'options' as const, ids: ['none'] };
      await tutor.record({ shown, choice, confidence: 'sure', msRaw: 3000 });
      left -= 1;
    }
    await tutor.endSession(id, 'finished');
  }
  return { log, tutor, open, clock };
}

test('a search is one run with 27 under it, each with its settings and a loss a round; what is better is used from then on', async () => {
  const { log, tutor, open, clock } = await studied(320);
  expect(await tutor.isSearchDue()).toBe(true);
  const rounds: number[] = [];
  const result = await tutor.search(inPageTrainer(), (rung) => rounds.push(rung.trials.length), never);
  expect(rounds).toEqual([27, 9, 3]);
  const runs = (await log.list('runs')).filter((r) => /^(automl|setting) /.test(r.run_name));
  const tags = await log.list('tags');
  const children = runs.filter((r) => tags.some((t) => t.owner === r.run_id && t.key === 'mlflow.parentRunId'));
  const [parent] = runs.filter((r) => !children.includes(r));
  expect([runs.length, children.length]).toEqual([28, 27]);
  expect(tags.filter((t) => t.key === 'mlflow.parentRunId').every((t) => t.value === parent?.run_id)).toBe(true);
  const params = async (id: string) => (await log.list('params')).filter((p) => p.owner === id).map((p) => p.key);
  expect(await params(children[0]?.run_id ?? '')).toEqual(expect.arrayContaining(['kind', 'offset_rate', 'weight_rate', 'pull']));
  const steps = pointsOf(await log.list('metric_steps')).filter((m) => m.key === 'log_loss' && m.run_id !== parent?.run_id);
  expect([0, 1, 2].map((step) => steps.filter((m) => m.step === step).length)).toEqual([27, 9, 3]);
  if (result?.isBetter) expect((await open().state()).model.rates).toEqual(result.best);
  else expect((await log.list('settings')).some((s) => s.key.startsWith('layer.settings'))).toBe(false);
  clock.at += 2 * 86_400_000;
  expect(await tutor.isSearchDue()).toBe(false);
});

test('settings that are better serve from the next answer on, also after a new start', async () => {
  const { tutor, open } = await studied(305);
  const best = { offset: 0.1, weights: 0.01, pull: 5 };
  const found = { rungs: [], best, incumbentLoss: 0.6, bestLoss: 0.5, standardError: 0.01, isBetter: true };
  const trainer: Trainer = { ...inPageTrainer(), search: async () => found };
  await tutor.search(trainer, () => undefined, never);
  expect((await tutor.state()).model.rates).toEqual(best);
  expect((await open().state()).model.rates).toEqual(best);
});

test('a search that is stopped changes nothing, says so in its run, and is due again; one the device was too slow for is not', async () => {
  const { log, tutor } = await studied(305);
  const control = new AbortController();
  const result = await tutor.search(inPageTrainer(), () => control.abort(), control.signal);
  expect(result).toBeNull();
  const runs = (await log.list('runs')).filter((r) => /^(automl|setting) /.test(r.run_name));
  expect(new Set(runs.map((r) => r.status))).toEqual(new Set(['KILLED']));
  expect((await log.list('settings')).some((s) => s.key.startsWith('layer.settings'))).toBe(false);
  expect(await tutor.isSearchDue()).toBe(true);
  const tooSlow: Trainer = { ...inPageTrainer(), search: async () => null };
  await tutor.search(tooSlow, () => undefined, never);
  expect((await log.list('runs', 'status', 'FAILED')).length).toBe(1);
  expect(await tutor.isSearchDue()).toBe(false);
});

test('a model that was reset forgets the settings that were found, and none is searched on what it forgot', async () => {
  const { tutor } = await studied(305);
  const best = { offset: 0.1, weights: 0.01, pull: 5 };
  const found = { rungs: [], best, incumbentLoss: 0.6, bestLoss: 0.5, standardError: 0.01, isBetter: true };
  await tutor.search({ ...inPageTrainer(), search: async () => found }, () => undefined, never);
  await tutor.resetModel();
  expect((await tutor.state()).model.rates).toEqual(DEFAULT_SETTINGS);
  expect(await tutor.isSearchDue()).toBe(false);
  await expect(tutor.search(inPageTrainer(), () => undefined, never)).rejects.toThrow('needs 300');
});

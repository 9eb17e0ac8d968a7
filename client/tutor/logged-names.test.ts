// @vitest-environment node
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { epochMs } from '#shared/domain/time.ts';
import { VERSION } from '#shared/domain/version.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { rightChoice } from '#shared/packs/grade.ts';
import { samplePack } from '#shared/testing/sample-pack.ts';
import { pointsOf } from '#shared/tracking/rows.ts';
import { globalModel } from '../ports/global-model.ts';
import { inPageTrainer } from '../ports/in-page-trainer.ts';
import { memoryExperimentLog } from '../ports/memory-experiment-log.ts';
import { openTutor } from './tutor.ts';

const GLOBAL = globalModel(
  JSON.parse(readFileSync('public/models/start.json', 'utf8')),
  new Uint8Array(readFileSync('public/models/start.bin')),
);

/** What each experiment of a device logs; what federated contributions log is held by `client/sharing/sharing.test.ts`. */
const NAMES = {
  'study-sessions': {
    params: ['mode', 'pack_version', 'model_version', 'planned_questions', 'device_kind'],
    metrics: [
      ...['answer_correct', 'time_spent', 'confidence', 'predicted_p', 'accuracy', 'study_time', 'questions_solved'],
      ...['learning_velocity', 'engagement_score', 'average_confidence', 'satisfaction'],
    ],
  },
  training: {
    params: [
      ...['kind', 'early', 'model_family', 'backend', 'optimizer', 'learning_rate', 'epochs', 'batch_size', 'seed'],
      ...['answers_used', 'holdout_answers', 'base_version'],
    ],
    metrics: [
      ...['loss', 'val_loss', 'personal_accuracy', 'log_loss', 'baseline_log_loss', 'auc', 'ece', 'brier', 'adaptation_rate'],
      ...['prediction_confidence', 'personalization_level', 'selective_coverage_92', 'train_ms', 'warmup_ms'],
    ],
    tags: ['promoted'],
  },
  recommendations: {
    params: ['policy', 'slate_size', 'target_p', 'explore_rate', 'model_version'],
    metrics: [
      ...['click_through_rate', 'completion_rate', 'performance_improvement', 'engagement_score', 'learning_velocity'],
      ...['diversity_score', 'difficulty_balance'],
    ],
    files: ['slate.json'],
  },
  'pattern-analysis': {
    params: ['window_days', 'answers_used', 'learning_style'],
    metrics: [...['peak_performance_time', 'optimal_session_length', 'difficulty_preference', 'learning_velocity', 'engagement_score']],
    files: ['session_insights.json'],
  },
} as const;

const HOUR = 3_600_000;
const MINUTE = 60_000;

test('a month of study logs every parameter, metric, file and tag that the experiments of a device are to have', async () => {
  const rng = seededRng(1);
  const start = Date.UTC(2026, 0, 5);
  let at = start;
  const moment = () => ({ at: epochMs(at++), tz: 0, rng });
  const log = memoryExperimentLog(moment);
  const tutor = openTutor(samplePack(60), { log, global: GLOBAL, moment, deviceKind: 'phone', exclusively: (work) => work(true) });
  const sit = async (id: string, isRight: (minute: number) => boolean) => {
    const from = at;
    for (let shown = await tutor.question(id); shown; shown = await tutor.question(id)) {
      at += 1.5 * MINUTE;
      const choice = isRight((at - from) / MINUTE) ? rightChoice(shown.item) : { kind: 'options' as const, ids: ['none'] };
      await tutor.record({ shown, choice, confidence: 'sure', msRaw: 80_000 });
    }
    await tutor.endSession(id, 'finished');
  };
  for (let day = 0; day < 24; day++) {
    for (const hour of [9, 20]) {
      at = start + day * 24 * HOUR + hour * HOUR;
      const own = { mode: 'drill' as const, topics: [day % 2 ? 'a' : 'b'], planned: 14 };
      const id = await tutor.startSession(hour === 9 ? own : { mode: 'practice', planned: 14 });
      // better in the morning, and in the first minutes
      await sit(id, (minute) => minute <= (hour === 9 ? 12 : 5));
    }
    if (day === 2) await tutor.note([{ kind: 'feedback.given', body: { about: 'session', ref: 'x', rating: 4 } }]);
  }
  const slate = await tutor.recommend();
  const [slot] = slate?.slots ?? [];
  const itemIds = slot?.picks.map((p) => p.item_id) ?? [];
  await sit(await tutor.startSession({ mode: 'recommended', slateId: slate?.slate_id ?? '', slot: 0, itemIds }), () => true);
  await tutor.recommend();
  await tutor.note([{ kind: 'feedback.given', body: { about: 'session', ref: 'y', rating: 5 } }]);
  at += 24 * HOUR;
  await sit(await tutor.startSession({ mode: 'practice', planned: 6 }), () => true);
  await tutor.train(inPageTrainer(), () => undefined, new AbortController().signal);
  expect(await tutor.logPatterns()).toBe(true);
  expect(await tutor.logPatterns()).toBe(false);

  const experiments = new Map((await log.list('experiments')).map((e) => [e.name, e.experiment_id]));
  for (const [name, wanted] of Object.entries(NAMES)) {
    const runs = (await log.list('runs', 'experiment_id', experiments.get(name) ?? '')).map((r) => r.run_id);
    const keys = async (table: 'params' | 'tags', of: readonly string[]) =>
      new Set((await Promise.all(of.map((run) => log.list(table, 'owner', run)))).flat().map((row) => row.key));
    const steps = await Promise.all(runs.map((run) => log.list('metric_steps', 'run_id', run)));
    const metrics = new Set(pointsOf(steps.flat()).map((m) => m.key));
    expect([...(await keys('params', runs))], `${name}: params`).toEqual(expect.arrayContaining([...wanted.params]));
    expect([...metrics], `${name}: metrics`).toEqual(expect.arrayContaining([...wanted.metrics]));
    if ('tags' in wanted) expect([...(await keys('tags', runs))], `${name}: tags`).toEqual(expect.arrayContaining([...wanted.tags]));
    if ('files' in wanted) for (const file of wanted.files) expect(await log.artifact(runs[0] ?? '', file), file).toBeDefined();
    for (const run of runs) {
      const tags = new Map((await log.list('tags', 'owner', run)).map((t) => [t.key, t.value]));
      expect(tags.get('mlflow.user')).toBe(`learner-${log.deviceId.slice(0, 8)}`);
      expect(tags.get('mlflow.source.name')).toBe(`examsgraph@${VERSION}`);
      expect([tags.get('eg.device_id'), tags.get('eg.schema')]).toEqual([log.deviceId, '1']);
      expect(tags.get('eg.kind')).toBeTruthy();
    }
  }
});

test('the version that runs name is the product’s', () => {
  expect(VERSION).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version);
});

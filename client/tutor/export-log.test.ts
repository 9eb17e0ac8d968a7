// @vitest-environment node
import { readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { epochMs } from '#shared/domain/time.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { rightChoice } from '#shared/packs/grade.ts';
import { samplePack } from '#shared/testing/sample-pack.ts';
import { csvCell } from '#shared/tracking/mlruns.ts';
import { pointsOf } from '#shared/tracking/rows.ts';
import { globalModel } from '../ports/global-model.ts';
import { inPageTrainer } from '../ports/in-page-trainer.ts';
import { memoryExperimentLog } from '../ports/memory-experiment-log.ts';
import { exportLog } from './export-log.ts';
import { openTutor } from './tutor.ts';

const GLOBAL = globalModel(
  JSON.parse(readFileSync('public/models/start.json', 'utf8')),
  new Uint8Array(readFileSync('public/models/start.bin')),
);

test('a log of sessions and a training is exported whole: every run, the history of its metrics, the model, every event', async () => {
  const rng = seededRng(1);
  let at = 1_700_000_000_000;
  const moment = () => {
    at += 1000;
    return { at: epochMs(at), tz: 540, rng };
  };
  const log = memoryExperimentLog(moment);
  const tutor = openTutor(samplePack(40), { log, global: GLOBAL, moment, deviceKind: 'phone', exclusively: (work) => work(true) });
  const id = await tutor.startSession({ mode: 'practice', planned: 34 });
  for (let shown = await tutor.question(id); shown; shown = await tutor.question(id)) {
    const isRight = shown.item.topics[0] === 'a';
    const choice = isRight ? rightChoice(shown.item) : { kind: 'options' as const, ids: ['none'] };
    await tutor.record({ shown, choice, confidence: 'sure', msRaw: 3000 });
  }
  await tutor.endSession(id, 'finished');
  await tutor.train(inPageTrainer(), () => undefined, new AbortController().signal);
  const files = unzipSync(await exportLog(log, tutor));
  const text = (path: string) => strFromU8(files[path] ?? new Uint8Array());
  for (const run of await log.list('runs')) {
    const root = `mlruns/${run.experiment_id}/${run.run_id}`;
    for (const folder of ['metrics/', 'params/', 'artifacts/']) expect(files).toHaveProperty([`${root}/${folder}`]);
    expect(text(`${root}/meta.yaml`)).toContain(`run_uuid: "${run.run_id}"`);
    expect(text(`${root}/meta.yaml`)).toMatch(/status: [1345]\n/);
    const user = (await log.get('tags', [run.run_id, 'mlflow.user']))?.value;
    expect(user).toMatch(/^learner-/);
    expect(text(`${root}/meta.yaml`)).toContain(`user_id: "${user}"`);
    const points = pointsOf(await log.list('metric_steps', 'run_id', run.run_id)).filter((m) => m.key === 'accuracy');
    if (points.length > 0) expect(text(`${root}/metrics/accuracy`).trim().split('\n')).toHaveLength(points.length);
  }
  const [version] = await log.list('model_versions');
  expect(text(`mlruns/models/${version?.name}/version-1/meta.yaml`)).toContain(`run_id: "${version?.run_id}"`);
  expect(text(`mlruns/models/${version?.name}/aliases/champion`)).toBe('1');
  expect(Object.keys(files).some((path) => path.endsWith(`${version?.run_id}/artifacts/model/personal.json`))).toBe(true);
  const registered = `mlruns/${(await log.get('runs', version?.run_id ?? ''))?.experiment_id}/${version?.run_id}/artifacts/model`;
  expect(text(`mlruns/models/${version?.name}/version-1/meta.yaml`)).toContain(`source: "./${registered}"`);
  expect(files[`${registered}/model.onnx`]).toEqual(files['model/model.onnx']);
  expect(text(`${registered}/MLmodel`)).toBe(text('model/MLmodel'));
  expect((JSON.parse(text('log.json')) as unknown[]).length).toBe((await log.events()).length);
  expect(text('csv/answers.csv').split('\r\n')).toHaveLength(35);
  expect(text('model/MLmodel')).toContain('mlflow.onnx');
  expect(text('model/MLmodel')).toContain('  dp_epsilon: null\n  dp_delta: null\n  flush: null\n');
  expect(files['model/model.onnx']?.length).toBeGreaterThan(5892);
  expect(JSON.parse(text('model/features.json'))).toHaveLength(28);
  expect(JSON.parse(text('model/tfjs/model.json')).weightsManifest[0].paths).toEqual(['group1-shard1of1.bin']);
  expect(files['model/tfjs/group1-shard1of1.bin']).toHaveLength(4 * (1473 + 29));
});

test('the exported model says what was promised to those whose updates are in the shared one behind it', async () => {
  const moment = () => ({ at: epochMs(1_700_000_000_000), tz: 0, rng: seededRng(3) });
  const log = memoryExperimentLog(moment);
  const tutor = openTutor(samplePack(5), { log, global: GLOBAL, moment, deviceKind: 'phone', exclusively: (work) => work(true) });
  const { label, weights, sha256 } = GLOBAL;
  const serving = { version: 3, label, taskId: '', sha256, served: weights, base: weights, baseSha256: '', logIndex: 9, isUsed: true };
  const privacy = { epsilon: 2.985, delta: 1e-6, flush: 12 };
  const value = { ...serving, lossBefore: null, lossAfter: null, at: 1, privacy };
  await log.federation.write([{ kind: 'value', key: 'serving', value }]);
  const metadata = async () => strFromU8(unzipSync(await exportLog(log, tutor))['model/MLmodel'] ?? new Uint8Array());
  expect(await metadata()).toContain('  dp_epsilon: 2.985\n  dp_delta: 0.000001\n  flush: 12\n');
  // of another model nothing is claimed for this one
  await log.federation.write([{ kind: 'value', key: 'serving', value: { ...value, label: 'another/1' } }]);
  expect(await metadata()).toContain('  dp_epsilon: null\n');
});

test('names out of a restored log never leave the folder they belong to', async () => {
  const log = memoryExperimentLog(() => ({ at: epochMs(1_700_000_000_000), tz: 0, rng: seededRng(2) }));
  const [runId, key] = ['../../x', '../../../../.bashrc'];
  const run = {
    run_id: runId,
    experiment_id: '..',
    run_name: 'r',
    start_time: 1,
    params: [{ key, value: 'v' }],
    tags: [{ key: '..', value: 'v' }],
  };
  const artifacts = [{ run_id: runId, path: '../../../x.sh', bytes: new Uint8Array() }];
  await log.append(
    [
      { kind: 'experiment.created', body: { experiment_id: '..', name: 'e' } },
      { kind: 'run.created', body: run },
      { kind: 'metric.logged', body: { run_id: runId, metrics: [{ key: './..', value: 1, timestamp: 1, step: 0 }] } },
    ],
    { artifacts },
  );
  const paths = Object.keys(unzipSync(await exportLog(log, null)));
  expect(paths.filter((path) => /(^|\/)\.{1,2}(\/|$)|^\/|\\|\/\//.test(path))).toEqual([]);
  expect(paths).toContain('mlruns/__/.._.._x/params/__/__/__/__/.bashrc');
  expect(paths).toContain('mlruns/__/.._.._x/artifacts/__/__/__/x.sh');
});

test('a cell that a spreadsheet would run is made text, and a number stays one', () => {
  for (const hostile of ['=1+1', '+cmd', '-2+3', '@SUM(A1)', '\t=1']) expect(csvCell(hostile).replace(/^"/, '')).toMatch(/^'/);
  expect(csvCell(-3)).toBe('-3');
  expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
});

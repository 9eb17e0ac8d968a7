import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Incoming } from '#shared/tracking/client.ts';
import { type ExportedRows, mlrunsFiles } from '#shared/tracking/mlruns.ts';
import { readMlruns } from '#shared/tracking/mlruns-read.ts';
import { PUSHED_ID, pushRuns } from '#shared/tracking/push.ts';
import { newTestTracking, type TestTracking } from './test-installation.ts';

let t: TestTracking;
beforeAll(async () => {
  t = await newTestTracking({ name: 'push' });
});
afterAll(() => t.close());

const bytes = (text: string) => new TextEncoder().encode(text);
const RUN = { experiment_id: '1', run_name: 'session', status: 'FINISHED', start_time: 5, end_time: 9, lifecycle_stage: 'active' } as const;
const point = (run_id: string, key: string, step: number, value: number) => ({ run_id, key, step, timestamp: 5 + step, value });
const ROWS = {
  experiments: [{ experiment_id: '1', name: 'study-sessions', creation_time: 1, lifecycle_stage: 'active' }],
  runs: [
    { ...RUN, run_id: 'a'.repeat(32) },
    { ...RUN, run_id: 'b'.repeat(32), status: 'RUNNING', end_time: null },
    { ...RUN, run_id: 'c'.repeat(32), lifecycle_stage: 'deleted' },
  ],
  params: [{ owner: 'a'.repeat(32), key: 'mode', value: 'practice' }],
  tags: [{ owner: 'a'.repeat(32), key: 'eg.kind', value: 'study-session\nof two lines' }],
  metrics: [
    ...Array.from({ length: 1500 }, (_, n) => point('a'.repeat(32), 'accuracy', n, n / 1500)),
    point('a'.repeat(32), 'loss', 1, Number.NaN),
    point('a'.repeat(32), 'loss', 2, Number.NEGATIVE_INFINITY),
  ],
  model_versions: [],
  aliases: [],
  answers: [],
} as unknown as ExportedRows;

const archive = (): Record<string, Uint8Array> => ({
  ...Object.fromEntries(Object.entries(mlrunsFiles(ROWS)).map(([path, text]) => [path, bytes(text)])),
  [`mlruns/1/${'a'.repeat(32)}/artifacts/model/personal.json`]: bytes('{"layer":1}'),
  [`mlruns/1/${'a'.repeat(32)}/params/`]: new Uint8Array(),
  [`mlruns/1/${'a'.repeat(32)}/artifacts/../../../0/taken.bin`]: bytes('x'),
  'log.json': bytes('[]'),
});

async function putFile(path: string, content: Uint8Array): Promise<Incoming> {
  const response = await fetch(t.base + path, { method: 'PUT', body: content as BodyInit });
  return { status: response.status, text: await response.text(), retryAfterS: null };
}
const waitMs = async () => undefined;

test('an exported log pushed to a server is there as it was, histories and artifacts too; pushed again nothing is there twice', async () => {
  const told: number[] = [];
  const ports = { client: t.client, putFile, waitMs, onProgress: (done: number) => told.push(done) };
  const ids = await pushRuns(ports, readMlruns(archive()));
  expect(told).toEqual([1, 2]);
  const [before] = await t.db.query<{ n: string }>('SELECT sum(rev) AS n FROM runs WHERE run_id = $1', [ids[0]]);
  expect(await pushRuns(ports, readMlruns(archive()))).toEqual(ids);
  const [after] = await t.db.query<{ n: string }>('SELECT sum(rev) AS n FROM runs WHERE run_id = $1', [ids[0]]);
  expect(after).toEqual(before);
  const { experiment } = await t.client.call('getExperimentByName', { experiment_name: 'study-sessions' });
  const { runs = [] } = await t.client.call('searchRuns', { experiment_ids: [experiment.experiment_id] });
  expect(runs).toHaveLength(2);
  const { info, data } = (await t.client.call('getRun', { run_id: ids[0] ?? '' })).run;
  expect(info).toMatchObject({ run_name: 'session', status: 'FINISHED', start_time: 5, end_time: 9 });
  expect(data.params).toEqual([{ key: 'mode', value: 'practice' }]);
  const tags = new Map(data.tags?.map((x) => [x.key, x.value]));
  expect([tags.get('eg.kind'), tags.get(PUSHED_ID)]).toEqual(['study-session\nof two lines', 'a'.repeat(32)]);
  const history = async (metric_key: string) =>
    (await t.client.call('getMetricHistory', { run_id: ids[0] ?? '', metric_key, max_results: 5000 })).metrics ?? [];
  expect((await history('accuracy')).map((m) => m.value)).toEqual(Array.from({ length: 1500 }, (_, n) => n / 1500));
  // MLflow keeps infinities as the greatest numbers there are
  expect((await history('loss')).map((m) => String(m.value))).toEqual(['NaN', String(-Number.MAX_VALUE)]);
  const { files } = await t.client.call('listArtifacts', { run_id: ids[0] ?? '', path: 'model' });
  expect(files).toMatchObject([{ path: 'model/personal.json', file_size: 11 }]);
  const { files: all } = await t.client.call('listArtifacts', { run_id: ids[0] ?? '' });
  expect(all?.map((f) => f.path)).toEqual(['__', 'model']);
  expect((await t.client.call('getRun', { run_id: ids[1] ?? '' })).run.info.status).toBe('RUNNING');
});

test('a file that is no exported log is refused by name', () => {
  expect(() => readMlruns({ 'x.txt': bytes('x') })).toThrow(/not an exported log/);
  expect(() => readMlruns({ 'mlruns/1/r/meta.yaml': bytes('status: {') })).toThrow('mlruns/1/r/meta.yaml is not as an export writes it.');
});

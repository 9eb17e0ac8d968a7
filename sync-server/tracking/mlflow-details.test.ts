import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTestTracking, type TestTracking } from './test-installation.ts';

let t: TestTracking;
let experiment_id: string;
let run_id: string;
let model_id: string;
beforeAll(async () => {
  t = await newTestTracking({ name: 'details', isTestMode: true });
  experiment_id = (await t.client.call('createExperiment', { name: 'details' })).experiment_id;
  run_id = (await t.client.call('createRun', { experiment_id })).run.info.run_id;
  model_id = (await t.client.call('createLoggedModel', { experiment_id, name: 'm' })).model.info.model_id;
});
afterAll(() => t.close());

const refused = { code: 'INVALID_PARAMETER_VALUE' };
const point = { key: 'acc', value: 1, timestamp: 1, step: 0 };

test('a parameter of a logged model is written once: the same again is taken, another is refused and changes nothing', async () => {
  await t.client.call('logLoggedModelParams', { model_id, params: [{ key: 'q', value: '1' }] });
  await t.client.call('logLoggedModelParams', { model_id, params: [{ key: 'q', value: '1' }] });
  await expect(t.client.call('logLoggedModelParams', { model_id, params: [{ key: 'q', value: '2' }] })).rejects.toMatchObject(refused);
  const { model } = await t.client.call('getLoggedModel', { model_id });
  expect(model.data.params).toEqual([{ key: 'q', value: '1' }]);
});

test('a figure names a data set whole or not at all, and no logged model that is not there', async () => {
  await expect(t.client.call('logMetric', { run_id, ...point, dataset_name: 'd' })).rejects.toMatchObject(refused);
  await expect(t.client.call('logMetric', { run_id, ...point, dataset_digest: 'x' })).rejects.toMatchObject(refused);
  await expect(t.client.call('logBatch', { run_id, metrics: [{ ...point, model_id: 'm-none' }] })).rejects.toMatchObject(refused);
  expect((await t.client.call('getRun', { run_id })).run.data.metrics ?? []).toEqual([]);
  await t.client.call('logBatch', { run_id, metrics: [{ ...point, model_id, dataset_name: 'd', dataset_digest: 'x' }] });
});

test('logged models are ordered by a figure on a data set told by its digest alone, and found by when they were made', async () => {
  const other = (await t.client.call('createLoggedModel', { experiment_id, name: 'n' })).model.info.model_id;
  const log = (id: string, value: number, dataset_digest: string) =>
    t.client.call('logBatch', {
      run_id,
      metrics: [{ key: 'f', value, timestamp: value, step: 0, model_id: id, dataset_name: 'd', dataset_digest }],
    });
  await log(model_id, 3, 'one');
  await log(model_id, 9, 'two');
  await log(other, 5, 'one');
  const order = async (dataset_digest: string) => {
    const order_by = [{ field_name: 'metrics.f', ascending: false, dataset_digest }];
    const { models } = await t.client.call('searchLoggedModels', { experiment_ids: [experiment_id], order_by });
    return models?.map((m) => m.info.model_id);
  };
  expect(await order('one')).toEqual([other, model_id]);
  expect(await order('two')).toEqual([model_id, other]);
  const { models } = await t.client.call('searchLoggedModels', { experiment_ids: [experiment_id], filter: 'creation_time > 0' });
  expect(models).toHaveLength(2);
});

test('a model renamed to its own name is as it was; Default was made when the schema was; a doubled slash leads to the same answer', async () => {
  await t.client.call('createModel', { name: 'own' });
  expect((await t.client.call('renameModel', { name: 'own', new_name: 'own' })).registered_model.name).toBe('own');
  const { experiment } = await t.client.call('getExperiment', { experiment_id: '0' });
  expect(experiment.creation_time).toBeGreaterThan(1_600_000_000_000);
  for (const path of ['//health', '//version']) expect((await fetch(t.base + path)).status).toBe(200);
});

test('the largest numbers are told as numbers are', async () => {
  await t.client.call('logMetric', { run_id, key: 'inf', value: Number.POSITIVE_INFINITY, timestamp: 1, step: 0 });
  const text = await (await fetch(`${t.base}/api/2.0/mlflow/runs/get?run_id=${run_id}`)).text();
  expect(text).toContain('1.7976931348623157e+308');
});

test('in test mode too a file does not take a folder’s place, nor lie below a file', async () => {
  const put = (path: string) => fetch(`${t.base}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body: 'x' });
  expect((await put('f/x')).status).toBe(200);
  for (const path of ['f', 'f/x/y']) {
    const reply = await put(path);
    expect([reply.status, ((await reply.json()) as { error_code: string }).error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
  }
});

import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTestTracking, type TestTracking } from './test-installation.ts';

/** The npm package `mlflow`, as far as its own types do not matter here. */
interface NpmClient {
  readonly Experiments: Record<
    'create' | 'list' | 'get' | 'delete' | 'restore' | 'update' | 'setExperimentTag',
    (a?: object) => Promise<Told>
  >;
  readonly Runs: Record<
    'create' | 'delete' | 'restore' | 'get' | 'logMetric' | 'setTag' | 'deleteTag' | 'logParameter' | 'logBatch' | 'search' | 'update',
    (a: object) => Promise<Told>
  >;
  readonly Metrics: Record<'getHistory', (a: object) => Promise<Told>>;
  readonly Artifacts: Record<'list', (a: object) => Promise<Told>>;
}
type Told = Record<string, never> & { readonly experiment_id: string; readonly [key: string]: unknown };

let t: TestTracking;
let client: NpmClient;
beforeAll(async () => {
  t = await newTestTracking({ name: 'tracking_npm' });
  const MLflow = createRequire(import.meta.url)('mlflow') as new (args: { endpoint: string }) => NpmClient;
  client = new MLflow({ endpoint: t.base });
});
afterAll(() => t.close());

test('npm mlflow 2.0.7 lives an experiment and a run from beginning to end, its misspelt path and its list included', async () => {
  const { Experiments, Runs, Metrics, Artifacts } = client;
  const { experiment_id } = await Experiments.create({ name: 'from npm' });
  const { experiments } = (await Experiments.list()) as unknown as { experiments: { experiment_id: string; name: string }[] };
  expect(experiments.map((e) => [e.experiment_id, e.name]).sort()).toEqual(
    [
      ['0', 'Default'],
      [experiment_id, 'from npm'],
    ].sort(),
  );
  await Experiments.setExperimentTag({ experiment_id, key: 'k', value: 'v' });
  await Experiments.update({ experiment_id, new_name: 'renamed' });
  expect(await Experiments.get({ experiment_id })).toMatchObject({ experiment: { name: 'renamed', tags: [{ key: 'k', value: 'v' }] } });

  const created = await Runs.create({ experiment_id, user_id: 'me', start_time: 17, tags: [{ key: 'a', value: 'b' }] });
  const run_id = (created as unknown as { run: { info: { run_id: string } } }).run.info.run_id;
  await Runs.logMetric({ run_id, key: 'm', value: 0.5, timestamp: 1, step: 0 });
  await Runs.logBatch({ run_id, metrics: [{ key: 'm', value: 0.7, timestamp: 2, step: 1 }], params: [{ key: 'p', value: '1' }], tags: [] });
  await Runs.logParameter({ run_id, key: 'q', value: '2' });
  await Runs.setTag({ run_id, key: 'gone', value: 'x' });
  await Runs.deleteTag({ run_id, key: 'gone' });
  await Runs.update({ run_id, status: 'FINISHED', end_time: 99 });
  expect(await Runs.get({ run_id })).toMatchObject({
    run: {
      info: { user_id: 'me', status: 'FINISHED', start_time: 17, end_time: 99 },
      data: { metrics: [{ key: 'm', value: 0.7 }], params: [{ key: 'p' }, { key: 'q' }], tags: [{ key: 'a' }, { key: 'mlflow.runName' }] },
    },
  });
  expect(await Metrics.getHistory({ run_id, metric_key: 'm' })).toMatchObject({ metrics: [{ value: 0.5 }, { value: 0.7 }] });
  expect(await Artifacts.list({ run_id })).toMatchObject({ root_uri: `mlflow-artifacts:/${experiment_id}/${run_id}/artifacts` });
  expect(await Runs.search({ experiment_ids: [experiment_id], filter: 'metrics.m > 0.6' })).toMatchObject({ runs: [{ info: { run_id } }] });

  await Runs.delete({ run_id });
  expect(await Runs.search({ experiment_ids: [experiment_id] })).toEqual({});
  await Runs.restore({ run_id });
  await Experiments.delete({ experiment_id });
  expect(await Runs.get({ run_id })).toMatchObject({ run: { info: { lifecycle_stage: 'deleted' } } });
  await Experiments.restore({ experiment_id });
  expect(await Runs.get({ run_id })).toMatchObject({ run: { info: { lifecycle_stage: 'active' } } });
});

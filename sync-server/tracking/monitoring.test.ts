import { expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { logMinute } from './monitoring.ts';
import { systemRuns } from './system-runs.ts';
import { newTestTracking } from './test-installation.ts';

test('a day of the server is a run, its minutes are steps, a new release goes on with it, and the next day ends it', async () => {
  const t = await newTestTracking({ name: 'monitoring' });
  const runs = systemRuns(seededRng(1), 'examsgraph@test');
  const noon = Date.UTC(2026, 10, 27, 12);
  const minute = (at: number, release: string, p95: number) =>
    logMinute(t.db, runs, { at, release, uptime: 60, figures: { http_p95_ms: p95, uploads_accepted: 0 } });
  // somebody's own experiment of that name, from before it was taken, gives way with its runs
  const { experiment_id: mine } = await t.client.call('createExperiment', { name: 'mine' });
  await t.db.query("UPDATE experiments SET name = 'monitoring' WHERE experiment_id = $1", [mine]);
  const { run: running } = await t.client.call('createRun', { experiment_id: mine });
  await minute(noon, '1.0.0', 5);
  const { experiment: moved } = await t.client.call('getExperiment', { experiment_id: mine });
  expect(moved.name).toBe(`monitoring (${mine})`);
  await minute(noon + 60_000, '1.0.0', 7);
  await minute(noon + 120_000, '1.1.0', 6);
  const search = async () => {
    const { experiment } = await t.client.call('getExperimentByName', { experiment_name: 'monitoring' });
    return (await t.client.call('searchRuns', { experiment_ids: [experiment.experiment_id], order_by: ['start_time ASC'] })).runs ?? [];
  };
  const [day] = await search();
  expect(day?.info).toMatchObject({ run_name: '2026-11-27', status: 'RUNNING', start_time: noon });
  expect(day?.data.params).toEqual([{ key: 'release', value: '1.0.0' }]);
  const { metrics } = await t.client.call('getMetricHistory', { run_id: day?.info.run_id ?? '', metric_key: 'http_p95_ms' });
  expect(metrics?.map((m) => [m.step, m.value])).toEqual([
    [720, 5],
    [721, 7],
    [722, 6],
  ]);
  expect(day?.data.metrics?.find((m) => m.key === 'storage_usage')?.value).toBeGreaterThan(1e6);
  expect(day?.data.metrics?.find((m) => m.key === 'active_experiments')?.value).toBe(1);
  await t.client.call('deleteRun', { run_id: day?.info.run_id ?? '' });
  await minute(noon + 180_000, '1.1.0', 6);
  expect((await search())[0]?.info.lifecycle_stage).toBe('active');
  const { experiment } = await t.client.call('getExperimentByName', { experiment_name: 'monitoring' });
  const { run: other } = await t.client.call('createRun', { experiment_id: experiment.experiment_id });
  // an A/B test that runs is an experiment that is active
  await t.db.query("INSERT INTO ab_tests (task_id, test, hypothesis, planned, started_by, started_at) VALUES ('t', '{}', 'h', 1, 's', 0)");
  await minute(noon + 86_400_000, '1.1.0', 4);
  const days = await search();
  expect(days.filter((r) => r.info.run_id !== other.info.run_id).map((r) => [r.info.run_name, r.info.status])).toEqual([
    ['2026-11-27', 'FINISHED'],
    ['2026-11-28', 'RUNNING'],
  ]);
  for (const { info } of [running, other]) expect((await t.client.call('getRun', { run_id: info.run_id })).run.info.status).toBe('RUNNING');
  expect(days.find((r) => r.info.run_name === '2026-11-28')?.data.metrics?.find((m) => m.key === 'active_experiments')?.value).toBe(2);
  await t.close();
});

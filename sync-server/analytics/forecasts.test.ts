import { expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { systemRuns } from '../tracking/system-runs.ts';
import { newTestTracking } from '../tracking/test-installation.ts';
import { logWeek } from './forecasts.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MONDAY = Date.UTC(2026, 5, 1);

test('a week of the service is a step: devices seen in 28 days, from eight weeks on the growth expected, and nothing below twenty', async () => {
  const t = await newTestTracking({ name: 'forecasts' });
  const runs = systemRuns(seededRng(1), 'examsgraph@test');
  /** From now on as many devices are there, all seen just now. */
  const seen = async (count: number, at: number) => {
    await t.db.query('DELETE FROM devices');
    await t.db.query(
      `INSERT INTO devices (device_pk, account_pk, account_id, bearer_hash, enrolled_at, seen_at)
       SELECT sha256(n::text::bytea), sha256(n::text::bytea), substr(sha256(n::text::bytea), 1, 16), sha256(n::text::bytea), 0, $2 FROM generate_series(1, $1) n`,
      [count, at],
    );
  };
  const week = async (n: number, count: number, later = 0) => {
    await seen(count, MONDAY + n * WEEK_MS);
    await logWeek(t.db, runs, MONDAY + n * WEEK_MS + later, null);
  };
  const found = async () => {
    const { experiments } = await t.client.call('searchExperiments', { filter: "name = 'system-forecasts'", max_results: 1 });
    const ids = (experiments ?? []).map((e) => e.experiment_id);
    return ids.length === 0 ? [] : ((await t.client.call('searchRuns', { experiment_ids: ids })).runs ?? []);
  };
  const history = async (key: string) => {
    const [run] = await found();
    const { metrics } = await t.client.call('getMetricHistory', { run_id: run?.info.run_id ?? '', metric_key: key });
    return (metrics ?? []).map((m) => m.value);
  };
  await week(0, 19);
  expect(await found()).toEqual([]);
  // a tenth more each week, asked several times a week
  const counts = Array.from({ length: 8 }, (_, n) => Math.round(100 * 1.1 ** n));
  for (const [n, count] of counts.entries()) {
    if (n === 7) expect(await history('next_month_growth')).toEqual([]);
    await week(1 + n, count);
    await week(1 + n, 5 * count, 3 * DAY_MS);
  }
  expect(await history('total_active_users')).toEqual(counts);
  const [growth] = await history('next_month_growth');
  expect(growth).toBeGreaterThan(0.25);
  expect(growth).toBeLessThan(1.1 ** 4 - 1 + 0.05);
  const [run] = await found();
  expect(run?.info).toMatchObject({ run_name: 'damped-trend', status: 'RUNNING' });
  expect(run?.data.params).toEqual([
    { key: 'horizon', value: '12' },
    { key: 'method', value: 'damped-trend' },
  ]);
  // who was not seen for 28 days is gone, and a week without a count breaks the series
  await seen(300, MONDAY + 10 * WEEK_MS - 28 * DAY_MS);
  await logWeek(t.db, runs, MONDAY + 10 * WEEK_MS, null);
  await week(11, 200);
  expect((await history('total_active_users')).at(-1)).toBe(200);
  expect(await history('next_month_growth')).toHaveLength(1);
  for (let n = 12; n < 11 + 23; n++) {
    expect(await history('backtest_mase')).toEqual([]);
    await week(n, 200 + 10 * (n - 11));
  }
  const [mase] = await history('backtest_mase');
  expect(mase).toBeGreaterThan(0);
  expect(mase).toBeLessThan(0.5);
  await t.close();
});

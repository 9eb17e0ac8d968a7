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
    await logWeek(t.db, runs, { at: MONDAY + n * WEEK_MS + later, assumed: null, statisticsTask: null });
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
  await logWeek(t.db, runs, { at: MONDAY + 10 * WEEK_MS, assumed: null, statisticsTask: null });
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

test('who came long ago and was seen of late is likely to stay; what is believed of revenue is logged beside what follows from it', async () => {
  const t = await newTestTracking({ name: 'churn' });
  const runs = systemRuns(seededRng(1), 'examsgraph@test');
  /** `count` devices that came `came` weeks ago and were seen `stayed` weeks after. */
  const devices = async (from: number, count: number, came: number, stayed: number, now: number) =>
    t.db.query(
      `INSERT INTO devices (device_pk, account_pk, account_id, bearer_hash, enrolled_at, seen_at)
       SELECT sha256(n::text::bytea), sha256(n::text::bytea), substr(sha256(n::text::bytea), 1, 16), sha256(n::text::bytea), $3, $4
       FROM generate_series($1::int, $1::int + $2::int - 1) n`,
      [from, count, now - came * WEEK_MS, now - (came - stayed) * WEEK_MS],
    );
  const logged = async () => {
    const [run] = await t.db.query<{ metrics: Record<string, number> }>(
      `SELECT (SELECT json_object_agg(key, value) FROM latest_metrics m WHERE m.run_id = r.run_id) AS metrics
       FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = 'system-forecasts'`,
    );
    return run?.metrics ?? {};
  };
  await devices(0, 19, 10, 10, MONDAY);
  await devices(100, 10, 2, 2, MONDAY);
  await logWeek(t.db, runs, { at: MONDAY, assumed: null, statisticsTask: null });
  expect(await logged(), 'nineteen are too few for a curve').not.toHaveProperty('churn_risk');
  // of a hundred that came ten weeks ago forty left in the first week, ten more in each of the next two, and the rest stayed
  const later = MONDAY + WEEK_MS;
  await t.db.query('DELETE FROM devices');
  for (const [i, [count, stayed]] of [
    [40, 0],
    [10, 1],
    [10, 2],
    [40, 10],
  ].entries())
    await devices(1000 * i, count as number, 10, stayed as number, later);
  await logWeek(t.db, runs, { at: later, assumed: { price: 10, conversion: [0.02, 0.05] }, statisticsTask: null });
  const old = (await logged())['churn_risk'] ?? Number.NaN;
  expect(old).toBeGreaterThan(0.02);
  expect(old).toBeLessThan(0.3);
  const newcomers = later + WEEK_MS;
  await devices(9000, 400, 0, 0, newcomers);
  await logWeek(t.db, runs, { at: newcomers, assumed: { price: 10, conversion: [0.02, 0.05] }, statisticsTask: null });
  expect((await logged())['churn_risk'], 'newcomers are likelier to leave').toBeGreaterThan(old + 0.1);
  for (let n = 3; n < 8; n++) {
    const at = MONDAY + n * WEEK_MS;
    expect(await logged()).not.toHaveProperty('revenue_forecast');
    await t.db.query('UPDATE devices SET seen_at = $1', [at]);
    await logWeek(t.db, runs, { at: at, assumed: { price: 10, conversion: [0.02, 0.05] }, statisticsTask: null });
  }
  const { revenue_forecast, total_active_users, assumed_price, assumed_conversion_low, assumed_conversion_high } = await logged();
  expect([assumed_price, assumed_conversion_low, assumed_conversion_high]).toEqual([10, 0.02, 0.05]);
  expect((revenue_forecast ?? 0) / ((total_active_users ?? 1) * 10)).toBeGreaterThan(0.02);
  expect((revenue_forecast ?? 0) / ((total_active_users ?? 1) * 10)).toBeLessThan(0.1);
  await t.close();
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recomputeLedger } from '#shared/aggregation/log-entry.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { COHORT_CELLS, encodeCells } from '#shared/statistics/layout.ts';
import { deviceByBearer } from '../federation/enrolment.ts';
import { receiptOf } from '../federation/reports.ts';
import { newTestInstallation, reportIdOf, type TestAccount, type TestInstallation } from '../federation/test-installation.ts';
import { work } from '../federation/work.ts';
import { watchedFigures, weekFigures } from './cohort-figures.ts';
import { latestSlots, readReleases } from './releases.ts';

const refusal = (kind: string, status: number) => expect.objectContaining({ kind, status });
/** Noise so small that what was told can be read off. */
const QUIET = { sigma: 0.002, kappa: 0 };
const DAY_MS = 86_400_000;

const told = (set: Readonly<Record<number, number>>) => encodeCells(Float64Array.from({ length: COHORT_CELLS }, (_, i) => set[i] ?? 0));

describe('cohort statistics', () => {
  let i: TestInstallation;
  let accounts: TestAccount[];
  beforeAll(async () => {
    i = await newTestInstallation({ name: 'cohorts', change: { k: 5 }, weeks: QUIET });
    accounts = [];
    for (let n = 0; n < 6; n++) accounts.push(await i.newAccount());
  });
  afterAll(() => i.close());

  const runsOf = async (experiment: string) =>
    i.leader.db.query<{ run_id: string; params: Record<string, string>; metrics: Record<string, number>; steps: string[] }>(
      `SELECT r.run_id, (SELECT json_object_agg(key, value) FROM params p WHERE p.run_id = r.run_id) AS params,
         (SELECT json_object_agg(key, value) FROM metrics m WHERE m.run_id = r.run_id) AS metrics,
         (SELECT array_agg(DISTINCT step) FROM metrics m WHERE m.run_id = r.run_id) AS steps
       FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = $1 ORDER BY r.start_time, r.run_id`,
      [experiment],
    );
  const updatesOfSlot = async (t: number) => (await runsOf('daily-updates')).find((r) => r.params['slot'] === String(t));
  const slot = async (set: Readonly<Record<number, number>>, from = 0) => {
    const reports = accounts.slice(from, from + 5).map((a) => i.week(a, told(set)));
    for (const bytes of reports) expect((await i.put(bytes)).status).toBe(201);
    await work(i.leader);
    await readReleases(i.leader);
    return reports;
  };

  test('exactly K weeks become one sum: its cells are their mean, and no model comes of it', async () => {
    const [first] = await slot({ 0: 4 / 7, 11: 0.3, 30: 1, 45: 0.6, 105: 0.5, 106: 0.25, 113: 0.3, 114: 0.1 });
    const [row] = await i.leader.db.query<{ cells: number[] }>('SELECT cells FROM cohort_slots');
    expect(row?.cells).toHaveLength(COHORT_CELLS);
    expect(row?.cells[0]).toBeCloseTo(4 / 7, 1);
    expect(row?.cells[45]).toBeCloseTo(0.6, 1);
    expect(await i.leader.db.query('SELECT 1 FROM models')).toHaveLength(1);
    const device = await deviceByBearer(i.leader, `Bearer ${accounts[0]?.bearer}`);
    const { receipt } = await receiptOf(i.leader, device, reportIdOf(first as Uint8Array));
    expect(receipt).toMatchObject({ state: 'landed', t: 1, version: null });
    expect(await readReleases(i.leader)).toBe(0);
  });

  test('both tasks go their own way: an account may have a report of each under way, and families never share a count', async () => {
    const own = accounts[0] as TestAccount;
    expect((await i.put(i.report(own))).status).toBe(201);
    expect((await i.put(i.week(own, told({})))).status).toBe(201);
    await expect(i.put(i.week(own, told({})))).rejects.toEqual(refusal('account_limit', 409));
    const tags = await i.helper.db.query<{ n: string }>('SELECT count(*) AS n FROM tags WHERE budget_family = $1', [
      fromHex(i.statistics.budget_family),
    ]);
    expect(Number(tags[0]?.n)).toBe(5);
    await i.leader.db.query("DELETE FROM reports WHERE state = 'held'");
  });

  test('a week that names a model, or a week sent as an update, is refused and nothing of it is stored', async () => {
    const { makeContribution } = await import('#shared/aggregation/contribution.ts');
    const { leader } = i;
    const account = accounts[5] as TestAccount;
    const forged = (base: { version: number; sha256: Uint8Array }) =>
      makeContribution(
        leader.crypto,
        { config: i.statistics, base, promoted: base.version, slot: 1, secrets: account },
        told({}),
        leader.rng,
      ).bytes;
    await expect(i.put(forged({ version: 1, sha256: new Uint8Array(32) }))).rejects.toEqual(refusal('malformed', 422));
    await expect(i.put(forged({ version: 0, sha256: new Uint8Array(32).fill(1) }))).rejects.toEqual(refusal('malformed', 422));
    const asUpdate = i.week(account, told({}));
    asUpdate[6] = 1;
    await expect(i.put(asUpdate)).rejects.toEqual(refusal('signature', 401));
    expect(await leader.db.query("SELECT 1 FROM reports WHERE state = 'held'")).toHaveLength(0);
  });

  test('a slot is logged once: its price among the flushes, and what it tells of updates by UTC day, once enough contributed', async () => {
    const flushes = (await runsOf('federated-flushes')).filter((r) => r.params['config_hash'] !== undefined);
    expect(flushes).toHaveLength(1);
    expect(flushes[0]?.params).toMatchObject({ slot: '1', k: '5', strategy: 'independent', band: '1' });
    expect(Object.keys(flushes[0]?.metrics ?? {}).sort()).toEqual(['epsilon_cap', 'epsilon_running', 'rho_cap', 'rho_running']);
    // five contributions are too few to say anything of: their run says nothing
    expect((await runsOf('daily-updates'))[0]).toMatchObject({ params: { slot: '1' }, metrics: null });
    for (let n = 0; n < 3; n++) await slot({ 0: 4 / 7, 11: 0.3, 30: 1, 45: 0.6, 105: 0.5, 106: 0.25, 113: 0.3, 114: 0.1 });
    const logged = await updatesOfSlot(4);
    expect(logged?.metrics['total_users_updated']).toBeCloseTo((10 * 5 * 0.3) / 7, 1);
    expect(logged?.metrics['updates_refused']).toBeCloseTo((10 * 5 * 0.1) / 7, 1);
    expect(logged?.metrics['failed_updates']).toBeCloseTo(0, 1);
    expect(logged?.metrics['total_users_updated_se']).toBeGreaterThan(0);
    expect(logged?.metrics).not.toHaveProperty('average_improvement');
    expect(logged?.steps).toEqual([String(Math.floor(i.clock.now / DAY_MS))]);
    for (let n = 0; n < 4; n++) await slot({ 0: 4 / 7, 11: 0.2, 34: 1, 45: 0.6, 105: 0.5, 106: 0.25 });
    const improved = await updatesOfSlot(8);
    expect(improved?.metrics['average_improvement']).toBeCloseTo(0.2, 1);
  });

  test('cut off before it is written, a slot is read again, and once', async () => {
    const { db } = i.leader;
    const count = async () => [
      (await db.query('SELECT 1 FROM cohort_slots')).length,
      (await runsOf('federated-flushes')).length,
      (await runsOf('daily-updates')).length,
    ];
    const before = await count();
    for (const account of accounts.slice(0, 5)) await i.put(i.week(account, told({ 45: 0.6 })));
    await work(i.leader);
    const reach = () => {
      throw new Error('killed');
    };
    await expect(readReleases({ ...i.leader, reach })).rejects.toThrow('killed');
    expect(await count()).toEqual(before);
    const both = await Promise.all([readReleases(i.leader), readReleases(i.leader)]);
    expect(both.reduce((a, b) => a + b)).toBe(1);
    expect(await count()).toEqual(before.map((n) => n + 1));
    await db.query('DELETE FROM cohort_slots WHERE t = 9');
  });

  test('what is watched comes from the last 28 days alone, and vanishes with them', async () => {
    const { db } = i.leader;
    const task = fromHex(i.statistics.task_id);
    const watched = await watchedFigures(db, i.clock.now, task);
    expect(watched['user_model_accuracy']).toBeCloseTo(0.6, 1);
    expect(watched['user_satisfaction_score']).toBeCloseTo(3, 0);
    expect(watched['personalization_effectiveness']).toBeCloseTo(-1, 0);
    expect(watched['model_drift_detection']).toBe(watched['psi_max']);
    expect(watched['psi_max']).toBeGreaterThan(1);
    const week = await weekFigures(db, i.clock.now, task);
    expect(week.average_accuracy?.value).toBeCloseTo(0.6, 1);
    expect(week.system_engagement?.value).toBeCloseTo(4, 0);
    expect((await latestSlots(db, i.clock.now, task))?.slots).toHaveLength(8);
    expect(await watchedFigures(db, i.clock.now + 29 * DAY_MS, task)).toEqual({});
    expect(await latestSlots(db, i.clock.now + 29 * DAY_MS, task)).toBeNull();
    // of another task nothing, of no task nothing
    expect(await watchedFigures(db, i.clock.now, i.taskId)).toEqual({});
    expect(await watchedFigures(db, i.clock.now, null)).toEqual({});
    expect(watched['private_figures_timestamp_seconds']).toBe(i.clock.now / 1000);
  });

  test('the ledger with both families recomputes, entry by entry', async () => {
    await i.put(i.report(accounts[1] as TestAccount));
    const entries = (await i.log.entries(0, 1000)).map((text) => JSON.parse(text) as unknown);
    const verdict = recomputeLedger(entries);
    expect(verdict.fault).toBeNull();
    expect(verdict.points.filter((p) => p.taskId === toHex(fromHex(i.statistics.task_id)))).toHaveLength(9);
  });
});

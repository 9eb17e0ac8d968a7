import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatisticsConfig } from '#shared/aggregation/config.ts';
import { makeContribution } from '#shared/aggregation/contribution.ts';
import { NO_BASE } from '#shared/aggregation/header.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import { tellOutcome } from '#shared/statistics/ab-test.ts';
import { COHORT_CELLS, encodeCells } from '#shared/statistics/layout.ts';
import { configsOf, lastSlot } from '../federation/leader.ts';
import { seedStatistics } from '../federation/seed.ts';
import { newTestInstallation, type TestAccount, type TestInstallation } from '../federation/test-installation.ts';
import { work } from '../federation/work.ts';
import { endTest, startTest, type TestPorts, testsOf } from './ab-tests.ts';
import { readReleases } from './releases.ts';

const refusal = (kind: string, status: number) => expect.objectContaining({ kind, status });
const arms = (rates: readonly number[]) =>
  rates.map((explore_rate, i) => ({ name: i === 0 ? 'control' : `challenger ${i}`, share: 10_000 / rates.length, explore_rate }));
const plan = (rates: readonly number[], change: object = {}) => ({
  design: { goal: 'gain', arms: arms(rates), window_days: 7, ...change },
  hypothesis: 'more free picks help',
  planned: 100,
  by: 'admin',
});

describe('A/B tests on the server', () => {
  let i: TestInstallation;
  let ports: TestPorts;
  let accounts: TestAccount[];
  let aa = 0;
  beforeAll(async () => {
    // noise so small that members can be counted, and enough of them that they may be told
    i = await newTestInstallation({ name: 'abtests', weeks: { sigma: 0.002, kappa: 0, k: 60 } });
    ports = { leader: i.leader, taskId: fromHex(i.statistics.task_id), publish: () => i.log.publish() };
    accounts = [];
    for (let n = 0; n < 60; n++) accounts.push(await i.newAccount());
  });
  afterAll(() => i.close());

  const current = async () => {
    const last = (await configsOf(i.leader.db, fromHex(i.statistics.task_id))).at(-1);
    if (last?.kind !== 'cohort-statistics') throw new Error('no statistics');
    return last;
  };
  /** A slot in which the accounts tell outcomes by arm: even ones in the first, odd ones in the second. */
  const slot = async (outcomes: readonly [number, number]) => {
    const t = (await lastSlot(i.leader.db, fromHex(i.statistics.task_id))) + 1;
    const config = (await configsOf(i.leader.db, fromHex(i.statistics.task_id))).findLast((c) => c.from_slot <= t) as StatisticsConfig;
    for (const [n, account] of accounts.entries()) {
      const values = new Float64Array(COHORT_CELLS);
      for (const own of config.tests ?? []) tellOutcome(values, own, n % 2, outcomes[(n % 2) as 0 | 1]);
      const made = makeContribution(
        i.leader.crypto,
        { config, base: NO_BASE, promoted: 0, slot: 1, secrets: account },
        encodeCells(values),
        i.leader.rng,
      );
      expect((await i.put(made.bytes)).status).toBe(201);
    }
    await work(i.leader);
    await readReleases(i.leader);
  };
  const runsOf = () =>
    i.leader.db.query<{
      name: string;
      status: string;
      params: Record<string, string>;
      tags: Record<string, string>;
      metrics: Record<string, number> | null;
    }>(
      `SELECT r.run_name AS name, r.status, (SELECT json_object_agg(key, value) FROM params p WHERE p.run_id = r.run_id) AS params,
         (SELECT json_object_agg(key, value) FROM tags t WHERE t.run_id = r.run_id) AS tags,
         (SELECT json_object_agg(key, value) FROM latest_metrics m WHERE m.run_id = r.run_id) AS metrics
       FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = 'ab-tests' ORDER BY r.run_name`,
    );

  test('what does anything waits for a test of nothing against nothing; a bad design is refused and leaves nothing behind', async () => {
    await expect(startTest(ports, plan([0.05, 0.2]))).rejects.toEqual(refusal('untested', 409));
    await expect(startTest(ports, plan([0.05, 0.05], { goal: 'income' }))).rejects.toEqual(refusal('malformed', 422));
    await expect(startTest(ports, plan([0.05, 0.05], { arms: arms([0.05, 0.05, 0.05]) }))).rejects.toEqual(refusal('malformed', 422));
    await expect(
      startTest({ ...ports, leader: { ...i.leader, approve: () => Promise.reject(new Error('helper away')) } }, plan([0.05, 0.05])),
    ).rejects.toThrow('away');
    expect(await testsOf(i.leader.db, ports.taskId)).toEqual([]);
    expect((await current()).tests).toBeUndefined();
  });

  test('a test begins with the next slot, and its arms are runs under its own', async () => {
    await slot([0, 0]);
    const id = await startTest(ports, plan([0.05, 0.05]));
    aa = id;
    expect((await current()).tests).toEqual([{ id, place: 0, goal: 'gain', arms: arms([0.05, 0.05]), window_days: 7 }]);
    expect((await current()).from_slot).toBe(2);
    const before = await runsOf();
    expect(before).toEqual([]);
    await slot([0.6, 0.6]);
    const [test, ...children] = await runsOf();
    expect(test).toMatchObject({
      name: `test ${id}`,
      status: 'RUNNING',
      params: { hypothesis: 'more free picks help', goal_metric: 'gain' },
    });
    expect(test?.metrics?.['n_noised']).toBeCloseTo(60, -1);
    expect(test?.metrics?.['srm_p']).toBeGreaterThan(0.5);
    expect(children.map((c) => [c.name, c.params['arm'], c.params['share'], c.status])).toEqual([
      [`test ${id}: challenger 1`, 'challenger 1', '0.5', 'RUNNING'],
      [`test ${id}: control`, 'control', '0.5', 'RUNNING'],
    ]);
    const [parent] = await i.leader.db.query<{ run_id: string }>('SELECT run_id FROM runs WHERE run_name = $1', [`test ${id}`]);
    expect(children.every((c) => c.tags['mlflow.parentRunId'] === parent?.run_id)).toBe(true);
    expect(children[0]?.metrics?.['goal_mean']).toBeCloseTo(0.6, 1);
    expect(children[0]?.metrics?.['difference_ci_low']).toBeLessThan(0);
    expect(children[0]?.metrics?.['difference_ci_high']).toBeGreaterThan(0);
    expect(children[1]?.metrics).not.toHaveProperty('difference_mean');
    await endTest(ports, id, 'do-not-ship', 'an A/A test');
    await expect(endTest(ports, id, 'ship', 'again')).rejects.toEqual(refusal('test', 404));
    expect((await runsOf()).map((r) => [r.status, r.tags['decision']])).toEqual(new Array(3).fill(['FINISHED', 'do-not-ship']));
    expect((await testsOf(i.leader.db, ports.taskId))[0]).toMatchObject({ id, decision: 'do-not-ship', reason: 'an A/A test', slots: 1 });
  });

  test('after it a test that does something may begin; two run at once, each in its place, and a start anew keeps them', async () => {
    await slot([0, 0]);
    await expect(endTest(ports, 99, 'ship', 'none')).rejects.toEqual(refusal('test', 404));
    const first = await startTest(ports, plan([0.05, 0.2]));
    await slot([0.2, 0.9]);
    const judged = (await testsOf(i.leader.db, ports.taskId)).find((t) => t.id === first)?.judged;
    expect(judged?.differences[0]?.low).toBeGreaterThan(0.2);
    await expect(startTest(ports, plan([0.05, 0.3]))).rejects.toEqual(refusal('one_treatment', 409));
    const second = await startTest(ports, plan([0.05, 0.05]));
    expect((await current()).tests?.map((t) => [t.id, t.place])).toEqual([
      [first, 0],
      [second, 1],
    ]);
    await slot([0.2, 0.9]);
    await expect(startTest(ports, plan([0.05, 0.05]))).rejects.toEqual(refusal('no_place', 409));
    expect(await seedStatistics(i.leader, i.plan)).toEqual(await current());
    expect((await testsOf(i.leader.db, ports.taskId)).map((t) => [t.id, t.slots])).toEqual([
      [second, 1],
      [first, 2],
      [aa, 1],
    ]);
    await endTest(ports, first, 'ship', 'it helps');
    await endTest(ports, second, 'discuss', 'too early');
    // the second ending waits for a slot under the first: nothing is changed on top of it
    await expect(startTest(ports, plan([0.05, 0.05]))).rejects.toEqual(refusal('change_waits', 409));
  });

  test('an approval that got lost is made good: the next attempt is taken, and what was in force goes on meanwhile', async () => {
    await slot([0, 0]);
    const before = await current();
    const lost: TestPorts = {
      ...ports,
      leader: {
        ...i.leader,
        approve: async (config) => {
          await i.leader.approve(config);
          throw new Error('no answer came');
        },
      },
    };
    await expect(startTest(lost, plan([0.05, 0.05]))).rejects.toThrow('no answer came');
    expect(await current()).toEqual(before);
    // the helper was told that the old one goes on, so that the slot is released under it
    const released = (await i.leader.db.query('SELECT 1 FROM cohort_slots')).length;
    for (let n = 0; n < 2; n++) await slot([0, 0]);
    expect(await i.leader.db.query('SELECT 1 FROM cohort_slots')).toHaveLength(released + 2);
    // and where even that did not get through, the leader asks again when the helper refuses the slot
    const deaf = {
      ...lost,
      leader: {
        ...lost.leader,
        approve: async (config: typeof before) => {
          if (config.from_slot !== before.from_slot) await i.leader.approve(config);
          throw new Error('no answer came');
        },
      },
    } as TestPorts;
    await expect(startTest(deaf, plan([0.05, 0.05]))).rejects.toThrow('no answer came');
    for (let n = 0; n < 2; n++) {
      await slot([0, 0]);
      await work(i.leader);
      await readReleases(i.leader);
    }
    expect(await i.leader.db.query('SELECT 1 FROM cohort_slots')).toHaveLength(released + 4);
    const id = await startTest(ports, plan([0.05, 0.05]));
    expect((await current()).tests?.map((t) => t.id)).toEqual([id]);
  });

  test('a test that is ended before a slot carried it has ended; of two admins at once each sees what the other did', async () => {
    const [running] = (await current()).tests ?? [];
    await endTest(ports, running?.id ?? 0, 'discuss', 'at once');
    expect((await testsOf(i.leader.db, ports.taskId))[0]).toMatchObject({ id: running?.id, decision: 'discuss', slots: 0 });
    expect((await current()).tests).toBeUndefined();
    await slot([0, 0]);
    const both = await Promise.allSettled([startTest(ports, plan([0.05, 0.05])), startTest(ports, plan([0.05, 0.05]))]);
    const ids = both.flatMap((b) => (b.status === 'fulfilled' ? [b.value] : []));
    expect((await current()).tests?.map((t) => t.id).sort()).toEqual(ids.sort());
    const rows = await testsOf(i.leader.db, ports.taskId);
    expect(
      rows
        .filter((t) => t.endedAt === null)
        .map((t) => t.id)
        .sort(),
    ).toEqual(ids);
  });
});

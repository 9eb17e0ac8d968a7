import { configHashHex, type StatisticsConfig, slotAt } from '#shared/aggregation/config.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import {
  type AbTest,
  type Interval,
  isOfNothing,
  judgeTest,
  MOST_TESTS,
  type RegisteredTest,
  SHARE_PARTS,
  type TestDecision,
  type TestDesign,
  type TestSlot,
  testDesign,
} from '#shared/statistics/ab-test.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { configsOf, type LeaderPorts, lastSlot } from '../federation/leader.ts';
import { agreed, oneChangeAtATime } from '../federation/seed.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';

/** What is written down of a test before it begins. */
export interface TestPlan {
  readonly design: unknown;
  readonly hypothesis: string;
  readonly planned: number;
  readonly by: string;
}

/** What starting and ending a test need. */
export interface TestPorts {
  readonly leader: LeaderPorts;
  /** The statistics task of this installation; null where there is none. */
  readonly taskId: Uint8Array | null;
  /** Cosigns what was just logged. */
  readonly publish: () => Promise<unknown>;
}

interface Row {
  readonly task_id: Uint8Array;
  readonly id: number;
  readonly test: AbTest;
  readonly hypothesis: string;
  readonly planned: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly decision: TestDecision | null;
  readonly reason: string | null;
}

/** The slots whose sums carry a test, oldest first: those of configurations that name it. */
async function slotsOf(sql: Sql, taskId: Uint8Array, id: number): Promise<readonly TestSlot[]> {
  const rows = await sql.query<{ cells: number[]; config: StatisticsConfig }>(
    `SELECT s.cells, c.config FROM cohort_slots s JOIN flushes f USING (task_id, t) JOIN task_configs c ON c.config_hash = f.config_hash
     WHERE s.task_id = $1 AND c.config->'tests' @> jsonb_build_array(jsonb_build_object('id', $2::int)) ORDER BY s.t`,
    [taskId, id],
  );
  return rows.map(({ cells, config }) => ({ cells, noise: config }));
}

async function registered(sql: Sql, row: Row): Promise<RegisteredTest> {
  const slots = await slotsOf(sql, row.task_id, row.id);
  return {
    id: row.id,
    test: row.test,
    hypothesis: row.hypothesis,
    planned: row.planned,
    startedAt: Number(row.started_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    decision: row.decision,
    reason: row.reason,
    judged: judgeTest(row.test, slots, row.planned),
    slots: slots.length,
  };
}

/** Every test of a task there was, the newest first. */
export async function testsOf(sql: Sql, taskId: Uint8Array | null): Promise<readonly RegisteredTest[]> {
  const rows = await sql.query<Row>('SELECT * FROM ab_tests WHERE task_id = $1 ORDER BY id DESC', [taskId]);
  return Promise.all(rows.map((row) => registered(sql, row)));
}

/** A test of nothing against nothing that ended, found no difference and kept its shares. */
const isSound = ({ endedAt, test, judged }: RegisteredTest): boolean =>
  endedAt !== null &&
  isOfNothing(test) &&
  judged.differences.length > 0 &&
  judged.differences.every((d) => d !== null && d.low <= 0 && d.high >= 0) &&
  (judged.srm === null || judged.srm >= 0.001);

/** The task's newest configuration, which must be in force: of two changes the second waits for the first. @throws Refusal */
async function inForce({ leader: { db, now }, taskId }: TestPorts): Promise<StatisticsConfig> {
  const last = taskId ? (await configsOf(db, taskId)).at(-1) : undefined;
  if (!taskId || last?.kind !== 'cohort-statistics') throw new Refusal(409, 'no_statistics', 'This installation gathers no statistics.');
  if (slotAt(last, now(), await lastSlot(db, taskId)) < last.from_slot)
    throw new Refusal(409, 'change_waits', 'The last change takes effect with the next slot: wait for it.');
  return last;
}

/** Have the tests run that are named, from the next slot on; where that fails, the helper is told that what was goes on. */
async function run({ leader }: TestPorts, before: StatisticsConfig, tests: readonly AbTest[]): Promise<void> {
  const { tests: _, ...rest } = before;
  try {
    await agreed(leader, { ...rest, ...(tests.length > 0 ? { tests: [...tests] } : {}) });
  } catch (fault) {
    await leader.approve(before).catch(() => undefined);
    throw fault;
  }
}

async function begin(ports: TestPorts, design: TestDesign, { hypothesis, planned, by }: TestPlan): Promise<number> {
  const { db, now } = ports.leader;
  const before = await inForce(ports);
  const running = before.tests ?? [];
  const place = Array.from({ length: MOST_TESTS }, (_, i) => i).find((i) => !running.some((t) => t.place === i));
  if (place === undefined) throw new Refusal(409, 'no_place', `At most ${MOST_TESTS} tests run at once.`);
  if (!isOfNothing(design) && running.some((t) => !isOfNothing(t)))
    throw new Refusal(409, 'one_treatment', 'One test that changes anything runs already: two would change the same thing.');
  if (!isOfNothing(design) && !(await testsOf(db, ports.taskId)).some(isSound))
    throw new Refusal(409, 'untested', 'First a test whose arms are alike must have ended here and found nothing.');
  const [row] = await db.query<{ id: number }>("SELECT nextval(pg_get_serial_sequence('ab_tests', 'id'))::int AS id");
  const test: AbTest = { ...design, id: row?.id as number, place };
  await db.query(
    `INSERT INTO ab_tests (id, task_id, test, hypothesis, planned, started_by, started_at) OVERRIDING SYSTEM VALUE
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [test.id, ports.taskId, JSON.stringify(test), hypothesis, planned, by, now()],
  );
  try {
    await run(ports, before, [...running, test]);
  } catch (fault) {
    // what no configuration names never began
    await db.query('DELETE FROM ab_tests WHERE id = $1', [test.id]);
    throw fault;
  }
  return test.id;
}

/**
 * Register a test and begin it with the next slot: nothing of it can be changed from then on. The first that does anything waits for one of
 * nothing against nothing that passed here.
 *
 * @returns its id
 * @throws Refusal 422 `malformed`; 409 `no_place`, `one_treatment`, `untested`, `change_waits`, `no_statistics`
 */
export async function startTest(ports: TestPorts, plan: TestPlan): Promise<number> {
  const read = testDesign.safeParse(plan.design);
  if (!read.success) throw new Refusal(422, 'malformed', read.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const id = await oneChangeAtATime(ports.leader, () => begin(ports, read.data, plan));
  // Devices can prove it once the helper has cosigned; a helper that is away does so later.
  await ports.publish().catch(() => undefined);
  return id;
}

/** End a test with the next slot, for a reason. @throws Refusal 404 `test`; 409 `change_waits`, `no_statistics` */
export async function endTest(ports: TestPorts, id: number, decision: TestDecision, reason: string): Promise<void> {
  const { db, now, runs } = ports.leader;
  await oneChangeAtATime(ports.leader, async () => {
    const before = await inForce(ports);
    const running = before.tests ?? [];
    const own = running.find((t) => t.id === id);
    if (!own) throw new Refusal(404, 'test', 'There is no such test that runs.');
    const end = (at: number | null) =>
      db.query('UPDATE ab_tests SET ended_at = $2, decision = $3, reason = $4 WHERE id = $1', [
        id,
        at,
        at === null ? null : decision,
        at === null ? null : reason,
      ]);
    // The decision comes first: cut off after it, the next start leaves the test out of the configuration.
    await end(now());
    try {
      await run(
        ports,
        before,
        running.filter((t) => t.id !== id),
      );
    } catch (fault) {
      await end(null);
      throw fault;
    }
    await db.transaction(async (sql) => {
      for (const arm of ['', ...own.arms.map(({ name }) => name)]) await runs.end(sql, runIdOf(id, arm), now(), { decision });
    });
  });
  await ports.publish().catch(() => undefined);
}

const runIdOf = (id: number, arm = ''): string => sha256Hex(utf8(`ab-tests/${id}/${arm}`)).slice(0, 32);

const named = (name: 'goal' | 'difference', found: Interval | null | undefined): Readonly<Record<string, number>> =>
  found ? { [`${name}_mean`]: found.mean, [`${name}_ci_low`]: found.low, [`${name}_ci_high`]: found.high } : {};

/**
 * Log what the slots so far say of every test a released slot carries: a run for the test, with all its members and how likely its shares were
 * kept, and a child for each arm, with its own and, of a challenger, the difference from the control.
 */
export async function logTests(ports: LeaderPorts, sql: Transaction, config: StatisticsConfig, slot: number): Promise<void> {
  for (const { id } of config.tests ?? []) {
    const [row] = await sql.query<Row>('SELECT * FROM ab_tests WHERE id = $1 AND task_id = $2', [id, fromHex(config.task_id)]);
    if (!row) continue;
    const { test, judged, hypothesis } = await registered(sql, row);
    const shared = { experiment: 'ab-tests', at: ports.now(), step: slot, isBeside: true } as const;
    const params = { hypothesis, goal_metric: test.goal, config_hash: configHashHex(config) };
    const tags = { 'eg.kind': 'ab-tests', 'eg.preset': config.preset };
    const told = judged.arms.flatMap((arm) => arm ?? []);
    await ports.runs.observe(sql, {
      ...shared,
      runId: runIdOf(id),
      name: `test ${id}`,
      params,
      tags,
      metrics: {
        ...(told.length === judged.arms.length && { n_noised: told.reduce((sum, arm) => sum + arm.members.value, 0) }),
        ...(judged.srm !== null && { srm_p: judged.srm }),
      },
    });
    for (const [index, arm] of test.arms.entries()) {
      const own = judged.arms[index];
      await ports.runs.observe(sql, {
        ...shared,
        runId: runIdOf(id, arm.name),
        name: `test ${id}: ${arm.name}`,
        params: { ...params, arm: arm.name, share: String(arm.share / SHARE_PARTS) },
        tags: { ...tags, 'mlflow.parentRunId': runIdOf(id) },
        metrics: {
          ...(own && { n_noised: own.members.value, n_noised_se: own.members.se }),
          ...named('goal', own?.goal),
          ...named('difference', index === 0 ? null : judged.differences[index - 1]),
        },
      });
    }
  }
}

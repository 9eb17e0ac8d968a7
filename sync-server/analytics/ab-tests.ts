import { configHashHex, type StatisticsConfig, slotAt, taskIdOf } from '#shared/aggregation/config.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { fromHex } from '#shared/domain/bytes.ts';
import { type AbTest, type Interval, type Judged, judgeTest, MOST_TESTS, type TestDesign, testDesign } from '#shared/statistics/ab-test.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { configsOf, type LeaderPorts, lastSlot } from '../federation/leader.ts';
import { agreed, type SeedPlan } from '../federation/seed.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';

/** How a test ended. */
export type Decision = 'ship' | 'do-not-ship' | 'discuss';

/** A test as it was registered, and how it ended. */
export interface RegisteredTest {
  readonly id: number;
  readonly test: AbTest;
  readonly hypothesis: string;
  /** Learners an arm is planned to have. */
  readonly planned: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly decision: Decision | null;
  readonly reason: string | null;
  readonly judged: Judged;
  /** Slots whose sums carry it. */
  readonly slots: number;
}

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
  readonly approve: SeedPlan['approve'];
  /** Cosigns what was just logged. */
  readonly publish: () => Promise<unknown>;
}

interface Row {
  readonly id: number;
  readonly test: AbTest;
  readonly hypothesis: string;
  readonly planned: number;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly decision: Decision | null;
  readonly reason: string | null;
}

/** The slots whose sums carry a test: those of configurations that name it. */
async function slotsOf(
  sql: Sql,
  id: number,
): Promise<{ readonly cells: readonly (readonly number[])[]; readonly config: StatisticsConfig | null }> {
  const rows = await sql.query<{ cells: number[]; config: StatisticsConfig }>(
    `SELECT s.cells, c.config FROM cohort_slots s JOIN flushes f USING (task_id, t) JOIN task_configs c ON c.config_hash = f.config_hash
     WHERE c.config->'tests' @> jsonb_build_array(jsonb_build_object('id', $1::int)) ORDER BY s.t`,
    [id],
  );
  return { cells: rows.map((row) => row.cells), config: rows.at(-1)?.config ?? null };
}

const UNJUDGED: Judged = { arms: [], differences: [], srm: null };

async function registered(sql: Sql, row: Row): Promise<RegisteredTest> {
  const { cells, config } = await slotsOf(sql, row.id);
  return {
    id: row.id,
    test: row.test,
    hypothesis: row.hypothesis,
    planned: row.planned,
    startedAt: Number(row.started_at),
    endedAt: row.ended_at === null ? null : Number(row.ended_at),
    decision: row.decision,
    reason: row.reason,
    judged: config ? judgeTest(row.test, cells, config, row.planned) : UNJUDGED,
    slots: cells.length,
  };
}

/** Every test there was, the newest first. */
export async function testsOf(sql: Sql): Promise<readonly RegisteredTest[]> {
  const rows = await sql.query<Row>('SELECT * FROM ab_tests ORDER BY id DESC');
  return Promise.all(rows.map((row) => registered(sql, row)));
}

const doNothingElse = ({ arms }: TestDesign): boolean => arms.every((arm) => arm.explore_rate === arms[0]?.explore_rate);

/** A test of nothing against nothing that ended, found no difference and kept its shares. */
const isSound = ({ endedAt, test, judged }: RegisteredTest): boolean =>
  endedAt !== null &&
  doNothingElse(test) &&
  judged.differences.length > 0 &&
  judged.differences.every((d) => d !== null && d.low <= 0 && d.high >= 0) &&
  (judged.srm === null || judged.srm >= 0.001);

/** The statistics task's newest configuration, which must be in force: of two changes the second waits for the first. @throws Refusal */
async function inForce({ db, now }: LeaderPorts): Promise<StatisticsConfig> {
  const [row] = await db.query<{ preset: 'demo' }>("SELECT config->>'preset' AS preset FROM task_configs ORDER BY log_index DESC LIMIT 1");
  const taskId = fromHex(taskIdOf('cohort-statistics', row?.preset ?? 'demo'));
  const last = (await configsOf(db, taskId)).at(-1);
  if (last?.kind !== 'cohort-statistics') throw new Refusal(409, 'no_statistics', 'This installation gathers no statistics.');
  if (slotAt(last, now(), await lastSlot(db, taskId)) < last.from_slot)
    throw new Refusal(409, 'change_waits', 'The last change takes effect with the next slot: wait for it.');
  return last;
}

/** Have the tests run that are named, from the next slot on. */
async function run({ leader, approve, publish }: TestPorts, before: StatisticsConfig, tests: readonly AbTest[]): Promise<void> {
  const { tests: _, ...rest } = before;
  await agreed(leader, approve, { ...rest, ...(tests.length > 0 ? { tests: [...tests] } : {}) });
  // Devices can prove it once the helper has cosigned; a helper that is away does so later.
  await publish().catch(() => undefined);
}

/**
 * Register a test and begin it with the next slot: nothing of it can be changed from then on. The first that does anything waits for one of
 * nothing against nothing that passed here.
 *
 * @returns its id
 * @throws Refusal 422 `malformed`; 409 `no_place`, `untested`, `change_waits`, `no_statistics`
 */
export async function startTest(ports: TestPorts, { design, hypothesis, planned, by }: TestPlan): Promise<number> {
  const { db, now } = ports.leader;
  const read = testDesign.safeParse(design);
  if (!read.success) throw new Refusal(422, 'malformed', read.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('; '));
  const before = await inForce(ports.leader);
  const running = before.tests ?? [];
  const place = Array.from({ length: MOST_TESTS }, (_, i) => i).find((i) => !running.some((t) => t.place === i));
  if (place === undefined) throw new Refusal(409, 'no_place', `At most ${MOST_TESTS} tests run at once.`);
  if (!doNothingElse(read.data) && !(await testsOf(db)).some(isSound))
    throw new Refusal(409, 'untested', 'First a test whose arms are alike must have ended here and found nothing.');
  const [row] = await db.query<{ id: number }>(
    'INSERT INTO ab_tests (test, hypothesis, planned, started_by, started_at) VALUES ($1, $2, $3, $4, $5) RETURNING id',
    [JSON.stringify({}), hypothesis, planned, by, now()],
  );
  const test: AbTest = { ...read.data, id: row?.id as number, place };
  try {
    await db.query('UPDATE ab_tests SET test = $2 WHERE id = $1', [test.id, JSON.stringify(test)]);
    await run(ports, before, [...running, test]);
  } catch (fault) {
    // what no configuration names never began
    await db.query('DELETE FROM ab_tests WHERE id = $1', [test.id]);
    throw fault;
  }
  return test.id;
}

/** End a test with the next slot, for a reason. @throws Refusal 404 `test`; 409 `change_waits` */
export async function endTest(ports: TestPorts, id: number, decision: Decision, reason: string): Promise<void> {
  const { db, now } = ports.leader;
  const before = await inForce(ports.leader);
  const running = before.tests ?? [];
  if (!running.some((t) => t.id === id)) throw new Refusal(404, 'test', 'There is no such test that runs.');
  await run(
    ports,
    before,
    running.filter((t) => t.id !== id),
  );
  await db.transaction(async (sql) => {
    await sql.query('UPDATE ab_tests SET ended_at = $2, decision = $3, reason = $4 WHERE id = $1 AND ended_at IS NULL', [
      id,
      now(),
      decision,
      reason,
    ]);
    await ports.leader.runs.end(sql, runIdOf(id), now(), { decision });
    const [row] = await sql.query<Row>('SELECT * FROM ab_tests WHERE id = $1', [id]);
    for (const arm of row?.test.arms ?? []) await ports.leader.runs.end(sql, runIdOf(id, arm.name), now(), { decision });
  });
}

const runIdOf = (id: number, arm = ''): string => sha256Hex(utf8(`ab-tests/${id}/${arm}`)).slice(0, 32);

const goalOf = (goal: Interval | null | undefined): Readonly<Record<string, number>> =>
  goal ? { goal_mean: goal.mean, goal_ci_low: goal.low, goal_ci_high: goal.high } : {};

/**
 * Log what the slots so far say of every test a released slot carries: a run for the test, whose goal is each challenger's difference from the
 * control where there is one, and a child for each arm.
 */
export async function logTests(ports: LeaderPorts, sql: Transaction, config: StatisticsConfig, slot: number): Promise<void> {
  for (const { id } of config.tests ?? []) {
    const [row] = await sql.query<Row>('SELECT * FROM ab_tests WHERE id = $1', [id]);
    if (!row) continue;
    const { test, judged, hypothesis } = await registered(sql, row);
    const shared = { experiment: 'ab-tests', at: ports.now(), step: slot, isBeside: true } as const;
    const params = { hypothesis, goal_metric: test.goal, config_hash: configHashHex(config) };
    const tags = { 'eg.kind': 'ab-tests', 'eg.preset': config.preset };
    const told = judged.arms.flatMap((arm) => arm ?? []);
    const all = told.length === judged.arms.length ? { n_noised: told.reduce((sum, arm) => sum + arm.members.value, 0) } : {};
    await ports.runs.observe(sql, {
      ...shared,
      runId: runIdOf(id),
      name: `test ${id}`,
      params,
      tags,
      metrics: { ...all, ...goalOf(judged.differences[0]), ...(judged.srm === null ? {} : { srm_p: judged.srm }) },
    });
    for (const [index, arm] of test.arms.entries()) {
      const own = judged.arms[index];
      await ports.runs.observe(sql, {
        ...shared,
        runId: runIdOf(id, arm.name),
        name: `test ${id}: ${arm.name}`,
        params: { ...params, arm: arm.name, share: String(arm.share / 10_000) },
        tags: { ...tags, 'mlflow.parentRunId': runIdOf(id) },
        metrics: own ? { n_noised: own.members.value, n_noised_se: own.members.se, ...goalOf(own.goal) } : {},
      });
    }
  }
}

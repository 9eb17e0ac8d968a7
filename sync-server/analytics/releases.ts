import { configHashHex, type StatisticsConfig } from '#shared/aggregation/config.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { newRunId } from '#shared/domain/ids.ts';
import { type Estimate, improvementOf, UPDATES, updatesOf } from '#shared/statistics/figures.ts';
import { decodeCells } from '#shared/statistics/layout.ts';
import { meanOf } from '../federation/candidate.ts';
import { logFlushRun } from '../federation/flush-run.ts';
import { configsOf, type LeaderPorts, taskIds } from '../federation/leader.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import { logTests } from './ab-tests.ts';

const DAY_MS = 86_400_000;
/** How far back slots are pooled. */
const POOLED_DAYS = 28;

/** Slots of statistics that may be pooled, with the rule of noise they were released under. */
export interface ReadSlots {
  readonly config: StatisticsConfig;
  /** Mean of each cell, newest first, of the last 28 days. */
  readonly slots: readonly (readonly number[])[];
  /** When the newest was released, epoch ms. */
  readonly releasedAt: number;
}

/** Fields in which two configurations must agree for their slots to be pooled. */
const RULE = ['sigma', 'kappa', 'k', 'leader_noise', 'layout', 'pack_id'] as const;

/** What was released of a statistics task of late, under the newest rule of noise; null where nothing was in 28 days. @param taskId null: there is no task */
export async function latestSlots(sql: Sql, now: number, taskId: Uint8Array | null): Promise<ReadSlots | null> {
  const rows = await sql.query<{ cells: number[]; released_at: string; config: StatisticsConfig }>(
    `SELECT s.cells, s.released_at, c.config FROM cohort_slots s JOIN flushes f USING (task_id, t) JOIN task_configs c ON c.config_hash = f.config_hash
     WHERE s.task_id = $1 AND s.released_at > $2 ORDER BY s.t DESC`,
    [taskId, now - POOLED_DAYS * DAY_MS],
  );
  const [newest] = rows;
  if (!newest) return null;
  const { config } = newest;
  const slots = rows.filter((row) => RULE.every((field) => row.config[field] === config[field])).map((row) => row.cells);
  return { config, slots, releasedAt: Number(newest.released_at) };
}

/** Figures as metrics, each beside its standard error; what is too noisy is left out. */
export const metricsOf = (figures: Readonly<Record<string, Estimate | null>>): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(figures).flatMap(([name, found]) => (found ? [[name, found.value] as const, [`${name}_se`, found.se] as const] : [])),
  );

/** Log what the slot tells of updates as a run of `daily-updates`, its step the UTC day. */
async function logUpdates(ports: LeaderPorts, sql: Transaction, taskId: Uint8Array, slot: number): Promise<void> {
  const at = ports.now();
  const read = await latestSlots(sql, at, taskId);
  if (!read) return;
  const { slots, config } = read;
  const names = Object.keys(UPDATES) as (keyof typeof UPDATES)[];
  await ports.runs.log(sql, {
    runId: newRunId(ports.rng),
    experiment: 'daily-updates',
    name: `slot ${slot}`,
    at,
    step: Math.floor(at / DAY_MS),
    params: { slot: String(slot) },
    tags: { 'eg.kind': 'daily-updates', 'eg.preset': config.preset },
    metrics: metricsOf({
      ...Object.fromEntries(names.map((name) => [name, updatesOf(name, slots, config)])),
      average_improvement: improvementOf(slots, config),
    }),
  });
}

/** Decode the oldest released slot of a statistics task that is not yet, and log it; keyed by slot, so that it happens once. */
async function readOne(ports: LeaderPorts, taskId: Uint8Array): Promise<boolean> {
  return ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`cohort ${toHex(taskId)}`]);
    const [flush] = await sql.query<{ t: number; sum: Buffer; config_hash: Buffer; released_at: string }>(
      `SELECT t, sum, config_hash, released_at FROM flushes f WHERE task_id = $1 AND state = 'released'
       AND NOT EXISTS (SELECT 1 FROM cohort_slots c WHERE c.task_id = f.task_id AND c.t = f.t) ORDER BY t LIMIT 1`,
      [taskId],
    );
    const config = flush && (await configsOf(sql, taskId)).find((c) => configHashHex(c) === toHex(flush.config_hash));
    if (!flush || config?.kind !== 'cohort-statistics') return false;
    const runId = await logFlushRun(ports, sql, { config, slot: flush.t });
    await sql.query('INSERT INTO cohort_slots (task_id, t, cells, released_at, run_id) VALUES ($1, $2, $3, $4, $5)', [
      taskId,
      flush.t,
      [...decodeCells(meanOf(flush.sum, config))],
      flush.released_at,
      runId,
    ]);
    await logUpdates(ports, sql, taskId, flush.t);
    await logTests(ports, sql, config, flush.t);
    ports.reach('cohort-before-commit');
    return true;
  });
}

/** Read every released slot of statistics that was not read yet. Safe to cut off anywhere and to repeat. @returns how many were read */
export async function readReleases(ports: LeaderPorts): Promise<number> {
  let read = 0;
  for (const taskId of await taskIds(ports.db)) {
    const [config] = await configsOf(ports.db, taskId);
    if (config?.kind === 'cohort-statistics') while (await readOne(ports, taskId)) read++;
  }
  return read;
}

import { readConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import type { BoxKeys } from '#shared/aggregation/report.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Database, Sql } from '../ports/database.ts';
import type { RunLog } from '../ports/run-log.ts';
import type { TransparencyLog } from '../ports/transparency-log.ts';

/** What a helper answered to a flush request. */
export type HelperAnswer =
  | { readonly kind: 'answered'; readonly response: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string; readonly ids: readonly string[]; readonly response: Uint8Array | null }
  | { readonly kind: 'unreachable' };

/** The rows the gate scores candidates on. */
export interface HoldOut {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** What the leader's use cases need. */
export interface LeaderPorts {
  readonly db: Database;
  readonly crypto: Primitives;
  /** Epoch ms. */
  readonly now: () => number;
  /** Cryptographic. */
  readonly rng: Rng;
  readonly box: BoxKeys;
  readonly signSeed: Uint8Array;
  readonly releaseSeed: Uint8Array;
  readonly log: TransparencyLog;
  /** Where flushes and evaluations are logged as runs. */
  readonly runs: RunLog;
  /** Have the helper approve a configuration; the same one may be asked for any number of times. @returns its signature @throws if it refuses */
  readonly approve: (config: TaskConfig) => Promise<Uint8Array>;
  /** Ask the helper; the same request may be sent any number of times. */
  readonly askHelper: (taskId: string, t: number, request: Uint8Array) => Promise<HelperAnswer>;
  /** The public hold-out, made on first use. */
  readonly holdOut: () => HoldOut;
  /** Says what an operator should look at. */
  readonly warn: (message: string) => void;
  /** Marks a moment a crash test may end the process at. */
  readonly reach: (point: string) => void;
  /** Tells open apps and dashboards a public fact. */
  readonly tell: (event: 'model' | 'slot', fact: Readonly<Record<string, string | number>>) => void;
}

/** A task's configurations in the order they take effect. */
export async function configsOf(sql: Sql, taskId: Uint8Array): Promise<readonly TaskConfig[]> {
  const rows = await sql.query<{ config: unknown }>('SELECT config FROM task_configs WHERE task_id = $1 ORDER BY from_slot', [taskId]);
  return rows.map(({ config }) => {
    const read = readConfig(config);
    if (!read.ok) throw new Error(`a stored configuration is unsound: ${read.fault.message}`);
    return read.value;
  });
}

/** The last slot with a flush; 0 before the first. */
export async function lastSlot(sql: Sql, taskId: Uint8Array): Promise<number> {
  const [row] = await sql.query<{ t: number | null }>('SELECT max(t) AS t FROM flushes WHERE task_id = $1', [taskId]);
  return row?.t ?? 0;
}

/** All tasks there are. */
export async function taskIds(sql: Sql): Promise<readonly Uint8Array[]> {
  const rows = await sql.query<{ task_id: Buffer }>('SELECT DISTINCT task_id FROM task_configs');
  return rows.map((r) => new Uint8Array(r.task_id));
}

/** The promoted version of a task; -1 where there is none yet. */
export async function championVersion(sql: Sql, taskId: Uint8Array): Promise<number> {
  const [row] = await sql.query<{ version: number }>("SELECT version FROM model_aliases WHERE task_id = $1 AND alias = 'champion'", [
    taskId,
  ]);
  return row?.version ?? -1;
}

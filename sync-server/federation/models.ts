import { type Gate, passesAll } from '#models/federated/gate.ts';
import { WEIGHT_COUNT, weightsFromBytes } from '#models/learner.ts';
import { type ModelRelease, signRelease } from '#shared/aggregation/log-entry.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { logEvaluation } from './evaluation-run.ts';
import type { LeaderPorts } from './leader.ts';

/** Name of a task's model in MLflow's registry. */
export const registryName = (taskId: Uint8Array): string => `examsgraph-global-${toHex(taskId).slice(0, 8)}`;

interface ModelRow {
  readonly version: number;
  readonly base_version: number | null;
  readonly slot: number;
  readonly config_hash: Buffer;
  readonly weights: Buffer;
  readonly weights_sha256: Buffer;
  readonly gates: readonly Gate[];
  readonly status: 'candidate' | 'released' | 'revoked';
  readonly run_id: string | null;
}

async function modelRow(sql: Sql, taskId: Uint8Array, version: number): Promise<ModelRow> {
  const [row] = await sql.query<ModelRow>(
    'SELECT version, base_version, slot, config_hash, weights, weights_sha256, gates, status, run_id FROM models WHERE task_id = $1 AND version = $2 FOR UPDATE',
    [taskId, version],
  );
  if (!row) throw new Refusal(404, 'version', 'There is no such version.');
  return row;
}

async function releaseVersion(ports: LeaderPorts, sql: Transaction, taskId: Uint8Array, row: ModelRow): Promise<void> {
  const release: ModelRelease = {
    type: 'model_release',
    at: ports.now(),
    task_id: toHex(taskId),
    version: row.version,
    base_version: row.base_version ?? 0,
    slot: row.slot,
    config_hash: toHex(row.config_hash),
    weights_sha256: toHex(row.weights_sha256),
    weights_bytes: row.weights.length,
  };
  const index = await ports.log.append(sql, release);
  await sql.query(
    "UPDATE models SET status = 'released', release = $3, release_signature = $4, log_index = $5 WHERE task_id = $1 AND version = $2",
    [taskId, row.version, JSON.stringify(release), signRelease(ports.crypto, release, ports.releaseSeed), index],
  );
}

async function runOf(ports: LeaderPorts, sql: Transaction, row: ModelRow): Promise<string> {
  if (row.run_id) return row.run_id;
  // the start model was made by no flush: its evaluation is its run
  return logEvaluation(ports, sql, row.version, row.slot, weightsFromBytes(new Uint8Array(row.weights.subarray(0, WEIGHT_COUNT * 4))));
}

/**
 * Make a candidate the champion: release it in the log if it never was, sign it, re-point the alias. With a failing gate only on
 * override, and never past `integrity`.
 *
 * @throws Refusal 409 `gates`, `integrity` or `revoked`, 404
 */
export async function promote(ports: LeaderPorts, taskId: Uint8Array, version: number, isOverride: boolean): Promise<void> {
  await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`model ${toHex(taskId)}`]);
    const row = await modelRow(sql, taskId, version);
    if (row.status === 'revoked') throw new Refusal(409, 'revoked', 'A revoked version is never served again.');
    if (row.gates.some((g) => g.name === 'integrity' && !g.isPassed)) throw new Refusal(409, 'integrity', 'The weights are not sound.');
    // A version that was released once was decided on then: going back to it is one step.
    if (row.status === 'candidate' && !passesAll(row.gates) && !isOverride)
      throw new Refusal(409, 'gates', 'A gate did not pass; promoting it needs an override.');
    if (row.status === 'candidate') await releaseVersion(ports, sql, taskId, row);
    await sql.query(
      "INSERT INTO model_aliases (task_id, alias, version) VALUES ($1, 'champion', $2) ON CONFLICT (task_id, alias) DO UPDATE SET version = $2",
      [taskId, version],
    );
    const runId = await runOf(ports, sql, row);
    await ports.runs.promote(sql, { name: registryName(taskId), version, runId, alias: 'champion', at: ports.now() });
    ports.reach('promote-before-commit');
  });
  ports.tell('model', { task: toHex(taskId), version });
}

/** Take a released version out of service for good; it must not be the champion. */
export async function revoke(ports: LeaderPorts, taskId: Uint8Array, version: number, reason: string): Promise<void> {
  await ports.db.transaction(async (sql) => {
    const row = await modelRow(sql, taskId, version);
    if (row.status !== 'released') throw new Refusal(409, 'not-released', 'Only a released version can be revoked.');
    const champion = await sql.query('SELECT 1 FROM model_aliases WHERE task_id = $1 AND version = $2', [taskId, version]);
    if (champion.length > 0) throw new Refusal(409, 'champion', 'Promote another version first.');
    await ports.log.append(sql, { type: 'model_revoke', at: ports.now(), task_id: toHex(taskId), version, reason });
    await sql.query("UPDATE models SET status = 'revoked' WHERE task_id = $1 AND version = $2", [taskId, version]);
  });
}

/** A released version as devices are told of it. */
export interface ReleasedModel {
  readonly release: ModelRelease;
  readonly signature: string;
  readonly log_index: number;
  readonly weights: Uint8Array;
}

/** A released version. @throws Refusal 404, or 410 for a revoked one */
export async function releasedModel(sql: Sql, taskId: Uint8Array, version: number): Promise<ReleasedModel> {
  const [row] = await sql.query<{
    status: string;
    release: ModelRelease | null;
    release_signature: string;
    log_index: string;
    weights: Buffer;
  }>('SELECT status, release, release_signature, log_index, weights FROM models WHERE task_id = $1 AND version = $2', [taskId, version]);
  if (row?.status === 'revoked') throw new Refusal(410, 'revoked', 'This version was revoked.');
  if (!row?.release) throw new Refusal(404, 'version', 'There is no such released version.');
  return {
    release: row.release,
    signature: row.release_signature,
    log_index: Number(row.log_index),
    weights: new Uint8Array(row.weights),
  };
}

/** Task ids as they stand in paths. @throws Refusal 404 */
export function taskIdOf(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new Refusal(404, 'task', 'There is no such task.');
  return fromHex(text);
}

import { type Gate, gatesOf, type HoldOutScores, scoreOnHoldOut } from '#models/federated/gate.ts';
import { type ServerState, servedWeights, serverStep, startServer } from '#models/federated/server-optimizer.ts';
import { weightsFromBytes, weightsToBytes } from '#models/learner.ts';
import { logitsOf } from '#models/reference/network.ts';
import { configHashHex, type ModelConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { concat, toHex, wordsOfBytes } from '#shared/domain/bytes.ts';
import type { Transaction } from '../ports/database.ts';
import { logEvaluation } from './evaluation-run.ts';
import { logFlushRun } from './flush-run.ts';
import { championVersion, configsOf, type LeaderPorts } from './leader.ts';

/** A version's file: the weights that are served, then those that devices train from; float32 little-endian. */
export function versionBytes(served: Float32Array, base: Float32Array): Uint8Array {
  return concat(weightsToBytes(served), weightsToBytes(base));
}

/** State of the optimiser as it is stored with its version. */
function stateToBytes({ m, v, iterates }: ServerState): Buffer {
  const floats = (a: Float64Array) => Buffer.from(a.buffer, a.byteOffset, a.byteLength);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(iterates.length);
  return Buffer.concat([count, floats(m), floats(v), ...iterates.map((w) => weightsToBytes(w))]);
}

function stateFromBytes(bytes: Buffer, dim: number): ServerState {
  const copy = new Uint8Array(bytes).buffer;
  const count = new DataView(copy).getUint32(0, true);
  const floats = (from: number) => new Float64Array(copy.slice(from, from + 8 * dim));
  const iterates = Array.from({ length: count }, (_, i) => {
    const from = 4 + 16 * dim + 4 * dim * i;
    return weightsFromBytes(new Uint8Array(copy.slice(from, from + 4 * dim)));
  });
  return { m: floats(4), v: floats(4 + 8 * dim), iterates };
}

/** Put the start model there as version 0, released; does nothing if the task has one. @returns whether it was new */
export async function seedModel(ports: LeaderPorts, config: ModelConfig, start: Float32Array, taskId: Uint8Array): Promise<boolean> {
  const bytes = versionBytes(start, start);
  const rows = await ports.db.query(
    `INSERT INTO models (task_id, version, base_version, slot, config_hash, weights, weights_sha256, base_sha256, optimizer, gates, status, created_at)
     VALUES ($1, 0, NULL, 0, $2, $3, $4, $5, $6, '[]', 'candidate', $7) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      taskId,
      Buffer.from(configHashHex(config), 'hex'),
      bytes,
      sha256(bytes),
      sha256(weightsToBytes(start)),
      stateToBytes(startServer(start)),
      ports.now(),
    ],
  );
  return rows.length > 0;
}

interface BaseRow {
  readonly version: number;
  readonly weights: Buffer;
  readonly optimizer: Buffer;
}

/** L2 norm, weight units. */
const normOf = (mean: Float64Array): number => Math.sqrt(mean.reduce((sum, x) => sum + x * x, 0));

/** The noised mean of a released sum: sum / (K S), S = D / C. */
export function meanOf(sum: Uint8Array, config: TaskConfig): Float64Array {
  const steps = new Int32Array(wordsOfBytes(sum).buffer);
  const scale = config.clip_norm / config.grid_steps / config.k;
  return Float64Array.from(steps, (s) => s * scale);
}

async function baseRow(sql: Transaction, taskId: Uint8Array): Promise<BaseRow> {
  const version = await championVersion(sql, taskId);
  const [row] = await sql.query<BaseRow>('SELECT version, weights, optimizer FROM models WHERE task_id = $1 AND version = $2', [
    taskId,
    version,
  ]);
  if (!row) throw new Error('a flush was released before there was a model');
  return row;
}

interface Judged {
  readonly scores: HoldOutScores;
  readonly gates: readonly Gate[];
  readonly norm: number;
}

function judge(ports: LeaderPorts, config: ModelConfig, served: Float32Array, champion: Float32Array, mean: Float64Array): Judged {
  const { x, y } = ports.holdOut();
  const scores = scoreOnHoldOut(logitsOf(served, x), logitsOf(champion, x), y);
  const norm = normOf(mean);
  return { scores, norm, gates: gatesOf(scores, served, { norm, bound: config.max_update_norm }) };
}

/**
 * Turn the oldest released sum without a candidate into one: server optimiser, gates, run. Keyed by slot, so that it happens once.
 *
 * @returns the new version and its gates; null if there is nothing to do
 */
export async function makeCandidate(
  ports: LeaderPorts,
  taskId: Uint8Array,
): Promise<{ readonly version: number; readonly slot: number; readonly gates: readonly Gate[]; readonly isTrial: boolean } | null> {
  const made = await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`model ${toHex(taskId)}`]);
    const [flush] = await sql.query<{ t: number; sum: Buffer; config_hash: Buffer }>(
      `SELECT f.t, f.sum, f.config_hash FROM flushes f WHERE f.task_id = $1 AND f.state = 'released'
       AND NOT EXISTS (SELECT 1 FROM models m WHERE m.task_id = f.task_id AND m.slot = f.t) ORDER BY f.t LIMIT 1`,
      [taskId],
    );
    const config = flush && (await configsOf(sql, taskId)).find((c) => configHashHex(c) === toHex(flush.config_hash));
    if (!flush || config?.kind !== 'model-delta') return null;
    const base = await baseRow(sql, taskId);
    const champion = weightsFromBytes(new Uint8Array(base.weights.subarray(0, 4 * config.dim)));
    const mean = meanOf(flush.sum, config);
    const state = serverStep(stateFromBytes(base.optimizer, config.dim), mean, config.server_rate);
    const served = servedWeights(state);
    const judged = judge(ports, config, served, champion, mean);
    const [top] = await sql.query<{ version: number }>('SELECT max(version) + 1 AS version FROM models WHERE task_id = $1', [taskId]);
    const version = top?.version ?? 1;
    const { scores, gates, norm } = judged;
    const runId = await logFlushRun(ports, sql, {
      config,
      slot: flush.t,
      params: { version: String(version) },
      metrics: {
        update_norm: norm,
        holdout_log_loss: scores.logLoss,
        holdout_auc: scores.auc,
        accuracy_improvement: scores.accuracy - scores.championAccuracy,
        gate_passed: gates.every((g) => g.isPassed) ? 1 : 0,
      },
    });
    await logEvaluation(ports, sql, version, flush.t, served);
    const next = state.iterates.at(-1) as Float32Array;
    const bytes = versionBytes(served, next);
    await sql.query(
      `INSERT INTO models (task_id, version, base_version, slot, config_hash, weights, weights_sha256, base_sha256, optimizer, gates, status,
         created_at, run_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'candidate', $11, $12)`,
      [
        taskId,
        version,
        base.version,
        flush.t,
        flush.config_hash,
        bytes,
        sha256(bytes),
        sha256(weightsToBytes(next)),
        stateToBytes(state),
        JSON.stringify(gates),
        ports.now(),
        runId,
      ],
    );
    ports.reach('candidate-before-commit');
    return { version, slot: flush.t, gates, isTrial: config.preset === 'demo' };
  });
  if (made) ports.reach('candidate-after-commit');
  return made;
}

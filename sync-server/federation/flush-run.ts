import { configHashHex, type TaskConfig } from '#shared/aggregation/config.ts';
import { newRunId } from '#shared/domain/ids.ts';
import { gaussianEpsilon } from '#shared/privacy/gaussian-dp.ts';
import type { Transaction } from '../ports/database.ts';
import type { LeaderPorts } from './leader.ts';

/** A released slot, and what its run says beyond its rule and its price. */
interface ReleasedSlot {
  readonly config: TaskConfig;
  readonly slot: number;
  readonly params?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Log a released slot as a run of `federated-flushes`, in the caller's transaction. @returns the run's id */
export async function logFlushRun(
  ports: LeaderPorts,
  sql: Transaction,
  { config, slot, params = {}, metrics = {} }: ReleasedSlot,
): Promise<string> {
  const [leaf] = await sql.query<{ entry: string }>(
    'SELECT l.entry FROM flushes f JOIN log_leaf l ON l.idx = f.log_index WHERE f.task_id = $1 AND f.t = $2',
    [Buffer.from(config.task_id, 'hex'), slot],
  );
  const { rho_cap, rho_running } = JSON.parse(leaf?.entry ?? '{}') as { rho_cap: number; rho_running: number };
  const runId = newRunId(ports.rng);
  await ports.runs.log(sql, {
    runId,
    experiment: 'federated-flushes',
    name: config.kind === 'model-delta' ? `slot ${slot}` : `statistics, slot ${slot}`,
    at: ports.now(),
    params: {
      slot: String(slot),
      k: String(config.k),
      strategy: config.mechanism,
      sigma: String(config.sigma),
      band: String(config.band),
      delta: String(config.delta),
      config_hash: configHashHex(config),
      ...params,
    },
    tags: { 'eg.kind': 'federated-flushes', 'eg.preset': config.preset },
    step: slot,
    metrics: {
      rho_cap,
      rho_running,
      epsilon_cap: gaussianEpsilon(rho_cap, config.delta),
      epsilon_running: gaussianEpsilon(rho_running, config.delta),
      ...metrics,
    },
  });
  return runId;
}

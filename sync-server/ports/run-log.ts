import type { Sql } from './database.ts';

/** Experiments of the service itself. */
export const SERVICE_EXPERIMENTS = ['federated-flushes', 'model-evaluations'] as const;

/** One run of the service itself that began and ended, in MLflow's nouns. */
export interface FinishedRun {
  /** 32 hexadecimal digits. */
  readonly runId: string;
  /** Made if missing. */
  readonly experiment: (typeof SERVICE_EXPERIMENTS)[number];
  readonly name: string;
  /** Epoch ms. */
  readonly at: number;
  readonly step: number;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** What is not finite is left out. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A version that was promoted, and the alias it now has. */
export interface Promotion {
  readonly name: string;
  readonly version: number;
  readonly runId: string;
  readonly alias: string;
  /** Epoch ms. */
  readonly at: number;
}

/** Where the service logs its own runs: every MLflow client sees them. All in the caller's transaction. */
export interface RunLog {
  log(sql: Sql, run: FinishedRun): Promise<void>;
  /** Registers the version if it is new, and points the alias at it. */
  promote(sql: Sql, promotion: Promotion): Promise<void>;
}

import type { Transaction } from './database.ts';

/** Experiments of the service itself. */
export const SERVICE_EXPERIMENTS = [
  'federated-flushes',
  'daily-updates',
  'model-evaluations',
  'monitoring',
  'system-forecasts',
  'ab-tests',
] as const;

/** One run of the service itself, in MLflow's nouns, and what it says at one moment. */
export interface ServiceRun {
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
  /** The data set it was measured on. */
  readonly dataset?: { readonly name: string; readonly digest: string; readonly source: string; readonly context: string };
  /** It runs beside others of its experiment, which go on. */
  readonly isBeside?: boolean;
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
  /** A run that began and ended. */
  log(sql: Transaction, run: ServiceRun): Promise<void>;
  /** One more step of a run that goes on; it begins if it is new, and what ran before in its experiment ends, unless it stands beside. */
  observe(sql: Transaction, run: ServiceRun): Promise<void>;
  /** A run that goes on ends; nothing happens where there is none. @param tags set with it */
  end(sql: Transaction, runId: string, at: number, tags: Readonly<Record<string, string>>): Promise<void>;
  /** Registers the version if it is new, and points the alias at it. */
  promote(sql: Transaction, promotion: Promotion): Promise<void>;
}

import type { LogEntry } from '#shared/aggregation/log-entry.ts';
import type { Sql } from './database.ts';

/** The append-only log, as use cases write to it. */
export interface TransparencyLog {
  /** Be the one writer until the caller's transaction ends: what is read from here on is what the next entry stands on. */
  hold(sql: Sql): Promise<void>;
  /** Append within the caller's transaction; one writer at a time. @returns the leaf's index */
  append(sql: Sql, entry: LogEntry): Promise<number>;
}

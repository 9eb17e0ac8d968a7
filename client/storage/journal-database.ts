import { Dexie, type EntityTable, type Table } from 'dexie';
import type { PersonalRow } from '#client/ports/experiment-log.ts';
import type { ContributionRow, OutboxRow } from '#client/ports/federation-store.ts';
import type { Head } from '#client/ports/numbering.ts';
import type { LogEvent } from '#shared/tracking/event.ts';
import type { TableName, Tables } from '#shared/tracking/rows.ts';
import { foldAnew } from './fold-anew.ts';

/** Version of the journal's schema; each release's is frozen as a fixture in `journal-fixtures/`. */
export const JOURNAL_VERSION = 4;

/** The learner's database: the log and everything folded from it, written with strict durability. */
export type JournalDatabase = Dexie & { readonly [T in TableName]: Table<Tables[T]> } & {
  readonly events: Table<LogEvent>;
  readonly heads: EntityTable<Head, 'device_id'>;
  readonly personal: EntityTable<PersonalRow, 'pack_id'>;
  readonly federation: Table<{ readonly key: string; readonly value: unknown }>;
  readonly contributions: Table<ContributionRow>;
  readonly outbox: Table<OutboxRow>;
  readonly artifacts: Table<{ readonly run_id: string; readonly path: string; readonly bytes: Uint8Array }>;
};

const STORES = {
  events: '[device_id+seq], &id, kind',
  heads: 'device_id',
  experiments: 'experiment_id, &name, lifecycle_stage',
  runs: 'run_id, experiment_id, [experiment_id+lifecycle_stage+start_time], status',
  params: '[owner+key], owner, [key+value]',
  tags: '[owner+key], owner, [key+value]',
  metrics: '[run_id+key+timestamp+step+value_key], run_id, [run_id+key+step]',
  latest_metrics: '[run_id+key], run_id, [key+value]',
  registered_models: 'name',
  model_versions: '[name+version], name, run_id',
  aliases: '[name+alias], name',
  artifact_entries: '[run_id+path], run_id',
  artifacts: '[run_id+path]',
  sessions: 'session_id, pack_id, seq',
  answers: 'attempt_id, pack_id, session_id, seq',
  slates: 'slate_id, pack_id, seq',
  feedback: 'id, ref',
  settings: 'key',
  personal: 'pack_id',
};

/** Since version 2: the device's side of the federation. */
const FEDERATION_STORES = { federation: 'key', contributions: 'report_id', outbox: 'report_id' };

/** Since version 3: logs of several devices in the order of their clocks, the learner's layer over questions, mock exams. */
const LEARNER_STORES = {
  events: '[device_id+seq], &id, kind, hlc',
  experiments: 'experiment_id, name, lifecycle_stage',
  items: '[pack_id+item_id], pack_id',
  exams: 'session_id, pack_id',
  exam_results: '[pack_id+date], pack_id',
};

/** Since version 4: what a run logs at one step and time lies in one row, its latest points in another. The rows are folded anew, those of version 3 too. */
const METRIC_STORES = { metrics: null, latest_metrics: null, metric_steps: '[run_id+timestamp+step], run_id', run_metrics: 'run_id' };

/** The database, not yet open. @param name tests use their own */
export function journalDatabase(name = 'examsgraph-journal'): JournalDatabase {
  const db = new Dexie(name, { chromeTransactionDurability: 'strict', cache: 'disabled' });
  db.version(1).stores(STORES);
  db.version(2).stores(FEDERATION_STORES);
  db.version(3).stores(LEARNER_STORES);
  db.version(4)
    .stores(METRIC_STORES)
    .upgrade((tx) => foldAnew(tx));
  return db as unknown as JournalDatabase;
}

import { invalid, missing, type TrackingFault } from '#shared/tracking/fault.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import type { Outcome } from './batcher.ts';
import { type Write, writeTogether } from './together.ts';

/** One point of a metric as it is stored: NaN as 0 with a flag, an infinity as the largest number. */
export interface StoredMetric {
  readonly key: string;
  readonly value: number;
  readonly isNan: boolean;
  readonly timestamp: number;
  readonly step: number;
  /** The logged model it is a figure of, and the data it was measured on; absent: of the run alone. */
  readonly model?: { readonly id: string; readonly dataset_name: string; readonly dataset_digest: string };
}

/** A key and its text. */
export interface KeyText {
  readonly key: string;
  readonly value: string;
}

/** Everything one request writes to one run, checked already. */
export interface RunLog {
  readonly runId: string;
  readonly metrics: readonly StoredMetric[];
  readonly params: readonly KeyText[];
  readonly tags: readonly KeyText[];
  /** Whether a conflict of params is told one by one, as a request for one param is. */
  readonly isSingle?: boolean;
}

/** A run as far as its rows need it. */
export interface RunPlace {
  readonly run_id: string;
  readonly experiment_id: string;
  /** First day of the month its history is kept in. */
  readonly created_month: string;
}

interface RunRow extends RunPlace {
  readonly lifecycle_stage: string;
}

const MAX = Number.MAX_VALUE;

/** A metric's value as it is stored. */
export const storedValue = (value: number): { readonly value: number; readonly isNan: boolean } => ({
  value: Number.isNaN(value) ? 0 : Math.max(-MAX, Math.min(MAX, value)),
  isNan: Number.isNaN(value),
});

function isLater(a: StoredMetric, b: StoredMetric): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp;
  return a.value > b.value;
}

const RUN_NAME = 'mlflow.runName';

function conflict({ isSingle, runId }: RunLog, clashes: readonly { key: string; old: string; wanted: string }[]): TrackingFault {
  const [first] = clashes;
  if (isSingle && first) {
    return invalid(
      `Changing param values is not allowed. Param with key='${first.key}' was already logged with value='${first.old}' for run ID='${runId}'. Attempted logging new value '${first.wanted}'.`,
    );
  }
  const told = clashes.map((c) => `{'key': '${c.key}', 'old_value': '${c.old}', 'new_value': '${c.wanted}'}`).join(', ');
  return invalid(`Changing param values is not allowed. Params were already logged='[${told}]' for run ID='${runId}'.`);
}

/** What params of the runs there are already. */
async function paramsOf(sql: Sql, logs: readonly RunLog[]): Promise<Map<string, string>> {
  const wanted = logs.flatMap(({ runId, params }) => params.map(({ key }) => [runId, key] as const));
  if (wanted.length === 0) return new Map();
  const rows = await sql.query<{ run_id: string; key: string; value: string }>(
    'SELECT run_id, key, value FROM params JOIN unnest($1::text[], $2::text[]) AS w(run_id, key) USING (run_id, key)',
    [wanted.map(([run]) => run), wanted.map(([, key]) => key)],
  );
  return new Map(rows.map((row) => [`${row.run_id} ${row.key}`, row.value]));
}

/** Which of the logged models that figures are of there are. */
async function modelsOf(sql: Sql, logs: readonly RunLog[]): Promise<ReadonlySet<string>> {
  const wanted = [...new Set(logs.flatMap(({ metrics }) => metrics.flatMap((m) => (m.model ? [m.model.id] : []))))];
  if (wanted.length === 0) return new Set();
  const rows = await sql.query<{ model_id: string }>('SELECT model_id FROM logged_models WHERE model_id = ANY($1)', [wanted]);
  return new Set(rows.map((row) => row.model_id));
}

const newest = <T>(all: readonly (readonly [string, T])[]): readonly T[] => [...new Map(all).values()];

/** Sorted by run and key, so that two writers take locks in one order. */
const sorted = <T extends { readonly run: RunPlace; readonly key: string }>(rows: readonly T[]): readonly T[] =>
  [...rows].sort((a, b) => (a.run.run_id === b.run.run_id ? (a.key < b.key ? -1 : 1) : a.run.run_id < b.run.run_id ? -1 : 1));

type Owned<T> = T & { readonly run: RunPlace };

/** Points of logged models, beside the run's own. */
function modelWrites(points: readonly Owned<StoredMetric>[]): readonly Write[] {
  const own = points.flatMap((p) => (p.model ? [{ ...p, model: p.model }] : []));
  if (own.length === 0) return [];
  const column = <V>(of: (p: (typeof own)[number]) => V) => own.map(of);
  const text = `INSERT INTO logged_model_metrics (run_id, model_id, key, value, is_nan, timestamp, step, dataset_name, dataset_digest)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::bool[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
     ON CONFLICT DO NOTHING`;
  const values = [
    column((p) => p.run.run_id),
    column((p) => p.model.id),
    column((p) => p.key),
    column((p) => p.value),
    column((p) => p.isNan),
    column((p) => p.timestamp),
    column((p) => p.step),
    column((p) => p.model.dataset_name),
    column((p) => p.model.dataset_digest),
  ];
  return [{ text, values }];
}

function metricWrites(points: readonly Owned<StoredMetric>[]): readonly Write[] {
  if (points.length === 0) return [];
  const column = <V>(of: (p: Owned<StoredMetric>) => V) => points.map(of);
  const history: Write = {
    text: `INSERT INTO metrics (run_id, key, timestamp, step, value, is_nan, created_month)
     SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::bool[], $7::date[]) ON CONFLICT DO NOTHING`,
    values: [
      column((p) => p.run.run_id),
      column((p) => p.key),
      column((p) => p.timestamp),
      column((p) => p.step),
      column((p) => p.value),
      column((p) => p.isNan),
      column((p) => p.run.created_month),
    ],
  };
  const greatest = new Map<string, Owned<StoredMetric>>();
  for (const point of points) {
    const id = `${point.run.run_id} ${point.key}`;
    const before = greatest.get(id);
    if (!before || isLater(point, before)) greatest.set(id, point);
  }
  const latest = sorted([...greatest.values()]);
  const last: Write = {
    text: `INSERT INTO latest_metrics AS l (run_id, experiment_id, key, value, is_nan, timestamp, step)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::float8[], $5::bool[], $6::bigint[], $7::bigint[])
     ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan, timestamp = excluded.timestamp, step = excluded.step
     WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)`,
    values: [
      latest.map((p) => p.run.run_id),
      latest.map((p) => p.run.experiment_id),
      latest.map((p) => p.key),
      latest.map((p) => p.value),
      latest.map((p) => p.isNan),
      latest.map((p) => p.timestamp),
      latest.map((p) => p.step),
    ],
  };
  return [history, last, ...modelWrites(points)];
}

function textWrites(table: 'params' | 'tags', rows: readonly Owned<KeyText>[]): readonly Write[] {
  if (rows.length === 0) return [];
  const all = sorted(newest(rows.map((row) => [`${row.run.run_id} ${row.key}`, row] as const)));
  const onConflict = table === 'params' ? 'DO NOTHING' : '(run_id, key) DO UPDATE SET value = excluded.value';
  const text = `INSERT INTO ${table} (run_id, experiment_id, key, value)
     SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) ON CONFLICT ${onConflict}`;
  const values = [all.map((r) => r.run.run_id), all.map((r) => r.run.experiment_id), all.map((r) => r.key), all.map((r) => r.value)];
  return [{ text, values }];
}

/** The rows of what may be logged; runs' rows are locked, so that nothing else is logged to them meanwhile. */
async function lockRuns(sql: Sql, logs: readonly RunLog[]): Promise<Map<string, RunRow>> {
  const rows = await sql.query<RunRow>(
    `SELECT run_id, experiment_id::text, lifecycle_stage, created_month::text FROM runs WHERE run_id = ANY($1)
     ORDER BY run_id FOR NO KEY UPDATE`,
    [[...new Set(logs.map((log) => log.runId))]],
  );
  return new Map(rows.map((row) => [row.run_id, row]));
}

/** Whether a request may be written; its params then count for the ones after it. */
function judged(log: RunLog, run: RunRow | undefined, known: Map<string, string>, models: ReadonlySet<string>): Outcome<null> {
  if (!run) return { fault: missing(`Run with id=${log.runId} not found`) };
  if (run.lifecycle_stage !== 'active')
    return { fault: invalid(`The run ${log.runId} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`) };
  const clashes = log.params.flatMap(({ key, value }) => {
    const old = known.get(`${log.runId} ${key}`);
    return old === undefined || old === value ? [] : [{ key, old, wanted: value }];
  });
  if (clashes.length > 0) return { fault: conflict(log, clashes) };
  const lost = log.metrics.find((m) => m.model && !models.has(m.model.id))?.model;
  if (lost) return { fault: invalid(`Logged model with ID '${lost.id}' not found.`) };
  for (const { key, value } of log.params) known.set(`${log.runId} ${key}`, value);
  return { ok: null };
}

/** The rows of logs that were judged already, or whose runs are new in this transaction, so that nobody else can write to them. */
export function rowWrites(logs: readonly RunLog[], runs: ReadonlyMap<string, RunPlace>): readonly Write[] {
  const owned = <T>(of: (log: RunLog) => readonly T[]): readonly Owned<T>[] =>
    logs.flatMap((log) => of(log).map((row) => ({ ...row, run: runs.get(log.runId) as RunPlace })));
  return [
    ...metricWrites(owned((log) => log.metrics)),
    ...textWrites(
      'params',
      owned((log) => log.params),
    ),
    ...textWrites(
      'tags',
      owned((log) => log.tags),
    ),
  ];
}

/** Write what several requests log, in the caller's transaction: each whole or not at all, in their order. @returns their outcomes */
export async function writeLogs(sql: Transaction, logs: readonly RunLog[]): Promise<readonly Outcome<null>[]> {
  // in this order: whoever holds a run's row has written its params
  const [runs, known, models] = await Promise.all([lockRuns(sql, logs), paramsOf(sql, logs), modelsOf(sql, logs)]);
  const outcomes = logs.map((log) => judged(log, runs.get(log.runId), known, models));
  const good = logs.filter((_, i) => 'ok' in (outcomes[i] ?? {}));
  const named = newest(
    good.flatMap(({ runId, tags }) => tags.filter((t) => t.key === RUN_NAME).map((t) => [runId, { runId, name: t.value }] as const)),
  );
  if (named.length > 0) {
    sql.send('UPDATE runs SET run_name = n.name FROM unnest($1::text[], $2::text[]) AS n(run_id, name) WHERE runs.run_id = n.run_id', [
      named.map((n) => n.runId),
      named.map((n) => n.name),
    ]);
  }
  const touched = [...new Set(good.map((log) => log.runId))];
  if (touched.length > 0) {
    const risen = { text: 'UPDATE runs SET rev = rev + 1 WHERE run_id = ANY($1)', values: [touched] };
    writeTogether(sql, [...rowWrites(good, runs), risen]);
  }
  return outcomes;
}

import type { Body } from './event.ts';

/** A run's life, MLflow's words. */
export type RunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED';

/** Running totals of a study session, kept with its run so that an answer costs constant time. */
export interface SessionTotals {
  readonly answered: number;
  readonly correct: number;
  readonly studyTimeS: number;
  /** The step the next answer takes. */
  readonly nextStep: number;
  /** The greatest step any answer took, undone ones included. */
  readonly topStep: number;
}

/** One answer as it stands in the log. */
export interface AnswerRow extends Body<'answer.recorded'> {
  /** Place in the log as it lies on this device, events of other devices merged in by their clocks. */
  readonly seq: number;
  readonly at: number;
  readonly tz: number;
  readonly step: number;
  readonly run_id: string;
  readonly superseded: 0 | 1;
  /** The event that undid it; null while it stands. */
  readonly undone_seq: number | null;
  /** What the learner thinks went wrong; absent until they say. */
  readonly cause?: Body<'answer.cause'>['cause'];
  /** How well the learner says it was recalled; absent: read from the answer. */
  readonly grade?: Body<'answer.graded'>['grade'];
}

/** The learner's own layer over a question, which updates of the pack never touch. */
export interface ItemRow {
  readonly pack_id: string;
  readonly item_id: string;
  readonly flagged: boolean;
  readonly bookmarked: boolean;
  readonly suspended: boolean;
  /** Empty: no note. */
  readonly note: string;
  /** What was reported last; empty: nothing. */
  readonly reported: string;
}

/** A question of a running or finished mock exam, as it was last marked. */
export interface ExamMark {
  readonly choice: readonly string[];
  readonly flagged: boolean;
  readonly ms_raw: number;
}

/** One mock exam. */
export interface ExamRow extends Body<'exam.started'> {
  readonly at: number;
  readonly marks: Readonly<Record<string, ExamMark>>;
  readonly submitted: (Body<'exam.submitted'> & { readonly at: number }) | null;
}

/** One sitting. */
export interface SessionRow extends Body<'session.started'> {
  readonly seq: number;
  readonly at: number;
  readonly ended: 'finished' | 'left' | null;
  readonly endedAt: number | null;
  /** The attempt on screen, or last on screen; null before the first. */
  readonly shown: Body<'answer.shown'> | null;
  readonly totals: SessionTotals;
}

/** A point of a metric, MLflow's words; milliseconds. */
export interface MetricPoint {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

/** The rows folded out of the log, MLflow's nouns first. */
export interface Tables {
  experiments: {
    readonly experiment_id: string;
    readonly name: string;
    readonly lifecycle_stage: 'active' | 'deleted';
    readonly creation_time: number;
  };
  runs: {
    readonly run_id: string;
    readonly experiment_id: string;
    readonly run_name: string;
    readonly status: RunStatus;
    readonly start_time: number;
    readonly end_time: number | null;
    readonly lifecycle_stage: 'active' | 'deleted';
  };
  params: { readonly owner: string; readonly key: string; readonly value: string };
  tags: { readonly owner: string; readonly key: string; readonly value: string; readonly hlc: string; readonly device_id: string };
  /** All points of a run at one step and time, each once. */
  metric_steps: {
    readonly run_id: string;
    readonly timestamp: number;
    readonly step: number;
    readonly points: readonly { readonly key: string; readonly value: number }[];
  };
  /** The latest point of each of a run's metrics. */
  run_metrics: { readonly run_id: string; readonly latest: readonly MetricPoint[] };
  registered_models: { readonly name: string; readonly creation_time: number };
  model_versions: {
    readonly name: string;
    readonly version: number;
    readonly run_id: string;
    readonly creation_time: number;
    readonly tags: readonly { readonly key: string; readonly value: string }[];
  };
  aliases: { readonly name: string; readonly alias: string; readonly version: number; readonly hlc: string; readonly at: number };
  artifact_entries: { readonly run_id: string; readonly path: string; readonly sha256: string; readonly size: number };
  sessions: SessionRow;
  answers: AnswerRow;
  slates: Body<'slate.shown'> & {
    readonly seq: number;
    readonly at: number;
    readonly opened: readonly number[];
    readonly dismissed: readonly number[];
    readonly completed: readonly number[];
  };
  feedback: Body<'feedback.given'> & { readonly id: string; readonly at: number };
  settings: { readonly key: string; readonly value: string; readonly hlc: string };
  items: ItemRow;
  exams: ExamRow;
  exam_results: Body<'exam.result'> & { readonly at: number };
}

/** Name of a table of rows. */
export type TableName = keyof Tables;

/** Fields that make up each table's key, in order. */
export const KEYS = {
  experiments: ['experiment_id'],
  runs: ['run_id'],
  params: ['owner', 'key'],
  tags: ['owner', 'key'],
  metric_steps: ['run_id', 'timestamp', 'step'],
  run_metrics: ['run_id'],
  registered_models: ['name'],
  model_versions: ['name', 'version'],
  aliases: ['name', 'alias'],
  artifact_entries: ['run_id', 'path'],
  sessions: ['session_id'],
  answers: ['attempt_id'],
  slates: ['slate_id'],
  feedback: ['id'],
  settings: ['key'],
  items: ['pack_id', 'item_id'],
  exams: ['session_id'],
  exam_results: ['pack_id', 'date'],
} as const satisfies { [T in TableName]: readonly (keyof Tables[T])[] };

/** All tables, in a fixed order. */
export const TABLE_NAMES = Object.keys(KEYS) as readonly TableName[];

/** A key: the fields of KEYS in order; one alone stands bare. */
export type RowKey = string | number | readonly (string | number)[];

/** Where the fold reads and writes its rows: a transaction of the real store, or plain maps. */
export interface RowStore {
  get<T extends TableName>(table: T, key: RowKey): Promise<Tables[T] | undefined>;
  put<T extends TableName>(table: T, row: Tables[T]): Promise<void>;
  delete<T extends TableName>(table: T, key: RowKey): Promise<void>;
}

/** The key of a row. */
export function keyOf<T extends TableName>(table: T, row: Tables[T]): RowKey {
  const fields: readonly string[] = KEYS[table];
  const values = fields.map((field) => (row as Readonly<Record<string, unknown>>)[field] as string | number);
  return values.length === 1 ? (values[0] as string | number) : values;
}

/** The points of runs, one by one. */
export function pointsOf(rows: readonly Tables['metric_steps'][]): (MetricPoint & { readonly run_id: string })[] {
  return rows.flatMap(({ run_id, timestamp, step, points }) => points.map(({ key, value }) => ({ run_id, key, value, timestamp, step })));
}

import { remembered } from '../domain/remembered.ts';
import type { pointsOf, Tables } from './rows.ts';

/** The rows an export is made of. */
export interface ExportedRows {
  readonly experiments: readonly Tables['experiments'][];
  readonly runs: readonly Tables['runs'][];
  readonly params: readonly Tables['params'][];
  readonly tags: readonly Tables['tags'][];
  readonly metrics: ReturnType<typeof pointsOf>;
  readonly model_versions: readonly Tables['model_versions'][];
  readonly aliases: readonly Tables['aliases'][];
  readonly answers: readonly Tables['answers'][];
}

/** Text files by their path in the archive. */
export type TextFiles = Readonly<Record<string, string>>;

/** MLflow's numbers of a run's status in its file store. */
const STATUS = { RUNNING: 1, FINISHED: 3, FAILED: 4, KILLED: 5 } as const;

/** Characters that JSON writes as they are and YAML reads otherwise, or not at all. */
const NOT_YAML = /[\u007f-\u009f\u2028\u2029]/g;

/** JSON is YAML but for those: every value is written as JSON writes it. */
const yaml = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(
      ([key, value]) =>
        `${key}: ${JSON.stringify(value).replace(NOT_YAML, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`,
    )
    .join('');

/** A number as MLflow's file store writes it. */
const figure = (value: number): string =>
  Number.isNaN(value) ? 'nan' : Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf';

/** A name that is one part of a path: never another folder, whatever a restored log calls its runs. */
const part = (name: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those too may not be in a file's name
  name.replace(/[%/\\*?"<>|\u0000-\u001f]/g, '_').replace(/^\.*$/, (dots) => '_'.repeat(Math.max(1, dots.length)));

/** A key or an artifact's path, as MLflow's file store nests it; never outside of its folder. */
export const partsOf = (key: string): string => key.split('/').map(part).join('/');

function by<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) remembered(groups, key(row), () => []).push(row);
  return groups;
}

/** Where a run lies in the archive. */
const runRoot = (run: Tables['runs']): string => `mlruns/${part(run.experiment_id)}/${part(run.run_id)}`;

function runFiles(run: Tables['runs'], of: ReturnType<typeof index>): [string, string][] {
  const root = runRoot(run);
  const meta = yaml({
    artifact_uri: `./${root}/artifacts`,
    end_time: run.end_time,
    entry_point_name: '',
    experiment_id: run.experiment_id,
    lifecycle_stage: run.lifecycle_stage,
    run_id: run.run_id,
    run_name: run.run_name,
    run_uuid: run.run_id,
    source_name: '',
    source_type: 4,
    source_version: '',
    start_time: run.start_time,
    status: STATUS[run.status],
    tags: [],
    user_id: of.tags.get(run.run_id)?.find((t) => t.key === 'mlflow.user')?.value ?? 'learner',
  });
  const histories = by(of.metrics.get(run.run_id) ?? [], (m) => m.key);
  return [
    [`${root}/meta.yaml`, meta],
    ...[...histories].map(([key, points]): [string, string] => [
      `${root}/metrics/${partsOf(key)}`,
      points.map((m) => `${m.timestamp} ${figure(m.value)} ${m.step}\n`).join(''),
    ]),
    ...(of.params.get(run.run_id) ?? []).map((p): [string, string] => [`${root}/params/${partsOf(p.key)}`, p.value]),
    ...(of.tags.get(run.run_id) ?? []).map((t): [string, string] => [`${root}/tags/${partsOf(t.key)}`, t.value]),
  ];
}

const index = (rows: ExportedRows) => ({
  metrics: by(rows.metrics, (m) => m.run_id),
  params: by(rows.params, (p) => p.owner),
  tags: by(rows.tags, (t) => t.owner),
});

/** Where a run's artifacts lie in the archive. */
export const artifactRoot = (run: Tables['runs']): string => `${runRoot(run)}/artifacts`;

/** Folders a run must have, empty or not: MLflow takes what lacks one for no run. */
export const runFolders = (run: Tables['runs']): readonly string[] =>
  ['metrics/', 'params/', 'artifacts/'].map((name) => `${runRoot(run)}/${name}`);

/** The log as MLflow's file store lays it out: experiments, runs with params, tags and the whole history of metrics, models with aliases. */
export function mlrunsFiles(rows: ExportedRows): TextFiles {
  const of = index(rows);
  const files: [string, string][] = rows.experiments.map((e) => [
    `mlruns/${part(e.experiment_id)}/meta.yaml`,
    yaml({
      artifact_location: `./mlruns/${part(e.experiment_id)}`,
      creation_time: e.creation_time,
      experiment_id: e.experiment_id,
      last_update_time: e.creation_time,
      lifecycle_stage: e.lifecycle_stage,
      name: e.name,
    }),
  ]);
  for (const run of rows.runs) files.push(...runFiles(run, of));
  const artifacts = new Map(rows.runs.map((run) => [run.run_id, artifactRoot(run)]));
  for (const v of rows.model_versions) {
    const root = `mlruns/models/${part(v.name)}`;
    files.push([
      `${root}/version-${v.version}/meta.yaml`,
      yaml({
        creation_timestamp: v.creation_time,
        current_stage: 'None',
        last_updated_timestamp: v.creation_time,
        name: v.name,
        run_id: v.run_id,
        source: `./${artifacts.get(v.run_id) ?? ''}/model`,
        status: 'READY',
        version: v.version,
      }),
    ]);
    files.push([`${root}/meta.yaml`, yaml({ creation_timestamp: v.creation_time, last_updated_timestamp: v.creation_time, name: v.name })]);
  }
  for (const a of rows.aliases) files.push([`mlruns/models/${part(a.name)}/aliases/${part(a.alias)}`, String(a.version)]);
  return Object.fromEntries(files);
}

/** A cell of CSV; what a spreadsheet would run as a formula is made text by an apostrophe before it. */
export function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const inert = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

const csv = (head: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [head, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n');

/** Runs, metrics and answers as tables for a spreadsheet. */
export function csvFiles(rows: ExportedRows): TextFiles {
  const names = new Map(rows.experiments.map((e) => [e.experiment_id, e.name]));
  return {
    'csv/runs.csv': csv(
      ['run_id', 'experiment', 'run_name', 'status', 'start_time', 'end_time'],
      rows.runs.map((r) => [r.run_id, names.get(r.experiment_id), r.run_name, r.status, r.start_time, r.end_time]),
    ),
    'csv/params.csv': csv(
      ['run_id', 'key', 'value'],
      rows.params.map((p) => [p.owner, p.key, p.value]),
    ),
    'csv/metrics.csv': csv(
      ['run_id', 'key', 'step', 'timestamp', 'value'],
      rows.metrics.map((m) => [m.run_id, m.key, m.step, m.timestamp, m.value]),
    ),
    'csv/answers.csv': csv(
      ['at', 'item_id', 'correct', 'confidence', 'time_spent', 'predicted_p', 'model_version', 'undone'],
      rows.answers.map((a) => [a.at, a.item_id, a.correct, a.confidence, a.time_spent, a.predicted_p, a.model_version, a.superseded]),
    ),
  };
}

/** What the archive says of itself. */
export const EXPORT_README = `This is a learner's own experiment log.

mlruns/    for MLflow: unzip, then "mlflow ui --backend-store-uri ./mlruns"; MLflow 3.13 and newer ask for MLFLOW_ALLOW_FILE_STORE=true
           or push it to an MLflow server: npm run push-log -- THIS.zip --to http://… (in a checkout of ExamsGraph)
csv/       runs, params, metrics and answers for a spreadsheet
log.json   every event of the log, in order
model/     the network with the learner's own offset and feature weights, as ONNX and for TensorFlow.js: input "features" [n, 28] (float32),
           output "probability" [n, 1]; features.json names the inputs in order. A part of what the app serves: it adds offsets of topics,
           blends this with the shared model, and corrects the result by how right it has been
`;

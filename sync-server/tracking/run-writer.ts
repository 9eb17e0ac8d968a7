import { invalid, missing } from '#shared/tracking/fault.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import type { Outcome } from './batcher.ts';
import type { ExperimentRow } from './experiments.ts';
import { isExperimentId } from './ids.ts';
import { below } from './locations.ts';
import type { KeyText } from './log-writer.ts';
import { type Write, writeTogether } from './together.ts';

/** A run about to be made, checked already. */
export interface NewRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly name: string;
  readonly userId: string;
  readonly status: string;
  /** Epoch ms. */
  readonly startTime: number;
  readonly endTime: number | null;
  readonly tags: readonly KeyText[];
}

/** What the server decided about a new run. */
export interface MadeRun {
  readonly artifactUri: string;
}

/** The first day of the month of an instant, UTC: where a run's history is kept. */
export const monthOf = (at: number): string => `${new Date(at).toISOString().slice(0, 7)}-01`;

/** The experiments of new runs. @param lock SQL that orders and locks their rows; empty: none */
export async function experimentsOf(sql: Sql, ids: readonly string[], lock = ''): Promise<Map<string, ExperimentRow>> {
  const rows = await sql.query<ExperimentRow>(
    `SELECT experiment_id::text, name, artifact_location, lifecycle_stage FROM experiments WHERE experiment_id = ANY($1::bigint[]) ${lock}`,
    [[...new Set(ids)].filter(isExperimentId)],
  );
  return new Map(rows.map((row) => [row.experiment_id, row]));
}

/** Why no run may be made in an experiment; null if one may. */
export function refusalOf(id: string, experiment: ExperimentRow | undefined) {
  if (!experiment) return missing(`No Experiment with id=${id} exists`);
  if (experiment.lifecycle_stage === 'active') return null;
  return invalid(`The experiment ${id} must be in the 'active' state. Current state is ${experiment.lifecycle_stage}.`);
}

/** New runs about to be written. */
export interface RunWrites {
  /** Of each run, in order. */
  readonly outcomes: readonly Outcome<MadeRun>[];
  readonly writes: readonly Write[];
}

/** The rows of several new runs with their tags. @param month where their history is kept */
export function runWrites(runs: readonly NewRun[], experiments: ReadonlyMap<string, ExperimentRow>, month: string): RunWrites {
  const outcomes = runs.map(({ experimentId, runId }): Outcome<MadeRun> => {
    const experiment = experiments.get(experimentId);
    const fault = refusalOf(experimentId, experiment);
    return fault ? { fault } : { ok: { artifactUri: below(experiment?.artifact_location ?? '', runId, 'artifacts') } };
  });
  const good = runs.flatMap((run, i) => {
    const outcome = outcomes[i];
    return outcome && 'ok' in outcome ? [{ ...run, uri: outcome.ok.artifactUri }] : [];
  });
  if (good.length === 0) return { outcomes, writes: [] };
  const column = <V>(of: (r: (typeof good)[number]) => V) => good.map(of);
  const made: Write = {
    text: `INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri, created_month)
     SELECT r.*, $9::date FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[]) AS r`,
    values: [
      column((r) => r.runId),
      column((r) => r.experimentId),
      column((r) => r.name),
      column((r) => r.userId),
      column((r) => r.status),
      column((r) => r.startTime),
      column((r) => r.endTime),
      column((r) => r.uri),
      month,
    ],
  };
  const tags = good.flatMap((r) => [...new Map(r.tags.map((t) => [t.key, t])).values()].map((t) => ({ ...t, run: r })));
  const tagged: Write = {
    text: 'INSERT INTO tags (run_id, experiment_id, key, value) SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])',
    values: [tags.map((t) => t.run.runId), tags.map((t) => t.run.experimentId), tags.map((t) => t.key), tags.map((t) => t.value)],
  };
  return { outcomes, writes: tags.length > 0 ? [made, tagged] : [made] };
}

/** Write several new runs with their tags, in the caller's transaction. @param month where their history is kept @returns outcomes in order */
export async function writeRuns(sql: Transaction, runs: readonly NewRun[], month: string): Promise<readonly Outcome<MadeRun>[]> {
  const experiments = await experimentsOf(
    sql,
    runs.map((r) => r.experimentId),
  );
  const { outcomes, writes } = runWrites(runs, experiments, month);
  writeTogether(sql, writes);
  return outcomes;
}

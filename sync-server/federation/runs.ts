import type { Sql } from '../ports/database.ts';

/** One finished run in MLflow's nouns. */
export interface FinishedRun {
  /** 32 hexadecimal digits. */
  readonly runId: string;
  readonly experiment: string;
  readonly name: string;
  /** Epoch ms. */
  readonly at: number;
  readonly step: number;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

async function experimentId(sql: Sql, name: string, at: number): Promise<string> {
  await sql.query(
    'INSERT INTO experiments (experiment_id, name, creation_time) SELECT (count(*) + 1)::text, $1, $2 FROM experiments ON CONFLICT DO NOTHING',
    [name, at],
  );
  const [row] = await sql.query<{ experiment_id: string }>('SELECT experiment_id FROM experiments WHERE name = $1', [name]);
  if (!row) throw new Error(`the experiment ${name} could not be made`);
  return row.experiment_id;
}

/** Log a run that began and ended, in the caller's transaction; metrics that are not finite are left out. */
export async function logRun(sql: Sql, run: FinishedRun): Promise<void> {
  const id = await experimentId(sql, run.experiment, run.at);
  await sql.query(
    "INSERT INTO runs (run_id, experiment_id, run_name, status, start_time, end_time) VALUES ($1, $2, $3, 'FINISHED', $4, $4)",
    [run.runId, id, run.name, run.at],
  );
  for (const [key, value] of Object.entries(run.params)) {
    await sql.query('INSERT INTO params (run_id, key, value) VALUES ($1, $2, $3)', [run.runId, key, value]);
  }
  for (const [key, value] of Object.entries(run.tags)) {
    await sql.query('INSERT INTO tags (run_id, key, value) VALUES ($1, $2, $3)', [run.runId, key, value]);
  }
  for (const [key, value] of Object.entries(run.metrics)) {
    if (!Number.isFinite(value)) continue;
    await sql.query('INSERT INTO metrics (run_id, key, timestamp, step, value) VALUES ($1, $2, $3, $4, $5)', [
      run.runId,
      key,
      run.at,
      run.step,
      value,
    ]);
  }
}

/** Register a promoted version under MLflow's registry, with its alias. */
export async function registerVersion(sql: Sql, name: string, version: number, runId: string, at: number): Promise<void> {
  await sql.query('INSERT INTO registered_models (name, creation_time) VALUES ($1, $2) ON CONFLICT DO NOTHING', [name, at]);
  await sql.query('INSERT INTO model_versions (name, version, run_id, creation_time) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
    name,
    version,
    runId,
    at,
  ]);
}

/** Point an alias of the registry at a version. */
export async function setRegistryAlias(sql: Sql, name: string, alias: string, version: number): Promise<void> {
  await sql.query(
    'INSERT INTO registered_model_aliases (name, alias, version) VALUES ($1, $2, $3) ON CONFLICT (name, alias) DO UPDATE SET version = $3',
    [name, alias, version],
  );
}

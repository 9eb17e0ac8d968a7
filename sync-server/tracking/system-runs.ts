import { newExperimentId } from '#shared/domain/ids.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Transaction } from '../ports/database.ts';
import type { Promotion, RunLog, ServiceRun } from '../ports/run-log.ts';
import { putDataSet } from './inputs.ts';
import { writeLogs } from './log-writer.ts';
import { writeEvent } from './registry.ts';
import { monthOf, writeRuns } from './run-writer.ts';
import { notify } from './webhook-events.ts';

/** Tag of the service's own experiments: staff may read them, an admin may write to them, nobody may delete them. */
export const SYSTEM_TAG = 'eg.system';

/** Who the service's own runs belong to. */
const SERVICE = { name: 'examsgraph' } as const;

const pairs = (all: Readonly<Record<string, string>>) => Object.entries(all).map(([key, value]) => ({ key, value }));

/** The service's experiment of that name: made if missing, made active again if it was not. Somebody else's of that name gives way. */
async function experimentNamed(sql: Transaction, rng: Rng, name: string, at: number): Promise<string> {
  await sql.query(
    `UPDATE experiments e SET name = name || ' (' || experiment_id || ')', last_update_time = $3 WHERE name = $1
     AND NOT EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_id = e.experiment_id AND t.key = $2)`,
    [name, SYSTEM_TAG, at],
  );
  const [row] = await sql.query<{ id: string }>(
    `INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
     VALUES ($1::bigint, $2, 'mlflow-artifacts:/' || $1, $3, $3) ON CONFLICT (name) DO UPDATE SET lifecycle_stage = 'active'
     RETURNING experiment_id::text AS id`,
    [newExperimentId(rng), name, at],
  );
  if (!row) throw new Error(`the experiment ${name} could not be made`);
  await sql.query("INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, 'true') ON CONFLICT DO NOTHING", [
    row.id,
    SYSTEM_TAG,
  ]);
  return row.id;
}

async function begin(sql: Transaction, source: string, experimentId: string, run: ServiceRun, isOver: boolean): Promise<void> {
  const tags = { 'mlflow.runName': run.name, 'mlflow.user': SERVICE.name, 'mlflow.source.name': source, 'eg.schema': '1', ...run.tags };
  const [made] = await writeRuns(
    sql,
    [
      {
        runId: run.runId,
        experimentId,
        name: run.name,
        userId: SERVICE.name,
        status: isOver ? 'FINISHED' : 'RUNNING',
        startTime: run.at,
        endTime: isOver ? run.at : null,
        tags: pairs(tags),
      },
    ],
    monthOf(run.at),
  );
  if (!made || 'fault' in made) throw made?.fault ?? new Error('a run was not written');
}

async function say(sql: Transaction, run: ServiceRun): Promise<void> {
  const metrics = Object.entries(run.metrics)
    .filter(([, value]) => Number.isFinite(value))
    .map(([key, value]) => ({ key, value, isNan: false, timestamp: run.at, step: run.step }));
  const [told] = await writeLogs(sql, [{ runId: run.runId, metrics, params: pairs(run.params), tags: [] }]);
  if (!told || 'fault' in told) throw told?.fault ?? new Error('a run was not logged');
}

async function logFinished(sql: Transaction, rng: Rng, source: string, run: ServiceRun): Promise<void> {
  const experimentId = await experimentNamed(sql, rng, run.experiment, run.at);
  await begin(sql, source, experimentId, run, true);
  if (run.dataset) {
    const { context, ...dataset } = run.dataset;
    const tags = [{ key: 'mlflow.data.context', value: context }];
    await putDataSet(sql, run.runId, experimentId, { dataset: { ...dataset, source_type: 'local' }, tags });
  }
  await say(sql, run);
}

async function observe(sql: Transaction, rng: Rng, source: string, run: ServiceRun): Promise<void> {
  // the experiment's row is locked by this: of two servers the second sees what the first has begun
  const experimentId = await experimentNamed(sql, rng, run.experiment, run.at);
  const [known] = await sql.query(`UPDATE runs SET lifecycle_stage = 'active', rev = rev + 1 WHERE run_id = $1 RETURNING 1`, [run.runId]);
  if (!known) {
    if (!run.isBeside)
      await sql.query(
        `UPDATE runs SET status = 'FINISHED', end_time = $3, rev = rev + 1 WHERE experiment_id = $1 AND user_id = $2 AND status = 'RUNNING'`,
        [experimentId, SERVICE.name, run.at],
      );
    await begin(sql, source, experimentId, run, false);
  }
  await say(sql, known ? { ...run, params: {} } : run);
}

async function end(sql: Transaction, runId: string, at: number, tags: Readonly<Record<string, string>>): Promise<void> {
  const ended = await sql.query(
    `UPDATE runs SET status = 'FINISHED', end_time = $2, rev = rev + 1 WHERE run_id = $1 AND status = 'RUNNING' RETURNING 1`,
    [runId, at],
  );
  if (ended.length === 0) return;
  const [told] = await writeLogs(sql, [{ runId, metrics: [], params: [], tags: pairs(tags) }]);
  if (told && 'fault' in told) throw told.fault;
}

async function promote(sql: Transaction, { name, version, runId, alias, at }: Promotion): Promise<void> {
  await sql.query(
    `INSERT INTO registered_models (name, creation_time, last_updated, last_version) VALUES ($1, $2, $2, $3)
     ON CONFLICT (name) DO UPDATE SET last_updated = $2, last_version = greatest(registered_models.last_version, $3)`,
    [name, at, version],
  );
  await sql.query(
    `INSERT INTO model_versions (name, version, creation_time, last_updated, source, storage_location, run_id)
     VALUES ($1, $2, $3, $3, $4, '', $5) ON CONFLICT DO NOTHING`,
    [name, version, at, `runs:/${runId}/model`, runId],
  );
  await sql.query(
    `INSERT INTO registered_model_aliases (name, alias, version) SELECT name, 'previous', version FROM registered_model_aliases
     WHERE name = $1 AND alias = $2 AND version <> $3 ON CONFLICT (name, alias) DO UPDATE SET version = excluded.version`,
    [name, alias, version],
  );
  await sql.query(
    'INSERT INTO registered_model_aliases (name, alias, version) VALUES ($1, $2, $3) ON CONFLICT (name, alias) DO UPDATE SET version = $3',
    [name, alias, version],
  );
  await writeEvent(sql, at, SERVICE, { name, version, kind: 'alias.set', detail: alias });
  await notify(at, sql, 'MODEL_VERSION_ALIAS', 'CREATED', { name, alias, version: String(version) });
}

/** The service's own runs and promotions, as every MLflow client reads them. @param source told as `mlflow.source.name` */
export function systemRuns(rng: Rng, source: string): RunLog {
  return { log: (sql, run) => logFinished(sql, rng, source, run), observe: (sql, run) => observe(sql, rng, source, run), end, promote };
}

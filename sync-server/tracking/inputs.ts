import { invalid, missing } from '#shared/tracking/fault.ts';
import { checkLength, LIMITS } from '#shared/tracking/limits.ts';
import type { Sql } from '../ports/database.ts';
import { checkRunId } from './ids.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

interface SentDataSet {
  readonly dataset: {
    readonly name: string;
    readonly digest: string;
    readonly source_type: string;
    readonly source: string;
    readonly schema?: string | undefined;
    readonly profile?: string | undefined;
  };
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

function checkDataSet({ dataset, tags }: SentDataSet): void {
  checkLength('name', LIMITS.datasetName, dataset.name);
  checkLength('digest', LIMITS.datasetDigest, dataset.digest);
  checkLength('source', LIMITS.datasetSource, dataset.source);
  checkLength('schema', LIMITS.datasetSchema, dataset.schema ?? '');
  checkLength('profile', LIMITS.datasetProfile, dataset.profile ?? '');
  for (const { key, value } of tags) {
    checkLength('key', LIMITS.inputTagKey, key);
    checkLength('value', LIMITS.inputTagValue, value);
  }
}

/** The experiment of a run that may be written to, its row locked. @throws TrackingFault */
async function openRun(sql: Sql, runId: string): Promise<string> {
  const [run] = await sql.query<{ experiment_id: string; lifecycle_stage: string }>(
    'UPDATE runs SET rev = rev + 1 WHERE run_id = $1 RETURNING experiment_id::text, lifecycle_stage',
    [checkRunId(runId)],
  );
  if (!run) throw missing(`Run with id=${runId} not found`);
  if (run.lifecycle_stage !== 'active')
    throw invalid(`The run ${runId} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`);
  return run.experiment_id;
}

/** Keeps a data set and that a run reads it, in the caller's transaction. */
export async function putDataSet(sql: Sql, runId: string, experimentId: string, { dataset: d, tags }: SentDataSet): Promise<void> {
  await sql.query(
    `INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT DO NOTHING`,
    [experimentId, d.name, d.digest, d.source_type, d.source, d.schema ?? null, d.profile ?? null],
  );
  await sql.query(
    `INSERT INTO inputs (run_id, dataset_id, tags) SELECT $1, dataset_id, $5::jsonb FROM datasets
     WHERE experiment_id = $2 AND name = $3 AND digest = $4 ON CONFLICT DO NOTHING`,
    [runId, experimentId, d.name, d.digest, JSON.stringify(tags)],
  );
}

/** Use cases of what runs read and make. */
export function inputHandlers({ db }: TrackingPorts): Handlers<'logInputs' | 'logOutputs'> {
  return {
    async logInputs({ run_id, datasets = [], models = [] }) {
      for (const input of datasets) checkDataSet(input);
      await db.transaction(async (sql) => {
        const experimentId = await openRun(sql, run_id);
        for (const input of datasets) await putDataSet(sql, run_id, experimentId, input);
        for (const { model_id } of models) {
          await sql.query('INSERT INTO run_models (run_id, model_id, is_output, step) VALUES ($1, $2, false, 0) ON CONFLICT DO NOTHING', [
            run_id,
            model_id,
          ]);
        }
      });
      return {};
    },
    async logOutputs({ run_id, models }) {
      await db.transaction(async (sql) => {
        await openRun(sql, run_id);
        for (const { model_id, step } of models) {
          await sql.query(
            `INSERT INTO run_models (run_id, model_id, is_output, step) VALUES ($1, $2, true, $3)
             ON CONFLICT (run_id, is_output, model_id) DO UPDATE SET step = $3`,
            [run_id, model_id, step],
          );
        }
      });
      return {};
    },
  };
}

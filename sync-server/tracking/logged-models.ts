import { invalid, missing } from '#shared/tracking/fault.ts';
import { checkName, cut, LIMITS } from '#shared/tracking/limits.ts';
import type { Sql } from '../ports/database.ts';
import { checkActive, experimentOf } from './experiments.ts';
import { isExperimentId, newId, randomName } from './ids.ts';
import { below } from './locations.ts';
import type { KeyText } from './log-writer.ts';
import { valueJson } from './run-json.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

/** MLflow's numbers of the statuses. */
const STATUSES = ['LOGGED_MODEL_STATUS_UNSPECIFIED', 'LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'];

const pairs = (table: string): string =>
  `(SELECT json_agg(json_build_object('key', x.key, 'value', x.value) ORDER BY x.key) FROM ${table} x WHERE x.model_id = l.model_id)`;

/** One logged model as JSON; `l` is its row. */
export const LOGGED_MODEL_JSON = `json_build_object('info', json_build_object('model_id', l.model_id, 'experiment_id', l.experiment_id::text,
    'name', l.name, 'creation_timestamp_ms', l.creation_time, 'last_updated_timestamp_ms', l.last_updated, 'artifact_uri', l.artifact_uri,
    'status', (ARRAY['${STATUSES.join("','")}'])[l.status + 1], 'status_message', l.status_message, 'model_type', l.model_type,
    'source_run_id', l.source_run_id, 'tags', ${pairs('logged_model_tags')}),
  'data', json_build_object('params', ${pairs('logged_model_params')},
    'metrics', (SELECT json_agg(json_build_object('key', m.key, 'value', ${valueJson('m')}, 'timestamp', m.timestamp, 'step', m.step,
      'dataset_name', nullif(m.dataset_name, ''), 'dataset_digest', nullif(m.dataset_digest, ''), 'model_id', m.model_id, 'run_id', m.run_id)
      ORDER BY m.key, m.timestamp, m.step, m.value) FROM logged_model_metrics m WHERE m.model_id = l.model_id)))`;

async function modelText(sql: Sql, id: string, alsoDeleted: boolean): Promise<string> {
  const [row] = await sql.query<{ json: string }>(
    `SELECT json_strip_nulls(json_build_object('model', ${LOGGED_MODEL_JSON}))::text AS json FROM logged_models l
     WHERE l.model_id = $1 AND ($2 OR l.lifecycle_stage = 'active')`,
    [id, alsoDeleted],
  );
  if (!row) throw missing(`Logged model with ID '${id}' not found.`);
  return row.json;
}

function checkModelName(name: string): void {
  if (/[/:.%"']/.test(name)) {
    throw invalid(
      `Invalid model name ('${name}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
    );
  }
}

async function putPairs(sql: Sql, table: 'logged_model_tags' | 'logged_model_params', id: string, all: readonly KeyText[]): Promise<void> {
  const limit = table === 'logged_model_params' ? LIMITS.paramValue : LIMITS.tagValue;
  for (const { key, value } of all) {
    checkName(key, 'key');
    const stored = cut(value, limit);
    const [kept] = await sql.query<{ value: string }>(
      `INSERT INTO ${table} AS t (model_id, key, value) VALUES ($1, $2, $3)
       ON CONFLICT (model_id, key) DO UPDATE SET value = ${table === 'logged_model_params' ? 't.value' : '$3'} RETURNING value`,
      [id, key, stored],
    );
    if (kept && kept.value !== stored) {
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${kept.value}' for logged model ID='${id}'. Attempted logging new value '${stored}'.`,
      );
    }
  }
}

type LoggedNames =
  | 'createLoggedModel'
  | 'getLoggedModel'
  | 'finalizeLoggedModel'
  | 'deleteLoggedModel'
  | 'setLoggedModelTags'
  | 'deleteLoggedModelTag'
  | 'logLoggedModelParams';

/** Use cases of logged models, search aside. */
export function loggedModelHandlers(ports: TrackingPorts): Handlers<LoggedNames> {
  const { db, now } = ports;
  const touch = (sql: Sql, id: string) => sql.query('UPDATE logged_models SET last_updated = $2 WHERE model_id = $1', [id, now()]);
  return {
    async createLoggedModel({ experiment_id, name, model_type, source_run_id, params = [], tags = [] }) {
      checkModelName(name ?? '');
      const id = `m-${newId()}`;
      return db.transaction(async (sql) => {
        const experiment = await experimentOf(sql, experiment_id);
        checkActive(experiment);
        await sql.query(
          `INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri, creation_time, last_updated, status, model_type, source_run_id)
           VALUES ($1, $2, $3, $4, $5, $5, 1, $6, $7)`,
          [
            id,
            experiment_id,
            name || randomName(ports.rng),
            below(experiment.artifact_location, 'models', id, 'artifacts'),
            now(),
            model_type ?? '',
            source_run_id ?? '',
          ],
        );
        await putPairs(sql, 'logged_model_params', id, params);
        await putPairs(sql, 'logged_model_tags', id, tags);
        return { raw: await modelText(sql, id, false) };
      });
    },
    getLoggedModel: async ({ model_id, allow_deleted }) => ({ raw: await modelText(db, model_id, allow_deleted === true) }),
    async finalizeLoggedModel({ model_id, status }) {
      const number = STATUSES.indexOf(status);
      if (number < 1) throw invalid(`Invalid model status: ${status}`);
      await modelText(db, model_id, true);
      await db.query('UPDATE logged_models SET status = $2, last_updated = $3 WHERE model_id = $1', [model_id, number, now()]);
      return { raw: await modelText(db, model_id, true) };
    },
    async deleteLoggedModel({ model_id }) {
      await modelText(db, model_id, true);
      await db.query("UPDATE logged_models SET lifecycle_stage = 'deleted', last_updated = $2 WHERE model_id = $1", [model_id, now()]);
      return {};
    },
    async setLoggedModelTags({ model_id, tags = [] }) {
      await db.transaction(async (sql) => {
        await modelText(sql, model_id, true);
        await putPairs(sql, 'logged_model_tags', model_id, tags);
        await touch(sql, model_id);
      });
      return {};
    },
    async deleteLoggedModelTag({ model_id, tag_key }) {
      await db.transaction(async (sql) => {
        await modelText(sql, model_id, true);
        const gone = await sql.query('DELETE FROM logged_model_tags WHERE model_id = $1 AND key = $2 RETURNING 1', [model_id, tag_key]);
        if (gone.length === 0) throw missing(`No tag with key '${tag_key}' found for model with ID '${model_id}'.`);
      });
      return {};
    },
    async logLoggedModelParams({ model_id, params = [] }) {
      await db.transaction(async (sql) => {
        await modelText(sql, model_id, true);
        await putPairs(sql, 'logged_model_params', model_id, params);
      });
      return {};
    },
  };
}

/** Ids of experiments as Postgres takes them. */
export const experimentIds = (ids: readonly string[]): readonly string[] => [...new Set(ids)].filter(isExperimentId);

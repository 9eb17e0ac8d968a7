import { invalid, missing } from '#shared/tracking/fault.ts';
import { checkModelName } from '#shared/tracking/limits.ts';
import type { Sql } from '../ports/database.ts';

const tagsOf = (from: string): string => `(SELECT json_agg(json_build_object('key', t.key, 'value', t.value) ORDER BY t.key) FROM ${from})`;

/** A version as JSON; `v` is its row. */
export const versionJson = (withAliases: boolean): string => `json_build_object('name', v.name, 'version', v.version::text,
  'creation_timestamp', v.creation_time, 'last_updated_timestamp', v.last_updated, 'user_id', nullif(v.user_id, ''),
  'current_stage', v.current_stage, 'description', v.description, 'source', v.source, 'run_id', v.run_id, 'status', 'READY', 'run_link', v.run_link,
  'model_id', v.model_id, 'tags', ${tagsOf('model_version_tags t WHERE t.name = v.name AND t.version = v.version')}${
    withAliases
      ? `, 'aliases', (SELECT json_agg(a.alias ORDER BY a.alias) FROM registered_model_aliases a WHERE a.name = v.name AND a.version = v.version)`
      : ''
  })`;

/** A registered model as JSON; `m` is its row. */
export const MODEL_JSON = `json_build_object('name', m.name, 'creation_timestamp', m.creation_time, 'last_updated_timestamp', m.last_updated,
  'description', m.description, 'tags', ${tagsOf('registered_model_tags t WHERE t.name = m.name')},
  'latest_versions', (SELECT json_agg(${versionJson(false)} ORDER BY v.version) FROM (
    SELECT DISTINCT ON (current_stage) * FROM model_versions WHERE name = m.name ORDER BY current_stage, version DESC) v),
  'aliases', (SELECT json_agg(json_build_object('alias', a.alias, 'version', a.version::text) ORDER BY a.alias)
    FROM registered_model_aliases a WHERE a.name = m.name))`;

/** A version's number. @throws TrackingFault if it is none */
export function versionNumber(text: string): number {
  if (!/^\s*\d{1,9}\s*$/.test(text)) throw invalid(`Parameter 'version' must be an integer, got '${text}'.`);
  return Number(text);
}

/** The model as `{"registered_model": …}`. @throws TrackingFault */
export async function modelText(sql: Sql, name: string): Promise<string> {
  checkModelName(name);
  const [row] = await sql.query<{ json: string }>(
    `SELECT json_strip_nulls(json_build_object('registered_model', ${MODEL_JSON}))::text AS json FROM registered_models m WHERE m.name = $1`,
    [name],
  );
  if (!row) throw missing(`Registered Model with name=${name} not found`);
  return row.json;
}

/** The version as `{"model_version": …}`. @throws TrackingFault */
export async function versionText(sql: Sql, name: string, version: number): Promise<string> {
  checkModelName(name);
  const [row] = await sql.query<{ json: string }>(
    `SELECT json_strip_nulls(json_build_object('model_version', ${versionJson(true)}))::text AS json FROM model_versions v
     WHERE v.name = $1 AND v.version = $2`,
    [name, version],
  );
  if (!row) throw missing(`Model Version (name=${name}, version=${version}) not found`);
  return row.json;
}

/** Lock a model's row. @throws TrackingFault if there is none */
export async function lockModel(sql: Sql, name: string): Promise<{ readonly lastVersion: number }> {
  checkModelName(name);
  const [row] = await sql.query<{ last_version: number }>('SELECT last_version FROM registered_models WHERE name = $1 FOR UPDATE', [name]);
  if (!row) throw missing(`Registered Model with name=${name} not found`);
  return { lastVersion: row.last_version };
}

import { invalid, missing, TrackingFault } from '#shared/tracking/fault.ts';
import { checkAlias, checkAliasIsFree, checkLength, checkModelName, checkName, LIMITS } from '#shared/tracking/limits.ts';
import { isClash, type Sql } from '../ports/database.ts';
import { listed, listingOf, withoutPrompts } from './listing.ts';
import { pageSize } from './page-token.ts';
import { lockModel, MODEL_JSON, modelText, versionJson, versionNumber, versionText } from './registry-json.ts';
import type { Handlers, TrackingCaller, TrackingPorts } from './tracking.ts';
import { notify, notifyOf, PROMPT_MARK, toldTags } from './webhook-events.ts';

/** @throws TrackingFault */
export function checkRegistryTag(key: string, value: string): void {
  checkName(key, 'key');
  checkLength('key', LIMITS.key, key);
  checkLength('value', LIMITS.registryTagValue, value);
}

/**
 * Write down what was done to the registry; it is never changed. One transaction at a time, until its commit: who reads on from the last id they
 * know would else miss an event that was numbered before and committed after.
 */
export async function writeEvent(
  sql: Sql,
  at: number,
  caller: Pick<TrackingCaller, 'name'>,
  event: { readonly name: string; readonly version: number | null; readonly kind: string; readonly detail: string },
): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', ['registry events']);
  await sql.query('INSERT INTO registry_events (at, name, version, kind, detail, by_whom) VALUES ($1, $2, $3, $4, $5, $6)', [
    at,
    event.name,
    event.version,
    event.kind,
    event.detail,
    caller.name,
  ]);
}

const ALIASES = ['MODEL_VERSION_ALIAS', 'PROMPT_ALIAS'] as const;

const TAGS_OF = 'FROM registered_model_tags t WHERE t.name = m.name';

const LISTING = listingOf({
  target: 'registered_models',
  from: 'registered_models m',
  json: MODEL_JSON,
  columns: {
    name: { sql: 'm.name', type: 'text', isNullable: false },
    last_updated_timestamp: { sql: 'm.last_updated', type: 'bigint', isNullable: false },
  },
  tags: TAGS_OF,
  ties: (column) => [{ ...column('name'), isDescending: false }],
});

type ModelNames =
  | 'createModel'
  | 'renameModel'
  | 'updateModel'
  | 'deleteModel'
  | 'getModel'
  | 'searchModels'
  | 'getLatestVersions'
  | 'setModelTag'
  | 'deleteModelTag'
  | 'setAlias'
  | 'deleteAlias'
  | 'getByAlias'
  | 'registryEvents';

/** The four stages, by whatever case they are written in. @throws TrackingFault */
export function stageOf(text: string): string {
  const stage = ['None', 'Staging', 'Production', 'Archived'].find((s) => s.toLowerCase() === text.toLowerCase());
  if (!stage) throw invalid(`Invalid Model Version stage: ${text}. Value must be one of None, Staging, Production, Archived.`);
  return stage;
}

/** Use cases of registered models and their aliases. */
export function modelHandlers(ports: TrackingPorts): Handlers<ModelNames> {
  const { db, now } = ports;
  return {
    async createModel({ name, description, tags = [] }) {
      checkModelName(name);
      for (const { key, value } of tags) checkRegistryTag(key, value);
      await db.transaction(async (sql) => {
        const made = await sql.query(
          `INSERT INTO registered_models (name, creation_time, last_updated, description) VALUES ($1, $2, $2, $3)
           ON CONFLICT DO NOTHING RETURNING 1`,
          [name, now(), description ?? ''],
        );
        if (made.length === 0) throw new TrackingFault('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
        for (const { key, value } of tags) await setTag(sql, name, key, value);
        const entity = tags.some((t) => t.key === PROMPT_MARK) ? 'PROMPT' : 'REGISTERED_MODEL';
        await notify(now(), sql, entity, 'CREATED', {
          name,
          tags: toldTags(tags),
          description: description ?? '',
        });
      });
      return { raw: await modelText(db, name) };
    },
    async renameModel({ name, new_name }) {
      checkModelName(new_name);
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        // its own name is no one else's
        if (new_name === name) return;
        const taken = await sql.query('SELECT 1 FROM registered_models WHERE name = $1', [new_name]);
        if (taken.length > 0) throw new TrackingFault('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${new_name}) already exists.`);
        await sql
          .query('UPDATE registered_models SET name = $2, last_updated = $3 WHERE name = $1', [name, new_name, now()])
          .catch((cause: unknown) => {
            // taken since it was looked for
            throw isClash(cause)
              ? new TrackingFault('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${new_name}) already exists.`)
              : cause;
          });
        await sql.query('UPDATE model_versions SET last_updated = $2 WHERE name = $1', [new_name, now()]);
      });
      return { raw: await modelText(db, new_name) };
    },
    async updateModel({ name, description }) {
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await sql.query('UPDATE registered_models SET description = $2, last_updated = $3 WHERE name = $1', [
          name,
          description ?? '',
          now(),
        ]);
      });
      return { raw: await modelText(db, name) };
    },
    async deleteModel({ name }, caller) {
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await sql.query('DELETE FROM registered_models WHERE name = $1', [name]);
        await writeEvent(sql, now(), caller, { name, version: null, kind: 'model.deleted', detail: '' });
      });
      return {};
    },
    getModel: async ({ name }) => ({ raw: await modelText(db, name) }),
    async searchModels(request) {
      const size = pageSize(request.max_results, 100, 1000);
      const asked = { ...request, order_by: request.order_by?.map(byTimestamp) };
      const { more, change } = withoutPrompts(TAGS_OF);
      return { raw: await listed(db, LISTING, 'registered_models', asked, size, more, change) };
    },
    async getLatestVersions({ name, stages = [] }) {
      checkModelName(name);
      const wanted = (stages.length > 0 ? stages : ['None', 'Staging', 'Production', 'Archived']).map(stageOf);
      await modelText(db, name);
      const [row] = await db.query<{ json: string }>(
        `SELECT json_strip_nulls(json_build_object('model_versions', json_agg(${versionJson(true)} ORDER BY v.version)))::text AS json FROM (
           SELECT DISTINCT ON (current_stage) * FROM model_versions WHERE name = $1 AND current_stage = ANY($2)
           ORDER BY current_stage, version DESC) v`,
        [name, wanted],
      );
      return { raw: row?.json ?? '{}' };
    },
    async setModelTag({ name, key, value }) {
      checkRegistryTag(key, value ?? '');
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await setTag(sql, name, key, value ?? '');
        await notifyOf(now(), sql, [null, 'PROMPT_TAG'], 'SET', { name, key, value: value ?? '' });
      });
      return {};
    },
    async deleteModelTag({ name, key }) {
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await notifyOf(now(), sql, [null, 'PROMPT_TAG'], 'DELETED', { name, key });
        await sql.query('DELETE FROM registered_model_tags WHERE name = $1 AND key = $2', [name, key]);
      });
      return {};
    },
    async setAlias({ name, alias, version }, caller) {
      checkAlias(alias);
      checkAliasIsFree(alias);
      const number = versionNumber(version);
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await versionText(sql, name, number);
        await sql.query(
          'INSERT INTO registered_model_aliases (name, alias, version) VALUES ($1, $2, $3) ON CONFLICT (name, alias) DO UPDATE SET version = $3',
          [name, alias, number],
        );
        await writeEvent(sql, now(), caller, { name, version: number, kind: 'alias.set', detail: alias });
        await notifyOf(now(), sql, ALIASES, 'CREATED', { name, alias, version: String(number) });
      });
      return {};
    },
    async deleteAlias({ name, alias }, caller) {
      checkAlias(alias);
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        const gone = await sql.query<{ version: number }>(
          'DELETE FROM registered_model_aliases WHERE name = $1 AND alias = $2 RETURNING version',
          [name, alias],
        );
        if (!gone[0]) return;
        await writeEvent(sql, now(), caller, { name, version: gone[0].version, kind: 'alias.deleted', detail: alias });
        await notifyOf(now(), sql, ALIASES, 'DELETED', { name, alias });
      });
      return {};
    },
    async getByAlias({ name, alias }) {
      checkAlias(alias);
      await modelText(db, name);
      const isLatest = alias.toLowerCase() === 'latest';
      const [row] = await db.query<{ version: number }>(
        isLatest
          ? 'SELECT version FROM model_versions WHERE name = $1 ORDER BY version DESC LIMIT 1'
          : 'SELECT version FROM registered_model_aliases WHERE name = $1 AND alias = $2',
        isLatest ? [name] : [name, alias],
      );
      if (!row && isLatest) throw missing(`Latest version not found for model ${name}.`);
      if (!row) throw invalid(`Registered model alias ${alias} not found.`);
      return { raw: await versionText(db, name, row.version) };
    },
    async registryEvents({ after, max_results }) {
      const rows = await db.query<{ json: string }>(
        `SELECT json_strip_nulls(json_build_object('id', id, 'at', at, 'name', name, 'version', version, 'kind', kind, 'detail', detail,
           'by', by_whom))::text AS json FROM registry_events WHERE id > $1 ORDER BY id LIMIT $2`,
        [after ?? 0, pageSize(max_results, 1000, 10_000)],
      );
      return { raw: `{"events":[${rows.map((r) => r.json).join(',')}]}` };
    },
  };
}

/** MLflow's name for the time of the last update, in an order. */
const byTimestamp = (order: string): string => order.replace(/^(\s*)timestamp\b/, '$1last_updated_timestamp');

async function setTag(sql: Sql, name: string, key: string, value: string): Promise<void> {
  await sql.query(
    'INSERT INTO registered_model_tags (name, key, value) VALUES ($1, $2, $3) ON CONFLICT (name, key) DO UPDATE SET value = $3',
    [name, key, value],
  );
}

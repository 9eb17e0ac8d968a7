import { invalid } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { listed, listingOf, withoutPrompts } from './listing.ts';
import { pageSize } from './page-token.ts';
import { checkRegistryTag, stageOf, writeEvent } from './registry.ts';
import { lockModel, versionJson, versionNumber, versionText } from './registry-json.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';
import { checkSource, downloadUri, originOf } from './version-sources.ts';
import { notify, notifyOf, PROMPT_MARK, PROMPT_TEXT, toldTags } from './webhook-events.ts';

const TAGS_OF = 'FROM model_version_tags t WHERE t.name = v.name AND t.version = v.version';

const LISTING = listingOf({
  target: 'model_versions',
  from: 'model_versions v',
  json: versionJson(false),
  columns: {
    name: { sql: 'v.name', type: 'text', isNullable: false },
    run_id: { sql: 'v.run_id', type: 'text', isNullable: false },
    source_path: { sql: 'v.source', type: 'text', isNullable: false },
    version_number: { sql: 'v.version', type: 'int', isNullable: false },
    creation_timestamp: { sql: 'v.creation_time', type: 'bigint', isNullable: false },
    last_updated_timestamp: { sql: 'v.last_updated', type: 'bigint', isNullable: false },
  },
  tags: TAGS_OF,
  ties: (column, isOrdered) => [
    ...(isOrdered ? [] : [{ ...column('last_updated_timestamp'), isDescending: true }]),
    { ...column('name'), isDescending: false },
    { ...column('version_number'), isDescending: true },
  ],
});

const TAGS = ['MODEL_VERSION_TAG', 'PROMPT_VERSION_TAG'] as const;

/** The versions a logged model was registered as, in a tag of its own. */
async function tagLoggedModel(sql: Sql, modelId: string, name: string, version: number): Promise<void> {
  const key = 'mlflow.modelVersions';
  const [row] = await sql.query<{ value: string }>('SELECT value FROM logged_model_tags WHERE model_id = $1 AND key = $2', [modelId, key]);
  // written as MLflow writes it, to the space: its clients compare texts
  const value = row
    ? `${row.value.slice(0, -1)}, {"name": ${JSON.stringify(name)}, "version": ${version}}]`
    : `[{"name": ${JSON.stringify(name)}, "version": ${version}}]`;
  await sql.query(
    'INSERT INTO logged_model_tags (model_id, key, value) VALUES ($1, $2, $3) ON CONFLICT (model_id, key) DO UPDATE SET value = $3',
    [modelId, key, value],
  );
}

type VersionNames =
  | 'createVersion'
  | 'transitionStage'
  | 'updateVersion'
  | 'deleteVersion'
  | 'getVersion'
  | 'searchVersions'
  | 'getDownloadUri'
  | 'setVersionTag'
  | 'deleteVersionTag';

/** Use cases of model versions. */
export function versionHandlers(ports: TrackingPorts): Handlers<VersionNames> {
  const { db, now } = ports;
  const changed = (sql: Sql, name: string) => sql.query('UPDATE registered_models SET last_updated = $2 WHERE name = $1', [name, now()]);

  return {
    async createVersion({ name, source, run_id, run_link, description, model_id, tags = [] }, caller) {
      for (const { key, value } of tags) checkRegistryTag(key, value);
      const isPrompt = tags.some((t) => t.key === PROMPT_MARK);
      await checkSource(db, ports.places, { source, runId: run_id ?? '', modelId: model_id ?? '', isPrompt });
      return db.transaction(async (sql) => {
        const version = (await lockModel(sql, name)).lastVersion + 1;
        const origin = await originOf(sql, source, run_id ?? '', model_id ?? '');
        await sql.query('UPDATE registered_models SET last_version = $2, last_updated = $3 WHERE name = $1', [name, version, now()]);
        await sql.query(
          `INSERT INTO model_versions (name, version, creation_time, last_updated, description, user_id, source, storage_location, run_id, run_link, model_id)
           VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10)`,
          [name, version, now(), description ?? '', '', source, origin.storage, origin.runId, run_link ?? '', model_id || null],
        );
        for (const { key, value } of tags) await setTag(sql, name, version, key, value);
        if (model_id) await tagLoggedModel(sql, model_id, name, version);
        await writeEvent(sql, now(), caller, { name, version, kind: 'version.created', detail: source });
        const made = { name, version: String(version), tags: toldTags(tags), description: description || null };
        if (isPrompt) {
          const template = tags.find((t) => t.key === PROMPT_TEXT)?.value ?? null;
          await notify(now(), sql, 'PROMPT_VERSION', 'CREATED', { ...made, template });
        } else await notify(now(), sql, 'MODEL_VERSION', 'CREATED', { ...made, source, run_id: run_id || null });
        return { raw: await versionText(sql, name, version) };
      });
    },
    async transitionStage({ name, version, stage, archive_existing_versions }, caller) {
      const number = versionNumber(version);
      const wanted = stageOf(stage);
      const isActive = ['Staging', 'Production'].includes(wanted);
      if (archive_existing_versions && !isActive) {
        throw invalid(
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are ['Staging', 'Production']`,
        );
      }
      return db.transaction(async (sql) => {
        await lockModel(sql, name);
        await versionText(sql, name, number);
        if (archive_existing_versions) {
          await sql.query(
            "UPDATE model_versions SET current_stage = 'Archived', last_updated = $4 WHERE name = $1 AND version <> $2 AND current_stage = $3",
            [name, number, wanted, now()],
          );
        }
        await sql.query('UPDATE model_versions SET current_stage = $3, last_updated = $4 WHERE name = $1 AND version = $2', [
          name,
          number,
          wanted,
          now(),
        ]);
        await changed(sql, name);
        await writeEvent(sql, now(), caller, { name, version: number, kind: 'stage.set', detail: wanted });
        return { raw: await versionText(sql, name, number) };
      });
    },
    async updateVersion({ name, version, description }) {
      const number = versionNumber(version);
      return db.transaction(async (sql) => {
        await lockModel(sql, name);
        await versionText(sql, name, number);
        await sql.query('UPDATE model_versions SET description = $3, last_updated = $4 WHERE name = $1 AND version = $2', [
          name,
          number,
          description ?? '',
          now(),
        ]);
        return { raw: await versionText(sql, name, number) };
      });
    },
    async deleteVersion({ name, version }, caller) {
      const number = versionNumber(version);
      await db.transaction(async (sql) => {
        await lockModel(sql, name);
        await versionText(sql, name, number);
        await sql.query('DELETE FROM registered_model_aliases WHERE name = $1 AND version = $2', [name, number]);
        await sql.query('DELETE FROM model_versions WHERE name = $1 AND version = $2', [name, number]);
        await changed(sql, name);
        await writeEvent(sql, now(), caller, { name, version: number, kind: 'version.deleted', detail: '' });
      });
      return {};
    },
    getVersion: async ({ name, version }) => ({ raw: await versionText(db, name, versionNumber(version)) }),
    async searchVersions(request) {
      const { more, change } = withoutPrompts(TAGS_OF);
      const size = pageSize(request.max_results, 10_000, 200_000);
      return { raw: await listed(db, LISTING, 'model_versions', request, size, more, change) };
    },
    async getDownloadUri({ name, version }) {
      return { artifact_uri: await downloadUri(db, name, version) };
    },
    async setVersionTag({ name, version, key, value }) {
      checkRegistryTag(key, value ?? '');
      const number = versionNumber(version);
      await db.transaction(async (sql) => {
        await versionText(sql, name, number);
        await setTag(sql, name, number, key, value ?? '');
        await notifyOf(now(), sql, TAGS, 'SET', { name, version: String(number), key, value: value ?? '' });
      });
      return {};
    },
    async deleteVersionTag({ name, version, key }) {
      const number = versionNumber(version);
      await db.transaction(async (sql) => {
        await versionText(sql, name, number);
        await sql.query('DELETE FROM model_version_tags WHERE name = $1 AND version = $2 AND key = $3', [name, number, key]);
        await notifyOf(now(), sql, TAGS, 'DELETED', { name, version: String(number), key });
      });
      return {};
    },
  };
}

async function setTag(sql: Sql, name: string, version: number, key: string, value: string): Promise<void> {
  await sql.query(
    `INSERT INTO model_version_tags (name, version, key, value) VALUES ($1, $2, $3, $4)
     ON CONFLICT (name, version, key) DO UPDATE SET value = $4`,
    [name, version, key, value],
  );
}

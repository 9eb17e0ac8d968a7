import { resolve, sep } from 'node:path';
import { invalid, missing, TrackingFault } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { below, decodeSafely, isLocal, localPath, schemeOf } from './locations.ts';
import { versionNumber, versionText } from './registry-json.ts';
import type { Places } from './tracking.ts';

const badSource = (source: string): TrackingFault =>
  invalid(
    `Invalid model version source: '${source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.`,
  );

/** A source beyond this disk: no way out of its path, however it is encoded. @throws TrackingFault */
function checkRemoteSource(source: string): void {
  const decoded = decodeSafely(source.replaceAll('+', ' '));
  const path = decoded
    .replace(/^[a-zA-Z][a-zA-Z0-9+.-]*:/, '')
    .replace(/^\/\/[^/?#]*/, '')
    .replace(/[?#].*$/s, '');
  const plain = path.replace(/\/+$/, '').replace(/\/+/g, '/');
  const isOut = decoded.split(/[/\\?#]/).includes('..') || plain.split('/').includes('.');
  if (isOut || decoded.includes('\0') || (plain !== '' && !plain.startsWith('/'))) throw badSource(source);
}

/** Where a version is said to come from. */
export interface SentSource {
  readonly source: string;
  readonly runId: string;
  readonly modelId: string;
  readonly isPrompt: boolean;
}

interface Origin {
  readonly runId: string;
  readonly storage: string;
}

async function locationOf(sql: Sql, kind: 'run' | 'model', id: string): Promise<{ uri: string; runId: string } | null> {
  const [row] = await sql.query<{ uri: string; run_id: string }>(
    kind === 'run'
      ? 'SELECT artifact_uri AS uri, run_id FROM runs WHERE run_id = $1'
      : 'SELECT artifact_uri AS uri, source_run_id AS run_id FROM logged_models WHERE model_id = $1',
    [id],
  );
  return row ? { uri: row.uri, runId: row.run_id } : null;
}

/** A local source must lie below the run or logged model it claims to come from. @throws TrackingFault */
async function checkLocalSource(sql: Sql, source: string, runId: string, modelId: string): Promise<void> {
  const kind = modelId ? 'model' : 'run';
  const id = modelId || runId;
  if (/^file:\/\/[^/]/i.test(source) && !/^file:\/\/localhost\//i.test(source))
    throw new TrackingFault('INTERNAL_ERROR', `${source} is not a valid remote uri.`);
  const path = localPath(source);
  const owner = id ? await locationOf(sql, kind, id) : null;
  if (id && !owner) throw missing(kind === 'run' ? `Run with id=${id} not found` : `Logged model with ID '${id}' not found.`);
  if (owner && isLocal(owner.uri)) {
    const root = resolve(localPath(owner.uri));
    if (path === root || path.startsWith(root + sep)) return;
  }
  throw invalid(
    `Invalid model version source: '${path}'. To use a local path as a model version source, the ${kind}_id request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the ${kind}_id.`,
  );
}

const unfetched = (source: string, why: string): TrackingFault =>
  invalid(`Unable to fetch model from model URI source artifact location '${source}'.Error: ${why}`);

/** Where a version's files lie, and the run it came from. @throws TrackingFault */
export async function originOf(sql: Sql, source: string, runId: string, modelId: string): Promise<Origin> {
  const model = modelId ? await locationOf(sql, 'model', modelId) : null;
  if (modelId && !model) throw missing(`Logged model with ID '${modelId}' not found.`);
  const run = runId || model?.runId || '';
  if (schemeOf(source) !== 'models') return { runId: run, storage: source };
  const [, name = '', version] = /^models:\/+([^/]+)(?:\/([^/]+))?$/i.exec(source) ?? [];
  if (version === undefined) {
    const made = await locationOf(sql, 'model', name);
    if (!made) throw unfetched(source, `Logged model with ID '${name}' not found.`);
    return { runId: run || made.runId, storage: made.uri };
  }
  const [row] = await sql.query<{ storage: string }>(
    "SELECT coalesce(nullif(storage_location, ''), source) AS storage FROM model_versions WHERE name = $1 AND version = $2",
    [name, versionNumber(version)],
  );
  if (!row) throw unfetched(source, `Model Version (name=${name}, version=${version}) not found`);
  return { runId: run, storage: row.storage };
}

/** A source that may be served from here. @throws TrackingFault */
export async function checkSource(sql: Sql, { plainFolder }: Places, sent: SentSource): Promise<void> {
  const { source, runId, modelId, isPrompt } = sent;
  if (isPrompt) {
    if (schemeOf(source) === 'file' || (schemeOf(source) === '' && source.startsWith('/')))
      throw invalid(`Invalid prompt source: '${source}'. Local source paths are not allowed for prompts.`);
    // a placeholder without a scheme is nobody's place
    if (schemeOf(source) !== '') checkRemoteSource(source);
    else if (source !== source.trim() || decodeSafely(source).split(/[/\\]/).includes('..') || /file:/i.test(source))
      throw badSource(source);
  } else if (isLocal(source)) {
    if (plainFolder === null) throw badSource(source);
    await checkLocalSource(sql, source, runId, modelId);
  } else if (plainFolder === null && !['mlflow-artifacts', 'runs', 'models'].includes(schemeOf(source))) throw badSource(source);
  else checkRemoteSource(source);
}

/** Where a version's files lie; `runs:/` locations are resolved. @throws TrackingFault */
export async function downloadUri(sql: Sql, name: string, version: string): Promise<string> {
  const number = versionNumber(version);
  await versionText(sql, name, number);
  const [row] = await sql.query<{ uri: string }>(
    "SELECT coalesce(nullif(storage_location, ''), source) AS uri FROM model_versions WHERE name = $1 AND version = $2",
    [name, number],
  );
  const uri = row?.uri ?? '';
  const [, runId, path] = /^runs:\/+([^/]+)\/?(.*)$/i.exec(uri) ?? [];
  if (!runId) return uri;
  const run = await locationOf(sql, 'run', runId);
  return run ? below(run.uri, path ?? '') : uri;
}

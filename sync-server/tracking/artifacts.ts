import type { Readable } from 'node:stream';
import { invalid, missing, TrackingFault } from '#shared/tracking/fault.ts';
import type { FileEndpointName } from '#shared/tracking/file-endpoints.ts';
import { proxiedPath } from '#shared/tracking/proxied-path.ts';
import type { ArtifactTree, TreeEntry } from '../ports/artifact-tree.ts';
import { TooLarge } from '../ports/blob-store.ts';
import { checkNotOfTheService } from './guard.ts';
import { checkRunId } from './ids.ts';
import { decodeSafely, isLocal, localPath } from './locations.ts';
import type { Handlers, TrackingCaller, TrackingPorts } from './tracking.ts';
import { downloadUri } from './version-sources.ts';

/** Bytes of one artifact at most. */
const MOST_BYTES = 64 * 1024 * 1024;

const MOST_UPLOAD = 10 * 1024 * 1024;
const SEGMENT = /^[\p{L}\p{M}\p{N} ._+=@,()-]+$/u;

/**
 * A path that stays where it belongs.
 *
 * @param isStrict in production: no name that decoding again would change, nor one with unusual characters
 * @throws TrackingFault `Invalid path`
 */
export function safePath(path: string, isStrict: boolean): string {
  const decoded = decodeSafely(path);
  const segments = decoded.split('/');
  const isOut =
    /[#\\\0]/.test(decoded) || segments.includes('..') || decoded.startsWith('/') || /^[a-zA-Z]:/.test(decoded) || /^file:/i.test(decoded);
  if (isOut) throw invalid('Invalid path');
  const clean = segments.filter((s) => s !== '' && s !== '.');
  const isOdd =
    decoded !== path ||
    segments.includes('.') ||
    clean.some((s) => !SEGMENT.test(s) || s !== s.normalize('NFC') || Buffer.byteLength(s) > 256);
  if (isStrict && (isOdd || Buffer.byteLength(decoded) > 2000)) throw invalid('Invalid path');
  return clean.join('/');
}

/** What a request for a file says. */
export interface FileRequest {
  readonly query: URLSearchParams;
  /** What the path's `*` or `{name}` stands for. */
  readonly rest: string;
  readonly body: Readable;
  /** Bytes of the body as they were announced; 0 if none were. */
  readonly size: number;
  readonly caller: TrackingCaller;
}

/** A file to send, or plain JSON. */
export type FileReply =
  | { readonly file: { readonly bytes: Readable; readonly size: number; readonly name: string } }
  | { readonly json: object };

/** Use cases of files, by route. */
export type FileHandlers = { readonly [N in FileEndpointName]: (request: FileRequest) => Promise<FileReply> };

/** How trees are reached: the proxied one, and in test mode folders of this machine. */
export interface Trees {
  readonly proxied: ArtifactTree;
  /** Null in production. */
  readonly local: ((folder: string) => ArtifactTree) | null;
}

interface Found {
  readonly tree: ArtifactTree;
  /** Path of the location within the tree. */
  readonly root: string;
}

const joined = (...parts: readonly string[]): string => parts.filter((p) => p !== '').join('/');

/** The tree a location lies in. @throws TrackingFault if it cannot be reached from here */
function treeOf({ proxied, local }: Trees, location: string): Found {
  const path = proxiedPath(location);
  if (path !== null) return { tree: proxied, root: path };
  if (local && isLocal(location)) return { tree: local(localPath(location)), root: '' };
  throw invalid(`The artifacts of '${location}' cannot be reached from here.`);
}

async function fileAt({ tree, root }: Found, path: string): Promise<FileReply> {
  const found = await tree.open(joined(root, path));
  if (found === null) throw missing(`No such artifact: '${path}'`);
  if (found === 'folder') throw invalid(`Artifact path refers to a directory, not a file: '${path}'`);
  return { file: { ...found, name: path.split('/').at(-1) ?? path } };
}

const told = (entry: TreeEntry, folder: string) => ({
  path: joined(folder, entry.name),
  is_dir: entry.isFolder,
  ...(entry.size === undefined ? {} : { file_size: entry.size }),
});

const tooLarge = (): TrackingFault => invalid(`An artifact may have ${MOST_BYTES} bytes at most.`);

/** What may be written to: not the root itself, and by an admin alone what belongs to the service. @throws TrackingFault */
async function checkWritable({ db }: TrackingPorts, path: string, caller: TrackingCaller): Promise<void> {
  if (path === '') throw invalid('Invalid path');
  if (caller.role !== 'admin') await checkNotOfTheService(db, { experiment_id: path.split('/')[0] });
}

async function put(ports: TrackingPorts, { tree, root }: Found, path: string, { body, size, caller }: FileRequest): Promise<void> {
  if (path === '') throw invalid('Invalid path');
  await checkWritable(ports, joined(root, path), caller);
  // refused before it is read: a connection cut while it sends would tell nothing
  if (size > MOST_BYTES) throw tooLarge();
  try {
    await tree.put(joined(root, path), body, MOST_BYTES);
  } catch (cause) {
    throw cause instanceof TooLarge ? tooLarge() : cause;
  }
}

/** Where a run's or logged model's artifacts lie. @throws TrackingFault */
async function ownLocation({ db }: TrackingPorts, kind: 'run' | 'model', id: string): Promise<string> {
  const [row] = await db.query<{ uri: string }>(
    kind === 'run'
      ? 'SELECT artifact_uri AS uri FROM runs WHERE run_id = $1'
      : "SELECT artifact_uri AS uri FROM logged_models WHERE model_id = $1 AND lifecycle_stage = 'active'",
    [id],
  );
  if (!row) throw missing(kind === 'run' ? `Run with id=${id} not found` : `Logged model with ID '${id}' not found.`);
  return row.uri;
}

/** Lists of artifacts. */
export function artifactHandlers(ports: TrackingPorts, trees: Trees): Handlers<'listArtifacts' | 'listLoggedModelArtifacts'> {
  const isStrict = ports.places.plainFolder === null;
  const list = async (location: string, asked: string | undefined) => {
    const path = safePath(asked ?? '', isStrict);
    const { tree, root } = treeOf(trees, location);
    const files = (await tree.list(joined(root, path))).map((e) => told(e, path));
    return { root_uri: location, ...(files.length > 0 ? { files } : {}) };
  };
  return {
    listArtifacts: async ({ run_id, path }) => list(await ownLocation(ports, 'run', checkRunId(run_id)), path),
    listLoggedModelArtifacts: async ({ model_id, artifact_directory_path }) =>
      list(await ownLocation(ports, 'model', model_id), artifact_directory_path),
  };
}

function needed(query: URLSearchParams, name: string, message = `Missing value for required parameter '${name}'.`): string {
  const value = query.get(name);
  if (!value) throw new TrackingFault('BAD_REQUEST', message);
  return value;
}

const notServed = (what: string): TrackingFault =>
  new TrackingFault('NOT_IMPLEMENTED', `Multipart ${what} is not supported for the current artifact repository`);

/** Use cases of files. */
export function fileHandlers(ports: TrackingPorts, trees: Trees): FileHandlers {
  const isStrict = ports.places.plainFolder === null;
  const safe = (path: string) => safePath(path, isStrict);
  const proxied: Found = { tree: trees.proxied, root: '' };
  return {
    async getArtifact({ query }) {
      const path = safe(needed(query, 'path'));
      const runId = query.get('run_id') || query.get('run_uuid') || '';
      return fileAt(treeOf(trees, await ownLocation(ports, 'run', checkRunId(runId))), path);
    },
    async getVersionArtifact({ query }) {
      const path = safe(needed(query, 'path'));
      return fileAt(treeOf(trees, await downloadUri(ports.db, query.get('name') ?? '', query.get('version') ?? '')), path);
    },
    async getLoggedModelFile({ query, rest }) {
      const path = safe(needed(query, 'artifact_file_path', 'Request must include the "artifact_file_path" query parameter.'));
      return fileAt(treeOf(trees, await ownLocation(ports, 'model', rest)), path);
    },
    async putProxied(request) {
      await put(ports, proxied, safe(request.rest), request);
      return { json: {} };
    },
    getProxied: async ({ rest }) => fileAt(proxied, safe(rest)),
    async deleteProxied({ rest, caller }) {
      const path = safe(rest);
      await checkWritable(ports, path, caller);
      await trees.proxied.remove(path);
      return { json: {} };
    },
    async listProxied({ query }) {
      const files = (await trees.proxied.list(safe(query.get('path') ?? ''))).map((e) => told(e, ''));
      return { json: files.length > 0 ? { files } : {} };
    },
    async uploadArtifact(request) {
      const { query, size } = request;
      const runId = query.get('run_uuid');
      if (!runId) throw new TrackingFault('INVALID_PARAMETER_VALUE', 'Request must specify run_uuid.');
      const path = query.get('path');
      if (!path) throw invalid('Request must specify path.');
      const checked = safe(path);
      if (size === 0) throw invalid('Request must specify data.');
      if (size > MOST_UPLOAD) throw invalid('Artifact size is too large. Max size is 10MB.');
      await put(ports, treeOf(trees, await ownLocation(ports, 'run', checkRunId(runId))), checked, request);
      return { json: {} };
    },
    multipart: () => Promise.reject(notServed('upload')),
    presigned: () => Promise.reject(notServed('download')),
  };
}

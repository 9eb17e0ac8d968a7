import type { Right } from './endpoint.ts';

/** A route whose body or answer is a file, not JSON. */
export interface FileEndpoint {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Below `/api/2.0` and `/ajax-api/2.0`; with `isRoot` below the root; a last `*` stands for the rest of the path. */
  readonly path: string;
  readonly isRoot?: boolean;
  readonly right: Right;
  /** Names of what the query must say. */
  readonly query: readonly string[];
  readonly summary: string;
}

const proxied = '/mlflow-artifacts/artifacts';

/** Routes of files. */
export const FILE_ENDPOINTS = {
  getArtifact: { method: 'GET', path: '/get-artifact', isRoot: true, right: 'read', query: ['run_id', 'path'], summary: 'A file of a run' },
  getVersionArtifact: {
    method: 'GET',
    path: '/model-versions/get-artifact',
    isRoot: true,
    right: 'read',
    query: ['name', 'version', 'path'],
    summary: 'A file of a model version',
  },
  putProxied: { method: 'PUT', path: `${proxied}/*`, right: 'write', query: [], summary: 'Keep a file' },
  getProxied: { method: 'GET', path: `${proxied}/*`, right: 'read', query: [], summary: 'A file' },
  deleteProxied: {
    method: 'DELETE',
    path: `${proxied}/*`,
    right: 'write',
    query: [],
    summary: 'Delete a file, or a folder with all in it',
  },
  listProxied: { method: 'GET', path: proxied, right: 'read', query: ['path'], summary: 'What a folder holds' },
  multipart: { method: 'POST', path: '/mlflow-artifacts/mpu/*', right: 'write', query: [], summary: 'Not served' },
  presigned: { method: 'GET', path: '/mlflow-artifacts/presigned/*', right: 'read', query: [], summary: 'Not served' },
  uploadArtifact: {
    method: 'POST',
    path: '/mlflow/upload-artifact',
    right: 'write',
    query: ['run_uuid', 'path'],
    summary: 'Keep a file of a run',
  },
  getLoggedModelFile: {
    method: 'GET',
    path: '/mlflow/logged-models/{model_id}/artifacts/files',
    right: 'read',
    query: ['artifact_file_path'],
    summary: 'A file of a logged model',
  },
} as const satisfies Readonly<Record<string, FileEndpoint>>;

/** Name of a route of files. */
export type FileEndpointName = keyof typeof FILE_ENDPOINTS;

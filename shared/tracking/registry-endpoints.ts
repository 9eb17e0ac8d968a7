import * as z from 'zod/mini';
import { by, empty, get, post } from './endpoint.ts';
import { choice, flag, int64, keyText, named, text } from './fields.ts';
import { fileReply, loggedModelReply, modelReply, pageOf, versionReply, webhookReply } from './replies.ts';

const o = z.optional;
const list = z.array;
const page = { max_results: o(int64), page_token: o(text) };
const version = { name: named, version: named };
const tags = o(list(keyText));
const ordered = o(list(text));
const oneVersion = z.object({ model_version: versionReply });
const oneModel = z.object({ registered_model: modelReply });
const oneLogged = z.object({ model: loggedModelReply });
const oneWebhook = z.object({ webhook: webhookReply });
/** By name, or by its number in MLflow's enumeration. */
const enumerated = z.union([text, z.number().check(z.int())]);
const event = z.object({ entity: enumerated, action: enumerated });
const datasetFilter = z.object({ dataset_name: text, dataset_digest: o(text) });

/** Routes of the registry, logged models and webhooks. */
export const REGISTRY_ENDPOINTS = {
  createModel: post('/mlflow/registered-models/create', 'write', z.object({ name: named, tags, description: o(text) }), oneModel),
  renameModel: post('/mlflow/registered-models/rename', 'promote', z.object({ name: named, new_name: named }), oneModel),
  updateModel: by(['PATCH'], post('/mlflow/registered-models/update', 'write', z.object({ name: named, description: o(text) }), oneModel)),
  deleteModel: by(['DELETE'], post('/mlflow/registered-models/delete', 'admin', z.object({ name: named }), empty)),
  getModel: get('/mlflow/registered-models/get', z.object({ name: named }), oneModel),
  searchModels: get(
    '/mlflow/registered-models/search',
    z.object({ filter: o(text), ...page, order_by: ordered }),
    pageOf('registered_models', modelReply),
  ),
  getLatestVersions: by(
    ['POST', 'GET'],
    post(
      '/mlflow/registered-models/get-latest-versions',
      'read',
      z.object({ name: named, stages: o(list(text)) }),
      z.object({ model_versions: o(list(versionReply)) }),
    ),
  ),
  setModelTag: post('/mlflow/registered-models/set-tag', 'write', z.object({ name: named, key: named, value: o(text) }), empty),
  deleteModelTag: by(['DELETE'], post('/mlflow/registered-models/delete-tag', 'write', z.object({ name: named, key: named }), empty)),
  setAlias: post('/mlflow/registered-models/alias', 'promote', z.object({ name: named, alias: named, version: named }), empty),
  deleteAlias: by(['DELETE'], post('/mlflow/registered-models/alias', 'promote', z.object({ name: named, alias: named }), empty)),
  getByAlias: get('/mlflow/registered-models/alias', z.object({ name: named, alias: named }), oneVersion),

  createVersion: post(
    '/mlflow/model-versions/create',
    'write',
    z.object({
      name: named,
      source: named,
      run_id: o(text),
      tags,
      run_link: o(text),
      description: o(text),
      model_id: o(text),
    }),
    oneVersion,
  ),
  transitionStage: post(
    '/mlflow/model-versions/transition-stage',
    'promote',
    z.object({ ...version, stage: named, archive_existing_versions: o(flag) }),
    oneVersion,
  ),
  updateVersion: by(['PATCH'], post('/mlflow/model-versions/update', 'write', z.object({ ...version, description: o(text) }), oneVersion)),
  deleteVersion: by(['DELETE'], post('/mlflow/model-versions/delete', 'admin', z.object(version), empty)),
  getVersion: get('/mlflow/model-versions/get', z.object(version), oneVersion),
  searchVersions: get(
    '/mlflow/model-versions/search',
    z.object({ filter: o(text), ...page, order_by: ordered }),
    pageOf('model_versions', versionReply),
  ),
  getDownloadUri: get('/mlflow/model-versions/get-download-uri', z.object(version), z.object({ artifact_uri: text })),
  setVersionTag: post('/mlflow/model-versions/set-tag', 'write', z.object({ ...version, key: named, value: o(text) }), empty),
  deleteVersionTag: by(['DELETE'], post('/mlflow/model-versions/delete-tag', 'write', z.object({ ...version, key: named }), empty)),

  createLoggedModel: post(
    '/mlflow/logged-models',
    'write',
    z.object({
      experiment_id: named,
      name: o(text),
      model_type: o(text),
      source_run_id: o(text),
      params: tags,
      tags,
    }),
    oneLogged,
  ),
  searchLoggedModels: post(
    '/mlflow/logged-models/search',
    'read',
    z.object({
      experiment_ids: list(text),
      filter: o(text),
      datasets: o(list(datasetFilter)),
      ...page,
      order_by: o(list(z.object({ field_name: text, ascending: o(flag), dataset_name: o(text), dataset_digest: o(text) }))),
    }),
    pageOf('models', loggedModelReply),
  ),
  getLoggedModel: get('/mlflow/logged-models/{model_id}', z.object({ model_id: named, allow_deleted: o(flag) }), oneLogged),
  finalizeLoggedModel: by(
    ['PATCH'],
    post(
      '/mlflow/logged-models/{model_id}',
      'write',
      z.object({
        model_id: named,
        status: choice(['LOGGED_MODEL_STATUS_UNSPECIFIED', 'LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED']),
      }),
      oneLogged,
    ),
  ),
  deleteLoggedModel: by(['DELETE'], post('/mlflow/logged-models/{model_id}', 'write', z.object({ model_id: named }), empty)),
  setLoggedModelTags: by(['PATCH'], post('/mlflow/logged-models/{model_id}/tags', 'write', z.object({ model_id: named, tags }), empty)),
  deleteLoggedModelTag: by(
    ['DELETE'],
    post('/mlflow/logged-models/{model_id}/tags/{tag_key}', 'write', z.object({ model_id: named, tag_key: named }), empty),
  ),
  logLoggedModelParams: post('/mlflow/logged-models/{model_id}/params', 'write', z.object({ model_id: named, params: tags }), empty),
  listLoggedModelArtifacts: get(
    '/mlflow/logged-models/{model_id}/artifacts/directories',
    z.object({ model_id: named, artifact_directory_path: o(text), page_token: o(text) }),
    z.object({ root_uri: text, files: o(list(fileReply)) }),
  ),

  createWebhook: post(
    '/mlflow/webhooks',
    'admin',
    z.object({
      name: named,
      url: named,
      events: list(event).check(z.minLength(1)),
      description: o(text),
      secret: o(text),
      status: o(choice(['ACTIVE', 'DISABLED'], 1)),
    }),
    oneWebhook,
  ),
  listWebhooks: { ...get('/mlflow/webhooks', z.object(page), pageOf('webhooks', webhookReply)), right: 'admin' as const },
  getWebhook: { ...get('/mlflow/webhooks/{webhook_id}', z.object({ webhook_id: named }), oneWebhook), right: 'admin' as const },
  updateWebhook: by(
    ['PATCH'],
    post(
      '/mlflow/webhooks/{webhook_id}',
      'admin',
      z.object({
        webhook_id: named,
        name: o(text),
        url: o(text),
        events: o(list(event)),
        description: o(text),
        secret: o(text),
        status: o(choice(['ACTIVE', 'DISABLED'], 1)),
      }),
      oneWebhook,
    ),
  ),
  deleteWebhook: by(['DELETE'], post('/mlflow/webhooks/{webhook_id}', 'admin', z.object({ webhook_id: named }), empty)),
  testWebhook: post(
    '/mlflow/webhooks/{webhook_id}/test',
    'admin',
    z.object({ webhook_id: named, event: o(event) }),
    z.object({
      result: z.object({
        success: z.boolean(),
        response_status: o(z.number()),
        response_body: o(text),
        error_message: o(text),
      }),
    }),
  ),
} as const;

import * as z from 'zod/mini';
import { by, empty, get, post } from './endpoint.ts';
import { datasetInput, int64, keyText, metricPoint, named, runStatus, text, viewType } from './fields.ts';
import { experimentReply, fileReply, metricReply, pageOf, registryEventReply, runInfoReply, runReply } from './replies.ts';

const o = z.optional;
const list = z.array;
const page = { max_results: o(int64), page_token: o(text) };
const runId = { run_id: named };
const experimentId = { experiment_id: named };
const tags = o(list(keyText));
const ordered = o(list(text));
const experimentSearch = z.object({
  max_results: o(int64),
  page_token: o(text),
  filter: o(text),
  order_by: ordered,
  view_type: o(viewType),
});
const experimentPage = pageOf('experiments', experimentReply);
const oneExperiment = z.object({ experiment: experimentReply });
const oneRun = z.object({ run: runReply });
const experimentTag = z.object({ ...experimentId, key: named, value: o(text) });

/** A run that is logged whole: created, filled and ended in one request. */
export const wholeRun = z.object({
  run_id: named,
  experiment_id: named,
  run_name: o(text),
  user_id: o(text),
  status: o(runStatus),
  start_time: int64,
  end_time: o(int64),
  metrics: o(list(metricPoint)),
  params: o(list(keyText)),
  tags: o(list(keyText)),
});

/** Routes of experiments, runs, metrics and artifacts, and our own beside them. */
export const RUN_ENDPOINTS = {
  createExperiment: post(
    '/mlflow/experiments/create',
    'write',
    z.object({ name: named, artifact_location: o(text), tags }),
    z.object({ experiment_id: text }),
  ),
  getExperiment: get('/mlflow/experiments/get', z.object(experimentId), oneExperiment),
  getExperimentByName: get('/mlflow/experiments/get-by-name', z.object({ experiment_name: named }), oneExperiment),
  deleteExperiment: post('/mlflow/experiments/delete', 'write', z.object(experimentId), empty),
  restoreExperiment: post('/mlflow/experiments/restore', 'write', z.object(experimentId), empty),
  updateExperiment: post('/mlflow/experiments/update', 'write', z.object({ ...experimentId, new_name: named }), empty),
  setExperimentTag: post('/mlflow/experiments/set-experiment-tag', 'write', experimentTag, empty),
  /** The npm client leaves out the slash. */
  setExperimentTagMisspelt: post('/mlflow/experimentsset-experiment-tag', 'write', experimentTag, empty),
  deleteExperimentTag: post('/mlflow/experiments/delete-experiment-tag', 'write', z.object({ ...experimentId, key: named }), empty),
  searchExperiments: by(['POST', 'GET'], post('/mlflow/experiments/search', 'read', experimentSearch, experimentPage)),
  listExperiments: get('/mlflow/experiments/list', experimentSearch, experimentPage),
  searchDatasets: post(
    '/mlflow/experiments/search-datasets',
    'read',
    z.object({ experiment_ids: o(list(text)) }),
    z.object({
      dataset_summaries: o(list(z.object({ experiment_id: text, name: text, digest: text, context: o(text) }))),
    }),
  ),

  createRun: post(
    '/mlflow/runs/create',
    'write',
    z.object({ experiment_id: o(text), user_id: o(text), start_time: o(int64), tags, run_name: o(text) }),
    oneRun,
  ),
  updateRun: post(
    '/mlflow/runs/update',
    'write',
    z.object({ ...runId, end_time: o(int64), status: o(runStatus), run_name: o(text) }),
    z.object({ run_info: runInfoReply }),
  ),
  deleteRun: post('/mlflow/runs/delete', 'write', z.object(runId), empty),
  restoreRun: post('/mlflow/runs/restore', 'write', z.object(runId), empty),
  getRun: get('/mlflow/runs/get', z.object(runId), oneRun),
  logMetric: post('/mlflow/runs/log-metric', 'write', z.object({ ...runId, ...metricPoint.shape }), empty),
  logParam: post('/mlflow/runs/log-parameter', 'write', z.object({ ...runId, key: named, value: o(text) }), empty),
  setTag: post('/mlflow/runs/set-tag', 'write', z.object({ ...runId, key: named, value: o(text) }), empty),
  deleteTag: post('/mlflow/runs/delete-tag', 'write', z.object({ ...runId, key: named }), empty),
  logBatch: post(
    '/mlflow/runs/log-batch',
    'write',
    z.object({ ...runId, metrics: o(list(metricPoint)), params: o(list(keyText)), tags: o(list(keyText)) }),
    empty,
  ),
  logModel: post('/mlflow/runs/log-model', 'write', z.object({ ...runId, model_json: named }), empty),
  logInputs: post(
    '/mlflow/runs/log-inputs',
    'write',
    z.object({ ...runId, datasets: o(list(datasetInput)), models: o(list(z.object({ model_id: named }))) }),
    empty,
  ),
  logOutputs: post(
    '/mlflow/runs/outputs',
    'write',
    z.object({ ...runId, models: list(z.object({ model_id: named, step: z._default(int64, 0) })) }),
    empty,
  ),
  searchRuns: post(
    '/mlflow/runs/search',
    'read',
    z.object({ experiment_ids: o(list(text)), filter: o(text), run_view_type: o(viewType), ...page, order_by: ordered }),
    pageOf('runs', runReply),
  ),
  getMetricHistory: get(
    '/mlflow/metrics/get-history',
    z.object({ ...runId, metric_key: named, ...page }),
    z.object({ metrics: o(list(metricReply)), next_page_token: o(text) }),
  ),
  getMetricHistoryBulk: get(
    '/mlflow/metrics/get-history-bulk',
    z.object({ run_id: o(list(text)), metric_key: o(text), max_results: o(int64) }),
    z.object({ metrics: o(list(metricReply)) }),
  ),
  getMetricHistoryBulkInterval: get(
    '/mlflow/metrics/get-history-bulk-interval',
    z.object({ run_ids: list(text), metric_key: named, start_step: o(int64), end_step: o(int64), max_results: o(int64) }),
    z.object({ metrics: o(list(metricReply)) }),
  ),
  listArtifacts: get(
    '/mlflow/artifacts/list',
    z.object({ ...runId, path: o(text), page_token: o(text) }),
    z.object({ root_uri: text, files: o(list(fileReply)), next_page_token: o(text) }),
  ),
  importRuns: {
    ...post('/api/eg/v1/runs/import', 'write', z.object({ runs: list(wholeRun) }), z.object({ run_ids: list(text) })),
    isRoot: true,
  },
  purge: {
    ...post(
      '/api/eg/v1/purge',
      'admin',
      z.object({ run_ids: o(list(named)), experiment_ids: o(list(named)) }),
      z.object({ receipt: z.object({ id: text, at: z.number(), runs: z.number(), experiments: z.number(), sha256: text }) }),
    ),
    isRoot: true,
  },
  registryEvents: {
    ...get(
      '/api/eg/v1/registry/events',
      z.object({ after: o(int64), max_results: o(int64) }),
      z.object({ events: o(list(registryEventReply)) }),
    ),
    isRoot: true,
  },
} as const;

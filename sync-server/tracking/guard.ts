import { ENDPOINTS, type EndpointName } from '#shared/tracking/endpoints.ts';
import { TrackingFault } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { SERVICE_EXPERIMENTS } from '../ports/run-log.ts';
import { isExperimentId } from './ids.ts';
import { SYSTEM_TAG } from './system-runs.ts';

/** The parts of a request that name what it writes to. */
interface Targets {
  readonly experiment_id?: unknown;
  readonly experiment_ids?: unknown;
  readonly run_id?: unknown;
  readonly run_ids?: unknown;
  readonly model_id?: unknown;
  readonly source_run_id?: unknown;
  readonly name?: unknown;
  readonly new_name?: unknown;
  readonly key?: unknown;
  readonly tags?: unknown;
  readonly runs?: unknown;
}

const OWN_MODELS = /^examsgraph-/;
const texts = (...values: readonly unknown[]): readonly string[] => values.filter((v): v is string => typeof v === 'string');

/** Whether any of these belongs to the service itself. */
async function isOfTheService(
  sql: Sql,
  experiments: readonly string[],
  runs: readonly string[],
  models: readonly string[],
): Promise<boolean> {
  const rows = await sql.query(
    `SELECT 1 FROM experiment_tags WHERE key = $1 AND experiment_id IN (
       SELECT unnest($2::bigint[]) UNION SELECT experiment_id FROM runs WHERE run_id = ANY($3)
       UNION SELECT experiment_id FROM logged_models WHERE model_id = ANY($4)) LIMIT 1`,
    [SYSTEM_TAG, experiments.filter(isExperimentId), runs, models],
  );
  return rows.length > 0;
}

const AN_OWN_MODEL = new TrackingFault('PERMISSION_DENIED', 'The service’s own models are promoted on the staff page of models, not here.');
const AN_OWN_RECORD = new TrackingFault('PERMISSION_DENIED', 'These records are the service’s own: they can be read, not written.');
const A_RESERVED_NAME = new TrackingFault('PERMISSION_DENIED', 'Experiments of this name are the service’s own.');

const NAMING: ReadonlySet<string> = new Set<EndpointName>(['createExperiment', 'updateExperiment']);
const ENDING: ReadonlySet<string> = new Set<EndpointName>(['deleteExperiment', 'updateExperiment', 'purge']);
const RESERVED: ReadonlySet<string> = new Set(SERVICE_EXPERIMENTS);
const ON_THE_REGISTRY = /^\/mlflow\/(registered-models|model-versions)\//;

/**
 * Refuses what nobody may do to the service's own: change the registry's entry of its models, which mirrors what is served and is changed by
 * promoting; take the names of its experiments; delete, rename or claim one of them; purge their runs.
 *
 * @param request a request of a writing route, as its schema has it
 * @throws TrackingFault PERMISSION_DENIED
 */
export async function checkForAnybody(sql: Sql, name: EndpointName, request: Targets): Promise<void> {
  if (ON_THE_REGISTRY.test(ENDPOINTS[name].path) && texts(request.name, request.new_name).some((n) => OWN_MODELS.test(n)))
    throw AN_OWN_MODEL;
  if (NAMING.has(name) && texts(request.name, request.new_name).some((n) => RESERVED.has(n))) throw A_RESERVED_NAME;
  const tags = Array.isArray(request.tags) ? (request.tags as { readonly key?: unknown }[]) : [];
  if ([request, ...tags].some((t) => t.key === SYSTEM_TAG)) throw AN_OWN_RECORD;
  if (!ENDING.has(name)) return;
  const experiments = [...texts(request.experiment_id), ...(Array.isArray(request.experiment_ids) ? texts(...request.experiment_ids) : [])];
  const runs = Array.isArray(request.run_ids) ? texts(...request.run_ids) : [];
  if (await isOfTheService(sql, experiments, runs, [])) throw AN_OWN_RECORD;
}

/**
 * Refuses what an analyst writes to the service's own experiments, tagged `eg.system`.
 *
 * @param request a request of a writing route, as its schema has it
 * @throws TrackingFault PERMISSION_DENIED
 */
export async function checkNotOfTheService(sql: Sql, request: Targets): Promise<void> {
  const all = [request, ...(Array.isArray(request.runs) ? (request.runs as Targets[]) : [])];
  const experiments = all.flatMap((t) => texts(t.experiment_id));
  const runs = all.flatMap((t) => texts(t.run_id, t.source_run_id));
  const models = all.flatMap((t) => texts(t.model_id));
  if (await isOfTheService(sql, experiments, runs, models)) throw AN_OWN_RECORD;
}

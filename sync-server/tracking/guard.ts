import { TrackingFault } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { isExperimentId } from './ids.ts';
import { SYSTEM_TAG } from './system-runs.ts';

/** The parts of a request that name what it writes to. */
interface Targets {
  readonly experiment_id?: unknown;
  readonly experiment_ids?: unknown;
  readonly run_id?: unknown;
  readonly model_id?: unknown;
  readonly source_run_id?: unknown;
  readonly name?: unknown;
  readonly new_name?: unknown;
  readonly key?: unknown;
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

/**
 * Refuses whoever would change the registry's entry of the service's own models: it mirrors what is served, and is changed by promoting.
 *
 * @throws TrackingFault PERMISSION_DENIED
 */
export function checkOwnModels({ name, new_name }: Targets): void {
  if (texts(name, new_name).some((n) => OWN_MODELS.test(n)))
    throw new TrackingFault('PERMISSION_DENIED', 'The service’s own models are promoted on the staff page of models, not here.');
}

/**
 * Refuses what an analyst writes to the service's own experiments, tagged `eg.system`.
 *
 * @param request a request of a writing route, as its schema has it
 * @throws TrackingFault PERMISSION_DENIED
 */
export async function checkNotOfTheService(sql: Sql, request: Targets): Promise<void> {
  const refusal = new TrackingFault('PERMISSION_DENIED', 'These records are the service’s own: they can be read, not written.');
  if (request.key === SYSTEM_TAG) throw refusal;
  const all = [request, ...(Array.isArray(request.runs) ? (request.runs as Targets[]) : [])];
  const experiments = all.flatMap((t) => texts(t.experiment_id));
  const runs = all.flatMap((t) => texts(t.run_id, t.source_run_id));
  const models = all.flatMap((t) => texts(t.model_id));
  if (await isOfTheService(sql, experiments, runs, models)) throw refusal;
}

/** The same for a path of the proxied artifacts, which begins with its experiment, or for a run's upload. @throws TrackingFault */
export const checkFileNotOfTheService = (sql: Sql, path: string, runId: string | null): Promise<void> =>
  checkNotOfTheService(sql, { experiment_id: path.split('/').find((part) => part !== ''), ...(runId ? { run_id: runId } : {}) });

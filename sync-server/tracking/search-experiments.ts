import type { RequestOf } from '#shared/tracking/endpoints.ts';
import { invalid } from '#shared/tracking/fault.ts';
import { EXPERIMENT_JSON } from './experiments.ts';
import { isExperimentId } from './ids.ts';
import { listed, listingOf } from './listing.ts';
import { pageSize } from './page-token.ts';
import { stagesOf } from './search-runs.ts';
import type { Handlers, RawJson, TrackingPorts } from './tracking.ts';

const LISTING = listingOf({
  target: 'experiments',
  from: 'experiments e',
  json: EXPERIMENT_JSON,
  columns: {
    name: { sql: 'e.name', type: 'text', isNullable: false },
    experiment_id: { sql: 'e.experiment_id', type: 'bigint', isNullable: false, isAskedAsText: true },
    creation_time: { sql: 'e.creation_time', type: 'bigint', isNullable: false },
    last_update_time: { sql: 'e.last_update_time', type: 'bigint', isNullable: false },
  },
  tags: 'FROM experiment_tags t WHERE t.experiment_id = e.experiment_id',
  ties: (column, isOrdered) =>
    isOrdered
      ? [{ ...column('experiment_id'), isDescending: true }]
      : [
          { ...column('creation_time'), isDescending: true },
          { ...column('experiment_id'), isDescending: false },
        ],
});

/** Searches over experiments and the data sets of their runs. */
export function experimentSearchHandlers({ db }: TrackingPorts): Handlers<'searchExperiments' | 'listExperiments' | 'searchDatasets'> {
  const search = async (request: RequestOf<'searchExperiments'>): Promise<RawJson> => ({
    raw: await listed(db, LISTING, 'experiments', request, pageSize(request.max_results, 1000, 50_000), (statement) => [
      `e.lifecycle_stage = ANY(${statement.put(stagesOf(request.view_type), 'text[]')})`,
    ]),
  });
  return {
    searchExperiments: search,
    listExperiments: search,
    async searchDatasets({ experiment_ids = [] }) {
      if (experiment_ids.length === 0) throw invalid('SearchDatasets request must specify at least one experiment_id.');
      if (experiment_ids.length > 20) {
        throw invalid(
          `SearchDatasets request cannot specify more than 20 experiment_ids. Received ${experiment_ids.length} experiment_ids.`,
        );
      }
      const [row] = await db.query<{ json: string }>(
        `SELECT json_strip_nulls(json_build_object('dataset_summaries', json_agg(s)))::text AS json FROM (
           SELECT DISTINCT d.experiment_id::text, d.name, d.digest,
             (SELECT t ->> 'value' FROM jsonb_array_elements(i.tags) t WHERE t ->> 'key' = 'mlflow.data.context' LIMIT 1) AS context
           FROM datasets d JOIN inputs i USING (dataset_id) JOIN runs r USING (run_id)
           WHERE d.experiment_id = ANY($1::bigint[]) AND r.lifecycle_stage = 'active' ORDER BY 1, 2, 3 LIMIT 1000) s`,
        [experiment_ids.filter(isExperimentId)],
      );
      return { raw: row?.json ?? '{}' };
    },
  };
}

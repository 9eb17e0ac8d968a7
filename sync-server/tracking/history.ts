import { invalid } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { fingerprint, pageSize, placeOf, tokenOf } from './page-token.ts';
import { valueJson } from './run-json.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

const POINT = `json_build_object('key', m.key, 'value', ${valueJson('m')}, 'timestamp', m.timestamp, 'step', m.step)`;
const POINT_OF_RUN = `json_build_object('key', m.key, 'value', ${valueJson('m')}, 'timestamp', m.timestamp, 'step', m.step, 'run_id', m.run_id)`;
const MOST_BULK = 25_000;
const MOST_RUNS = 100;
const MOST_A_RUN = 2500;
const SEE = 'See the API docs for more information about request parameters.';

interface Sampled {
  readonly runIds: readonly string[];
  readonly key: string;
  readonly most: number;
  readonly start: number | null;
  readonly end: number | null;
}

/** The steps a chart of several runs shows: evenly spaced ones of all there are, and the first and last of each run. */
export function sampledSteps(
  all: readonly number[],
  extremes: readonly number[],
  most: number,
  start: number,
  end: number,
): readonly number[] {
  const within = all.filter((step) => step >= start && step <= end);
  const kept = new Set(extremes.filter((step) => step >= start && step <= end));
  if (within.length <= most) for (const step of within) kept.add(step);
  else {
    const interval = within.length / most;
    for (let i = 0; i < most; i++) kept.add(within[Math.trunc(i * interval)] as number);
    kept.add(within.at(-1) as number);
  }
  return [...kept].sort((a, b) => a - b);
}

async function bulkInterval(sql: Sql, { runIds, key, most, start, end }: Sampled): Promise<string> {
  const rows = await sql.query<{ step: string; is_edge: boolean }>(
    `SELECT step, bool_or(step = low OR step = high) AS is_edge FROM (
       SELECT step, min(step) OVER (PARTITION BY run_id) AS low, max(step) OVER (PARTITION BY run_id) AS high
       FROM metrics WHERE run_id = ANY($1) AND key = $2) m GROUP BY step ORDER BY step`,
    [runIds, key],
  );
  const all = rows.map((r) => Number(r.step));
  const edges = rows.filter((r) => r.is_edge).map((r) => Number(r.step));
  const steps = sampledSteps(all, edges, most, start ?? 0, end ?? all.at(-1) ?? 0);
  const [row] = await sql.query<{ json: string | null }>(
    `SELECT json_agg(${POINT_OF_RUN} ORDER BY w.place, m.step, m.timestamp, m.value)::text AS json
     FROM unnest($1::text[]) WITH ORDINALITY AS w(run_id, place)
     CROSS JOIN LATERAL (SELECT * FROM metrics x WHERE x.run_id = w.run_id AND x.key = $2 AND x.step = ANY($3::bigint[])
       ORDER BY x.step, x.timestamp, x.value LIMIT $4) m`,
    [runIds, key, steps, MOST_BULK],
  );
  return row?.json ? `{"metrics":${row.json}}` : '{}';
}

/** The whole history of a metric, or pages of it, and charts of several runs. */
export function historyHandlers({
  db,
}: TrackingPorts): Handlers<'getMetricHistory' | 'getMetricHistoryBulk' | 'getMetricHistoryBulkInterval'> {
  return {
    async getMetricHistory({ run_id, metric_key, max_results, page_token }) {
      if (max_results !== undefined && max_results <= 0)
        throw invalid(`Invalid value ${max_results} for parameter 'max_results' supplied. It must be a positive integer.`);
      const asked = fingerprint(run_id, metric_key);
      const from = placeOf(page_token, asked, 4);
      const size = max_results === undefined ? null : pageSize(max_results, MOST_BULK, 200_000);
      const rows = await db.query<{ json: string; last: string }>(
        `SELECT ${POINT}::text AS json, json_build_array(m.timestamp, m.step, m.value, m.is_nan::int)::text AS last FROM metrics m
         WHERE run_id = $1 AND key = $2 AND ($3::bigint IS NULL OR (timestamp, step, value, is_nan::int) > ($3::bigint, $4::bigint, $5::float8, $6::int))
         ORDER BY timestamp, step, value, is_nan LIMIT $7`,
        [run_id, metric_key, ...(from ? from.last : [null, null, null, null]), size === null ? null : size + 1],
      );
      const page = size === null ? rows : rows.slice(0, size);
      if (page.length === 0) return { raw: '{}' };
      const isMore = rows.length > page.length;
      const last = JSON.parse(page.at(-1)?.last ?? '[]') as unknown[];
      const token = isMore ? `,"next_page_token":${JSON.stringify(tokenOf({ phase: 0, last }, asked))}` : '';
      return { raw: `{"metrics":[${page.map((r) => r.json).join(',')}]${token}}` };
    },
    async getMetricHistoryBulk({ run_id: runIds = [], metric_key, max_results }) {
      if (runIds.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.');
      if (runIds.length > MOST_RUNS)
        throw invalid(`GetMetricHistoryBulk request cannot specify more than ${MOST_RUNS} run_ids. Received ${runIds.length} run_ids.`);
      if (max_results !== undefined && max_results <= 0)
        throw invalid(`Invalid value ${max_results} for parameter 'max_results' supplied. It must be a positive integer.`);
      if (metric_key === undefined) throw invalid('GetMetricHistoryBulk request must specify a metric_key.');
      const [row] = await db.query<{ json: string | null }>(
        `SELECT json_agg(${POINT_OF_RUN} ORDER BY m.run_id, m.timestamp, m.step, m.value)::text AS json FROM (
           SELECT * FROM metrics WHERE run_id = ANY($1) AND key = $2 ORDER BY run_id, timestamp, step, value LIMIT $3) m`,
        [runIds, metric_key, Math.min(max_results ?? MOST_BULK, MOST_BULK)],
      );
      return { raw: `{"metrics":${row?.json ?? '[]'}}` };
    },
    async getMetricHistoryBulkInterval({ run_ids: runIds, metric_key: key, start_step, end_step, max_results }) {
      if (runIds.length > MOST_RUNS)
        throw invalid(
          `GetMetricHistoryBulkInterval request must specify at most ${MOST_RUNS} run_ids. Received ${runIds.length} run_ids. ${SEE}`,
        );
      const most = max_results ?? MOST_A_RUN;
      if (most < 1 || most > MOST_A_RUN) throw invalid(`max_results must be between 1 and ${MOST_A_RUN}. ${SEE}`);
      if ((start_step === undefined) !== (end_step === undefined))
        throw invalid('If either start step or end step are specified, both must be specified.');
      const [start, end] = [start_step ?? null, end_step ?? null];
      if (start !== null && end !== null && start > end)
        throw invalid(`end_step must be greater than start_step. Found start_step=${start} and end_step=${end}.`);
      return { raw: await bulkInterval(db, { runIds, key, most, start, end }) };
    },
  };
}

import type { Sql } from '../ports/database.ts';

/** A stored double as JSON text: NaN is kept as 0 with a flag. */
export const valueJson = (m: string): string => `CASE WHEN ${m}.is_nan THEN to_json('NaN'::text) ELSE to_json(${m}.value) END`;

const list = (object: string, order: string, from: string): string => `(SELECT json_agg(${object} ORDER BY ${order}) FROM ${from})`;

const KEY_VALUE = `json_build_object('key', x.key, 'value', x.value)`;

/** What is known of a run itself, as JSON; `r` is its row. */
export const RUN_INFO = `json_build_object('run_id', r.run_id, 'run_uuid', r.run_id, 'run_name', r.run_name, 'experiment_id', r.experiment_id::text,
  'user_id', r.user_id, 'status', r.status, 'start_time', r.start_time, 'end_time', r.end_time, 'artifact_uri', r.artifact_uri,
  'lifecycle_stage', r.lifecycle_stage)`;

const RUN = `json_strip_nulls(json_build_object('info', ${RUN_INFO},
  'data', json_build_object(
    'metrics', ${list(`json_build_object('key', x.key, 'value', ${valueJson('x')}, 'timestamp', x.timestamp, 'step', x.step)`, 'x.key', 'latest_metrics x WHERE x.run_id = r.run_id')},
    'params', ${list(KEY_VALUE, 'x.key', 'params x WHERE x.run_id = r.run_id')},
    'tags', ${list(KEY_VALUE, 'x.key', 'tags x WHERE x.run_id = r.run_id')}),
  'inputs', json_build_object(
    'dataset_inputs', ${list(
      `json_build_object('tags', x.tags, 'dataset', json_build_object('name', d.name, 'digest', d.digest, 'source_type', d.source_type,
        'source', d.source, 'schema', d.schema, 'profile', d.profile))`,
      'd.dataset_id',
      'inputs x JOIN datasets d USING (dataset_id) WHERE x.run_id = r.run_id',
    )},
    'model_inputs', ${list(`json_build_object('model_id', x.model_id)`, 'x.model_id', 'run_models x WHERE x.run_id = r.run_id AND NOT x.is_output')}),
  'outputs', (SELECT json_build_object('model_outputs', json_agg(json_build_object('model_id', x.model_id, 'step', x.step) ORDER BY x.model_id))
    FROM run_models x WHERE x.run_id = r.run_id AND x.is_output HAVING count(*) > 0)))::text`;

/** Bytes of runs as JSON, by run and revision: what was serialised once serves until the run changes. */
export interface RunTexts {
  /** Texts of the runs, in the order asked for. */
  of(sql: Sql, wanted: readonly { readonly runId: string; readonly rev: string }[]): Promise<readonly Buffer[]>;
}

/** One run as JSON text; null if there is none. */
export async function runText(sql: Sql, runId: string): Promise<string | null> {
  const [row] = await sql.query<{ json: string }>(`SELECT ${RUN} AS json FROM runs r WHERE r.run_id = $1`, [runId]);
  return row?.json ?? null;
}

/** @param mostBytes of texts that are kept; the one kept first goes first */
export function runTexts(mostBytes: number): RunTexts {
  const kept = new Map<string, { readonly rev: string; readonly text: Buffer }>();
  let size = 0;
  const keep = (runId: string, rev: string, text: Buffer) => {
    size += text.length - (kept.get(runId)?.text.length ?? 0);
    kept.delete(runId);
    kept.set(runId, { rev, text });
    for (const [oldest, { text: gone }] of kept) {
      if (size <= mostBytes) break;
      kept.delete(oldest);
      size -= gone.length;
    }
  };
  return {
    async of(sql, wanted) {
      const texts: (Buffer | undefined)[] = wanted.map(({ runId, rev }) => {
        const entry = kept.get(runId);
        return entry?.rev === rev ? entry.text : undefined;
      });
      const cold = wanted.filter((_, i) => !texts[i]).map((w) => w.runId);
      if (cold.length > 0) {
        const rows = await sql.query<{ run_id: string; rev: string; json: string }>(
          `SELECT r.run_id, r.rev::text AS rev, ${RUN} AS json FROM runs r WHERE r.run_id = ANY($1)`,
          [cold],
        );
        const found = new Map(rows.map((row) => [row.run_id, Buffer.from(row.json)]));
        for (const { run_id, rev } of rows) keep(run_id, rev, found.get(run_id) ?? Buffer.alloc(0));
        wanted.forEach(({ runId }, i) => {
          texts[i] ??= found.get(runId);
        });
      }
      return texts.filter((t) => t !== undefined);
    },
  };
}

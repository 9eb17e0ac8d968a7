import { sha256Hex } from '#shared/crypto/sha256.ts';
import type { Database, Sql } from '../ports/database.ts';
import type { RunLog } from '../ports/run-log.ts';
import { SYSTEM_TAG } from './system-runs.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** Minutes between looks at what takes counting whole tables. */
export const QUARTER = 15;

/** Bytes of database and blobs, and experiments with a run under way, the service's own aside, with the A/B tests that run. */
async function storeFigures(sql: Sql): Promise<Readonly<Record<string, number>>> {
  const [store] = await sql.query<{ bytes: string; active: string }>(
    `SELECT pg_database_size(current_database()) + coalesce((SELECT sum(size) FROM (SELECT DISTINCT sha256, size FROM artifacts) b), 0) AS bytes,
            (SELECT count(DISTINCT experiment_id) FROM runs r WHERE status = 'RUNNING' AND lifecycle_stage = 'active'
             AND NOT EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_id = r.experiment_id AND t.key = $1))
            + (SELECT count(*) FROM ab_tests WHERE ended_at IS NULL) AS active`,
    [SYSTEM_TAG],
  );
  return { storage_usage: Number(store?.bytes), active_experiments: Number(store?.active) };
}

/**
 * Log a minute of the server to the day's run of `monitoring`: a run a UTC day, a step a minute of it. The figures of the store are asked for here,
 * every quarter of an hour; those of requests come from memory.
 *
 * @param figures of the minute that ends at `at`, by metric name
 * @param uptime  seconds since the server started
 */
export async function logMinute(
  db: Database,
  runs: RunLog,
  { at, release, uptime, figures }: { at: number; release: string; uptime: number; figures: Readonly<Record<string, number>> },
): Promise<void> {
  const day = new Date(at).toISOString().slice(0, 10);
  await db.transaction(async (sql) => {
    const minute = Math.floor((at % DAY_MS) / MINUTE_MS);
    const store = minute % QUARTER === 0 ? await storeFigures(sql) : {};
    await runs.observe(sql, {
      runId: sha256Hex(new TextEncoder().encode(`monitoring/${day}`)).slice(0, 32),
      experiment: 'monitoring',
      name: day,
      at,
      step: minute,
      params: { release },
      tags: { 'eg.kind': 'monitoring' },
      metrics: { ...figures, ...store, uptime },
    });
  });
}

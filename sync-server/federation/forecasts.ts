import { backTest, dampedTrend } from '#models/forecast/growth.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import type { Database } from '../ports/database.ts';
import type { RunLog } from '../ports/run-log.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** Monday, 5 January 1970: weeks are counted from it. */
const FIRST_MONDAY = 4 * DAY_MS;
/** Days after which a device counts as gone. */
const ACTIVE_DAYS = 28;
/** A count of devices below this is not told to anybody. */
const LEAST_SHOWN = 20;
const METHOD = 'damped-trend';
const HORIZON_WEEKS = 12;
const MONTH_WEEKS = 4;
const RUN_ID = sha256Hex(new TextEncoder().encode(`system-forecasts/${METHOD}`)).slice(0, 32);

/** The counts of the weeks that lie behind one another without a gap, up to `week`, oldest first. */
function unbroken(earlier: readonly { readonly step: number; readonly value: number }[], week: number, count: number): readonly number[] {
  const byWeek = new Map(earlier.map(({ step, value }) => [step, value]));
  const series = [count];
  for (let at = week - 1; byWeek.has(at); at--) series.unshift(byWeek.get(at) as number);
  return series;
}

/**
 * Log a week of the service to the run of `system-forecasts`, once a week, a step a week: how many devices were seen in 28 days, and from eight such weeks
 * on by what ratio they are expected to grow in the next four. Nothing where fewer than twenty devices were seen.
 */
export async function logWeek(db: Database, runs: RunLog, at: number): Promise<void> {
  const week = Math.floor((at - FIRST_MONDAY) / WEEK_MS);
  await db.transaction(async (sql) => {
    const earlier = await sql.query<{ step: string; value: number }>(
      "SELECT step, value FROM metrics WHERE run_id = $1 AND key = 'total_active_users' ORDER BY step",
      [RUN_ID],
    );
    const known = earlier.map(({ step, value }) => ({ step: Number(step), value }));
    if ((known.at(-1)?.step ?? -1) >= week) return;
    const [seen] = await sql.query<{ n: string }>('SELECT count(*) AS n FROM devices WHERE seen_at > $1', [at - ACTIVE_DAYS * DAY_MS]);
    const count = Number(seen?.n);
    if (count < LEAST_SHOWN) return;
    const series = unbroken(known, week, count);
    const inAMonth = dampedTrend(series, HORIZON_WEEKS)?.[MONTH_WEEKS - 1];
    const test = backTest(series, HORIZON_WEEKS);
    await runs.observe(sql, {
      runId: RUN_ID,
      experiment: 'system-forecasts',
      name: METHOD,
      at,
      step: week,
      params: { method: METHOD, horizon: String(HORIZON_WEEKS) },
      tags: { 'eg.kind': 'system-forecasts' },
      metrics: {
        total_active_users: count,
        ...(inAMonth && { next_month_growth: inAMonth.median / count - 1 }),
        ...(test?.mase != null && { backtest_mase: test.mase }),
      },
    });
  });
}

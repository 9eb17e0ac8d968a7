import { fitRetention, survival } from '#models/forecast/churn.ts';
import { type Band, backTest, dampedTrend } from '#models/forecast/growth.ts';
import { type RevenueAssumptions, revenueForecast } from '#models/forecast/revenue.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { seededRng } from '#shared/maths/rng.ts';
import type { Database, Sql } from '../ports/database.ts';
import type { RunLog } from '../ports/run-log.ts';
import { weekFigures } from './cohort-figures.ts';
import { metricsOf } from './releases.ts';

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

/** Weeks a cohort must have been there for, before its curve is fitted. */
const KNOWN_WEEKS = 4;

/**
 * The chance that an active learner is gone four weeks on, the mean over those who are active now, each by the weeks since they came. The curve
 * is of all devices that came at least four weeks ago: how many were still seen a week later, two, and so on. Null with fewer than twenty on
 * either side.
 */
async function churnInAMonth(sql: Sql, at: number): Promise<number | null> {
  const stayed = await sql.query<{ week: number; n: string }>(
    `SELECT w AS week, count(*) FILTER (WHERE seen_at - enrolled_at >= w * $2::bigint) AS n
     FROM devices, generate_series(0, $3) w WHERE enrolled_at <= $1::bigint - $3 * $2::bigint GROUP BY w ORDER BY w`,
    [at, WEEK_MS, KNOWN_WEEKS],
  );
  const curve = stayed.map((row) => Number(row.n));
  const model = (curve[0] ?? 0) >= LEAST_SHOWN ? fitRetention(curve) : null;
  const active = await sql.query<{ age: number; n: string }>(
    'SELECT (($1::bigint - enrolled_at) / $2::bigint)::int AS age, count(*) AS n FROM devices WHERE seen_at > $3 GROUP BY 1',
    [at, WEEK_MS, at - ACTIVE_DAYS * DAY_MS],
  );
  const count = active.reduce((sum, row) => sum + Number(row.n), 0);
  if (!model || count < LEAST_SHOWN) return null;
  const gone = (age: number) => 1 - survival(model, age + MONTH_WEEKS) / survival(model, age);
  return active.reduce((sum, row) => sum + Number(row.n) * gone(Math.max(0, row.age)), 0) / count;
}

/** Revenue of the coming month beside what it was assumed from; empty unless somebody entered what they believe. */
function revenueOf(learners: Band | undefined, assumed: RevenueAssumptions | null, week: number): Readonly<Record<string, number>> {
  if (!learners || !assumed) return {};
  const [month] = revenueForecast([learners], assumed, seededRng(week));
  const [low, high] = assumed.conversion;
  return month
    ? { revenue_forecast: month.median, assumed_price: assumed.price, assumed_conversion_low: low, assumed_conversion_high: high }
    : {};
}

/** What a week is logged from. */
export interface WeekPlan {
  /** Epoch ms. */
  readonly at: number;
  /** What whoever runs the service believes of revenue; null where nobody entered anything. */
  readonly assumed: RevenueAssumptions | null;
  /** The task whose slots tell of accuracy and days of study; null where there is none. */
  readonly statisticsTask: Uint8Array | null;
}

/**
 * Log a week of the service to the run of `system-forecasts`, once a week, a step a week: how many devices were seen in 28 days, what the private
 * statistics say of accuracy and days of study, how likely who is active is to go, and from eight such weeks on what is expected in four. Nothing
 * where fewer than twenty devices were seen.
 */
export async function logWeek(db: Database, runs: RunLog, { at, assumed, statisticsTask }: WeekPlan): Promise<void> {
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
    const churn = await churnInAMonth(sql, at);
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
        ...metricsOf(await weekFigures(sql, at, statisticsTask)),
        ...(churn !== null && { churn_risk: churn }),
        ...(inAMonth && { next_month_growth: inAMonth.median / count - 1 }),
        ...revenueOf(inAMonth, assumed, week),
        ...(test?.mase != null && { backtest_mase: test.mase }),
      },
    });
  });
}

import { normal, type Rng, uniform } from '#shared/maths/rng.ts';
import { type BackTest, type Band, rollingOrigins } from './growth.ts';

/** What an administrator believes; kept with the forecast made from it. */
export interface RevenueAssumptions {
  /** Share of active learners who pay, least and most, 0–1. */
  readonly conversion: readonly [low: number, high: number];
  /** Price a paying learner and period, any currency. */
  readonly price: number;
}

const DRAWS = 4000;
const Z_90 = 1.6449;

const quantile = (sorted: readonly number[], share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;

/**
 * Revenue per period by Monte Carlo: learners drawn from their forecast's bands (log-normal), conversion evenly between its ends, times the
 * price. One draw keeps its luck over all periods.
 *
 * @throws RangeError unless 0 <= low <= high <= 1 and the price is not negative
 */
export function revenueForecast(learners: readonly Band[], { conversion, price }: RevenueAssumptions, rng: Rng): readonly Band[] {
  const [low, high] = conversion;
  if (!(low >= 0 && low <= high && high <= 1 && price >= 0))
    throw new RangeError('conversion must lie in [0, 1] and the price must not be negative');
  const luck = Array.from({ length: DRAWS }, () => ({ z: normal(rng), share: low + (high - low) * uniform(rng) }));
  return learners.map((band): Band => {
    const spread = Math.log(band.high90 / band.median) / Z_90;
    const sorted = luck.map(({ z, share }) => band.median * Math.exp(z * spread) * share * price).sort((a, b) => a - b);
    const at = (share: number) => quantile(sorted, share);
    return { low90: at(0.05), low50: at(0.25), median: at(0.5), high50: at(0.75), high90: at(0.95) };
  });
}

/**
 * Rolling-origin back-test of the revenue that learners and assumptions of the time would have given, against flat revenue.
 *
 * @param learners active, and `revenue` taken, a period
 * @returns null with fewer than four origins
 */
export function backTestRevenue(
  learners: readonly number[],
  revenue: readonly number[],
  assumptions: RevenueAssumptions,
  horizon: number,
  rng: Rng,
): BackTest | null {
  return rollingOrigins(learners, revenue, horizon, (bands) => revenueForecast(bands, assumptions, rng));
}

/** How a damped trend smooths: level, trend and damping, each in (0, 1). */
export interface Smoothing {
  readonly level: number;
  readonly trend: number;
  readonly damping: number;
}

const GRID: readonly Smoothing[] = [0.2, 0.4, 0.6, 0.8].flatMap((level) =>
  [0.05, 0.15, 0.3].flatMap((trend) => [0.8, 0.9, 0.98].map((damping) => ({ level, trend, damping }))),
);

interface State {
  readonly level: number;
  readonly slope: number;
}

const ahead = ({ level, slope }: State, damping: number, steps: number): number => {
  let [value, keep] = [level, 1];
  for (let h = 0; h < steps; h++) {
    keep *= damping;
    value += keep * slope;
  }
  return value;
};

/** Smooths a series; told the error of every one-step forecast. */
function smooth(series: readonly number[], { level: a, trend: b, damping }: Smoothing, onError: (error: number) => void): State {
  const [first, second] = series as readonly [number, number];
  let state: State = { level: first, slope: second - first };
  for (const value of series.slice(1)) {
    const expected = ahead(state, damping, 1);
    onError(value - expected);
    const level = a * value + (1 - a) * expected;
    state = { level, slope: b * (level - state.level) + (1 - b) * damping * state.slope };
  }
  return state;
}

/** Fewest points a forecast is made from. */
export const NEEDS_POINTS = 8;

/** A forecast step: median, and the ends of its 50 and 90 % bands. */
export interface Band {
  readonly low90: number;
  readonly low50: number;
  readonly median: number;
  readonly high50: number;
  readonly high90: number;
}

const [Z_50, Z_90] = [0.6745, 1.6449];

/** Logs with a small floor, so that growth is a ratio and nothing falls below 0. */
const toLog = (x: number): number => Math.log(Math.max(0.5, x));

/**
 * Forecast of a positive series by a damped trend on its logarithm (Gardner and McKenzie 1985), the smoothing that had the least one-step
 * error on the series itself; bands widen with the square root of the horizon.
 *
 * @returns one band a step; null below eight points
 */
export function dampedTrend(series: readonly number[], horizon: number): readonly Band[] | null {
  if (series.length < NEEDS_POINTS) return null;
  const logs = series.map(toLog);
  let best: { readonly loss: number; readonly state: State; readonly damping: number; readonly sd: number } | null = null;
  for (const smoothing of GRID) {
    const errors: number[] = [];
    const state = smooth(logs, smoothing, (e) => errors.push(e));
    const loss = errors.reduce((sum, e) => sum + e * e, 0) / errors.length;
    if (!best || loss < best.loss) best = { loss, state, damping: smoothing.damping, sd: Math.sqrt(loss) };
  }
  const { state, damping, sd } = best as NonNullable<typeof best>;
  return Array.from({ length: horizon }, (_, i): Band => {
    const [middle, spread] = [ahead(state, damping, i + 1), sd * Math.sqrt(i + 1)];
    const at = (z: number) => Math.exp(middle + z * spread);
    return { low90: at(-Z_90), low50: at(-Z_50), median: at(0), high50: at(Z_50), high90: at(Z_90) };
  });
}

/** How forecasts made in the past fared, each from what was known then. */
export interface BackTest {
  readonly origins: number;
  /** Mean absolute error as a share of that of repeating the last value (Hyndman and Koehler 2006); 1 or more: no better than that. Null where repeating it was never wrong. */
  readonly mase: number | null;
  /** Share of the values that lay in their 90 % band. */
  readonly coverage90: number;
}

const HAIR = 1e-9;

/** Rolling-origin back-test; null with fewer than four origins. */
export const backTest = (series: readonly number[], horizon: number): BackTest | null => rollingOrigins(series, series, horizon, (b) => b);

/**
 * Forecasts of `series` from every origin on, each from what was known then, judged on what came of `judged`, beside its last value.
 *
 * @param of what a forecast of the series says of `judged`
 * @returns null with fewer than four origins
 */
export function rollingOrigins(
  series: readonly number[],
  judged: readonly number[],
  horizon: number,
  of: (bands: readonly Band[]) => readonly Band[],
): BackTest | null {
  const origins = series.length - NEEDS_POINTS - horizon + 1;
  if (origins < 4) return null;
  let [error, naive, inside, n] = [0, 0, 0, 0];
  for (let origin = NEEDS_POINTS; origin < NEEDS_POINTS + origins; origin++) {
    of(dampedTrend(series.slice(0, origin), horizon) ?? []).forEach((band, h) => {
      const came = judged[origin + h] as number;
      error += Math.abs(came - band.median);
      naive += Math.abs(came - (judged[origin - 1] as number));
      // a series that never moved has a band without width
      if (came >= band.low90 * (1 - HAIR) && came <= band.high90 * (1 + HAIR)) inside += 1;
      n += 1;
    });
  }
  return { origins, mase: naive === 0 ? null : error / naive, coverage90: inside / n };
}

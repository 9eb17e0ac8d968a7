/** A request that was answered. */
export interface Answered {
  /** Its pattern, or its name in the endpoint table; never a raw path. */
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

/** The requests of the last minutes, in the names of the runs of `monitoring`. */
export interface Traffic {
  answered(request: Answered): void;
  /**
   * Figures of the time since the last call, usually a minute; means and rates of the last five. What has no requests to speak of is left out.
   *
   * @param seconds since the last call
   */
  minute(seconds: number): Readonly<Record<string, number>>;
}

/** Of a busy minute more than this many times are not kept apart: the percentiles are then of the first ones. */
const MOST_KEPT = 50_000;
const MINUTES = 5;

const p95 = (seconds: readonly number[]): number => [...seconds].sort((a, b) => a - b)[Math.ceil(0.95 * seconds.length) - 1] ?? Number.NaN;

interface Tally {
  count: number;
  seconds: number;
  errors: number;
  uploads: number;
  runs: number;
  readonly times: number[];
  readonly downloads: number[];
}

const nothing = (): Tally => ({ count: 0, seconds: 0, errors: 0, uploads: 0, runs: 0, times: [], downloads: [] });

/** Counts requests in memory, a minute at a time. */
export function newTraffic(): Traffic {
  let now = nothing();
  let last: { readonly count: number; readonly seconds: number; readonly long: number }[] = [];
  return {
    answered({ route, method, status, seconds }) {
      now.count++;
      now.seconds += seconds;
      if (status >= 500) now.errors++;
      if (status < 300 && method === 'PUT' && route.endsWith('/fed/reports/:report')) now.uploads++;
      if (status < 300 && route === 'createRun') now.runs++;
      if (now.times.length < MOST_KEPT) now.times.push(seconds);
      if (route.endsWith('/weights') && now.downloads.length < MOST_KEPT) now.downloads.push(seconds);
    },
    minute(seconds) {
      const { count, errors, uploads, runs, times, downloads } = now;
      last = [...last, { count, seconds: now.seconds, long: seconds }].slice(-MINUTES);
      now = nothing();
      const requests = last.reduce((sum, m) => sum + m.count, 0);
      const figures = {
        http_p95_ms: 1000 * p95(times),
        http_error_rate: errors / count,
        uploads_accepted: uploads,
        runs_created: runs,
        model_serving_latency: p95(downloads),
        average_response_time: last.reduce((sum, m) => sum + m.seconds, 0) / requests,
        system_throughput: requests / last.reduce((sum, m) => sum + m.long, 0),
      };
      return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
    },
  };
}

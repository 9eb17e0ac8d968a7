import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { newTraffic } from './traffic.ts';

/** The server's Prometheus metrics; names are those of the dashboards. */
export interface Metrics {
  /** One finished request. @param route its pattern, never a raw path */
  requestDone(route: string, method: string, status: number, seconds: number): void;
  /** The text a scraper reads. */
  text(): Promise<string>;
  /** What the runs of `monitoring` say of the time since the last call. */
  minute(): Readonly<Record<string, number>>;
  readonly contentType: string;
}

/** A fresh registry. @param poolWaiting clients waiting for a database connection */
export function newMetrics(poolWaiting: () => number): Metrics {
  const registry = new Registry();
  const traffic = newTraffic();
  let since = performance.now();
  collectDefaultMetrics({ register: registry, prefix: 'examsgraph_' });
  const duration = new Histogram({
    name: 'examsgraph_http_request_duration_seconds',
    help: 'Time from request to finished response.',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5],
    registers: [registry],
  });
  new Gauge({
    name: 'examsgraph_db_pool_waiting',
    help: 'Clients waiting for a database connection.',
    registers: [registry],
    collect() {
      this.set(poolWaiting());
    },
  });
  return {
    requestDone(route, method, status, seconds) {
      duration.observe({ route, method, status: `${Math.floor(status / 100)}xx` }, seconds);
      traffic.answered({ route, method, status, seconds });
    },
    minute() {
      const from = since;
      since = performance.now();
      return traffic.minute((since - from) / 1000);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { newTraffic } from './traffic.ts';

/** The server's Prometheus metrics; names are those of the dashboards. */
export interface Metrics {
  /** One finished request. @param route its pattern, never a raw path */
  requestDone(route: string, method: string, status: number, seconds: number): void;
  /** The text a scraper reads. */
  text(): Promise<string>;
  /** Figures of the private statistics: one that is not among them any more vanishes. */
  show(figures: Readonly<Record<string, number>>): void;
  /** What the runs of `monitoring` say of the time since the last call. */
  minute(): Readonly<Record<string, number>>;
  readonly contentType: string;
}

const WATCHED: Readonly<Record<string, string>> = {
  user_model_accuracy: 'Share of answers the served models called right, by private statistics.',
  personalization_effectiveness: 'Mean gain of recommendations, by private statistics.',
  user_satisfaction_score: 'Mean rating, 1 to 5, by private statistics.',
  private_figures_timestamp_seconds: 'When the newest slot of private statistics was released, seconds since 1970.',
  model_drift_detection: 'Largest population stability index of the released histograms.',
};

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
    show(figures) {
      for (const [name, help] of Object.entries(WATCHED)) {
        registry.removeSingleMetric(`examsgraph_${name}`);
        const value = figures[name];
        if (value !== undefined) new Gauge({ name: `examsgraph_${name}`, help, registers: [registry] }).set(value);
      }
    },
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

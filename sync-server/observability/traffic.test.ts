import { expect, test } from 'vitest';
import { newMetrics } from './metrics.ts';
import { newTraffic } from './traffic.ts';

test('a minute of requests has its 95th percentile, its share of failures and what it brought; a quiet one says nothing of what it had none of', () => {
  const traffic = newTraffic();
  for (let n = 1; n <= 100; n++) traffic.answered({ route: 'createRun', method: 'POST', status: n <= 2 ? 503 : 200, seconds: n / 1000 });
  traffic.answered({ route: '/api/sync/v1/fed/reports/:report', method: 'PUT', status: 201, seconds: 0.2 });
  traffic.answered({ route: '/api/sync/v1/fed/reports/:report', method: 'PUT', status: 429, seconds: 0.2 });
  const minute = traffic.minute(60);
  expect(minute).toMatchObject({ uploads_accepted: 1, runs_created: 98 });
  expect(minute['http_p95_ms']).toBeCloseTo(97, 9);
  expect(minute['http_error_rate']).toBeCloseTo(2 / 102, 9);
  expect(minute['average_response_time']).toBeCloseTo((5.05 + 0.4) / 102, 9);
  expect(minute['system_throughput']).toBeCloseTo(102 / 60, 9);
  expect(minute).not.toHaveProperty('model_serving_latency');
  const quiet = traffic.minute(60);
  expect(quiet).toMatchObject({ uploads_accepted: 0, runs_created: 0 });
  expect(quiet).not.toHaveProperty('http_p95_ms');
  expect(quiet).not.toHaveProperty('http_error_rate');
  expect(quiet['average_response_time']).toBeCloseTo((5.05 + 0.4) / 102, 9);
  expect(quiet['system_throughput']).toBeCloseTo(102 / 120, 9);
});

test('private figures are gauges while they may be shown, and vanish when they may not', async () => {
  const metrics = newMetrics(() => 0);
  const shown = async () => (await metrics.text()).split('\n').filter((line) => /^examsgraph_(user|personal|model_drift)/.test(line));
  expect(await shown()).toEqual([]);
  metrics.show({ user_model_accuracy: 0.7, user_model_accuracy_se: 0.05, model_drift_detection: 0.02 });
  expect(await shown()).toEqual(['examsgraph_user_model_accuracy 0.7', 'examsgraph_model_drift_detection 0.02']);
  metrics.show({ user_satisfaction_score: 4.1 });
  expect(await shown()).toEqual(['examsgraph_user_satisfaction_score 4.1']);
  metrics.show({});
  expect(await shown()).toEqual([]);
});

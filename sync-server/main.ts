import { join, resolve } from 'node:path';
import { newApp, newMetricsApp } from './http/app.ts';
import { listen, portOf, type WantedPort } from './http/listen.ts';
import { newLog } from './observability/log.ts';
import { newMetrics } from './observability/metrics.ts';
import { createDatabase, openDatabase } from './storage/database.ts';
import { startLocalCluster } from './storage/local-cluster.ts';

const HARD_STOP_MS = 25_000;
const DRAIN_MS = 5000;
const env = process.env;

function wanted(name: string, fallback: number): WantedPort {
  const text = env[name];
  const port = text === undefined || text === '' ? fallback : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${name} must be a port number, got "${text}".`);
  return { name, port, isExplicit: text !== undefined && text !== '' };
}

async function main(): Promise<void> {
  const root = resolve(env.EG_ROOT ?? '.');
  const host = env.HOST ?? '127.0.0.1';
  const log = newLog(env.LOG_LEVEL ?? 'warn');
  const cluster = env.DATABASE_URL ? null : await startLocalCluster(root, env.EG_DATA_DIR ?? join(root, '.data'));
  if (cluster) await createDatabase(cluster.url('postgres'), 'examsgraph');
  const database = await openDatabase(env.DATABASE_URL ?? cluster?.url('examsgraph') ?? '', join(root, 'sync-server/storage/migrations'));

  let isDraining = false;
  const metrics = newMetrics(database.waiting);
  const clientDir = resolve(env.EG_CLIENT_DIR ?? join(root, 'dist/client'));
  const app = newApp({ clientDir, version: env.EG_VERSION ?? '0.1.0', ping: database.ping, isDraining: () => isDraining, metrics, log });
  const server = await listen(app, host, wanted('PORT', 3000));
  const metricsServer = await listen(newMetricsApp(metrics), '127.0.0.1', wanted('METRICS_PORT', 9464));

  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    isDraining = true;
    setTimeout(() => process.exit(1), HARD_STOP_MS).unref();
    // SIGTERM comes from a balancer that must notice first; Ctrl-C from a person who is waiting.
    if (signal === 'SIGTERM' && !env.EG_TEST_MODE) await new Promise((done) => setTimeout(done, DRAIN_MS));
    server.closeIdleConnections();
    await Promise.all(
      [server, metricsServer].map(
        (s) =>
          new Promise((done) => {
            s.close(done);
            s.closeIdleConnections();
          }),
      ),
    );
    await database.close();
    await cluster?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));

  process.on('disconnect', () => void stop('SIGINT'));

  const { createdAt } = await database.installation();
  console.log(`ExamsGraph is ready
  Learner app   http://localhost:${portOf(server)}/
  Metrics       http://127.0.0.1:${portOf(metricsServer)}/metrics
  Data          kept since ${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC
Ctrl-C stops everything.`);
}

main().catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exit(1);
});

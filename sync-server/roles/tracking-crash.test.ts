import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { below, type Rng, seededRng } from '#shared/maths/rng.ts';
import { type LocalCluster, startLocalCluster } from '../storage/local-cluster.ts';
import { clientOf } from '../tracking/test-installation.ts';

const KILLS = process.env['EG_NIGHTLY'] ? 20 : 4;
const CLIENTS = 8;
const data = mkdtempSync(join(tmpdir(), 'examsgraph-tracking-crash-'));
chmodSync(data, 0o755);
let cluster: LocalCluster;
let home = '';

beforeAll(async () => {
  // fsync stays on: what is acknowledged here must survive.
  cluster = await startLocalCluster(process.cwd(), data);
  home = join(data, readdirSync(data).find((name) => /^pg-\d+$/.test(name)) ?? '');
});
afterAll(async () => {
  await cluster.stop();
  rmSync(data, { recursive: true, force: true });
});

interface Server {
  readonly child: ChildProcess;
  readonly base: string;
  readonly exited: Promise<void>;
}

function start(schema = 'crash'): Promise<Server> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'sync-server/main.ts', 'tracking'], {
    env: {
      ...process.env,
      EG_TEST_MODE: '1',
      EG_TEST_SCHEMA: schema,
      DATABASE_URL: cluster.url('postgres'),
      EG_ARTIFACTS_DESTINATION: join(data, 'artifacts'),
      PORT: '0',
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  return new Promise((done, failed) => {
    child.once('message', (m) => done({ child, exited, base: `http://127.0.0.1:${(m as { port: number }).port}` }));
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
  });
}

/** What the server has said it has. */
interface Acknowledged {
  /** Runs by name, imported whole: their ids are the clients' own. */
  readonly imported: Map<string, number>;
  /** Names of runs that were created one by one. */
  readonly created: Set<string>;
  /** Steps of a metric all clients log to one run. */
  readonly steps: Set<number>;
}

/** One client at work until it is told to stop; what fails is counted for nothing. */
async function work(server: () => Server, run: string, rng: Rng, id: number, told: Acknowledged, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const client = clientOf(server().base);
    const name = `c${id}-${n}-${below(1e9, rng)}`;
    const step = id * 1e6 + n;
    const run_id = Array.from({ length: 4 }, () => rng().toString(16).padStart(8, '0')).join('');
    try {
      await client.call('createRun', { experiment_id: '0', run_name: name });
      told.created.add(name);
      await client.call('logBatch', { run_id: run, metrics: [{ key: 'm', value: step, timestamp: n, step }] });
      told.steps.add(step);
      const metrics = Array.from({ length: 3 }, (_, k) => ({ key: `k${k}`, value: k, timestamp: 1, step: n }));
      await client.call('importRuns', { runs: [{ run_id, experiment_id: '0', start_time: n, run_name: `${name} whole`, metrics }] });
      told.imported.set(run_id, metrics.length);
    } catch {
      // the server is down or the database is: nothing was acknowledged; a moment for it to come back
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

test('a schema of its own begins with Default alone, what is told to stop answers what it has begun and leaves, and the schema is as it was', async () => {
  const first = await start('stopped');
  expect(await (await fetch(`${first.base}/health`)).text()).toBe('OK');
  const client = clientOf(first.base);
  const { experiments } = await client.call('searchExperiments', { max_results: 10 });
  expect(experiments?.map((e) => [e.experiment_id, e.name])).toEqual([['0', 'Default']]);
  const { run } = await client.call('createRun', { experiment_id: '0', run_name: 'kept' });
  const leaving = new Promise<number | null>((done) => first.child.once('exit', done));
  first.child.kill('SIGTERM');
  expect(await leaving).toBe(0);
  const again = await start('stopped');
  expect((await clientOf(again.base).call('getRun', { run_id: run.info.run_id })).run.info.run_name).toBe('kept');
  again.child.kill('SIGTERM');
  await again.exited;
});

test(`${KILLS} kills of server and Postgres under load: no acknowledged write is lost, none is there twice`, async () => {
  const rng = seededRng(5);
  let server = await start();
  const { run } = await clientOf(server.base).call('createRun', { experiment_id: '0', run_name: 'shared' });
  const shared = run.info.run_id;
  const told: Acknowledged = { imported: new Map(), created: new Set(), steps: new Set() };
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, (_, id) =>
    work(
      () => server,
      shared,
      seededRng(100 + id),
      id,
      told,
      () => isOver,
    ),
  );
  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = told.imported.size + 30 + below(60, rng);
    await expect.poll(() => told.imported.size, { timeout: 60_000, interval: 20 }).toBeGreaterThan(wanted);
    if (kill % 2 === 0) {
      server.child.kill('SIGKILL');
      await server.exited;
      server = await start();
    } else {
      const port = Number(new URL(cluster.url('postgres')).port);
      process.kill(Number(readFileSync(join(home, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
      cluster = await startLocalCluster(process.cwd(), data, [], port);
    }
  }
  const end = told.imported.size + 30;
  await expect.poll(() => told.imported.size, { timeout: 60_000, interval: 20 }).toBeGreaterThan(end);
  isOver = true;
  await Promise.all(clients);

  const client = clientOf(server.base);
  const names = new Map<string, number>();
  const ids = new Map<string, number>();
  for await (const page of client.pages('searchRuns', { experiment_ids: ['0'], max_results: 1000 })) {
    for (const { info, data: logged } of page.runs ?? []) {
      if (told.imported.has(info.run_id)) ids.set(info.run_id, logged.metrics?.length ?? 0);
      else names.set(info.run_name, (names.get(info.run_name) ?? 0) + 1);
    }
  }
  expect([...told.created].filter((name) => names.get(name) !== 1)).toEqual([]);
  expect([...told.imported].filter(([id, metrics]) => ids.get(id) !== metrics)).toEqual([]);
  const history = (await client.call('getMetricHistory', { run_id: shared, metric_key: 'm' })).metrics ?? [];
  const times = new Map<number, number>();
  for (const { step } of history) times.set(step, (times.get(step) ?? 0) + 1);
  expect([...told.steps].filter((step) => times.get(step) !== 1)).toEqual([]);
  expect(told.imported.size).toBeGreaterThan(KILLS * 30);
  server.child.kill('SIGKILL');
  await server.exited;
}, 600_000);

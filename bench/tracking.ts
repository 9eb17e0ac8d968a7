import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { queryEach } from '#sync-server/storage/database.ts';
import { fillWith, SEARCHES } from './tracking/million.ts';
import { type Measured, ourServer, stockServer } from './tracking/servers.ts';

const HELP = `Speed of the tracking API, by the seven shapes of MLflow's own benchmarks and ours.

  npm run bench:tracking [-- --seconds N --runs N --mlflow PATH --json]

  --seconds N   length of each load (default 30)
  --runs N      runs of the search shapes (default 1000000)
  --mlflow PATH program of a stock MLflow, measured by the same shapes in the same run (default: mlflow of MLFLOW_PROGRAM)
`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    runs: { type: 'string', default: '1000000' },
    mlflow: { type: 'string', default: process.env['MLFLOW_PROGRAM'] ?? '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const seconds = Number(values.seconds);
const CLIENTS = 20;
const SEARCHED = 23_525;

interface Shot {
  readonly path: string;
  readonly body: () => string;
}

interface Row {
  readonly shape: string;
  readonly server: string;
  readonly perSecond: number;
  readonly p50: number;
  /** p99 of a load, p95 of searches one by one. */
  readonly tail: number;
  readonly cpuMs: number;
  readonly failed: number;
  readonly target: string;
}

interface Fired {
  readonly requests: { readonly total: number };
  readonly duration: number;
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
}
type Autocannon = (options: object) => Promise<Fired>;
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;
const rows: Row[] = [];

async function post<T>(server: Measured, path: string, body: unknown): Promise<T> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Fires one shape with 20 clients. @param many what one request counts for */
async function fire(server: Measured, shape: string, { path, body }: Shot, target: string, many = 1): Promise<void> {
  const setup = (client: { setBody(b: string): void; on(e: string, f: () => void): void }) => {
    client.setBody(body());
    client.on('response', () => client.setBody(body()));
  };
  const options = {
    url: server.url + path,
    connections: CLIENTS,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    setupClient: setup,
  };
  await autocannon({ ...options, duration: 2 });
  const before = server.cpuS();
  const fired = await autocannon({ ...options, duration: seconds });
  const row: Row = {
    shape,
    server: server.name,
    perSecond: (many * fired.requests.total) / fired.duration,
    p50: fired.latency.p50,
    tail: fired.latency.p99,
    cpuMs: (1000 * (server.cpuS() - before)) / fired.requests.total,
    failed: fired.non2xx + fired.errors,
    target,
  };
  rows.push(row);
  print(row);
}

function print({ shape, server, perSecond, p50, tail, cpuMs, failed, target }: Row): void {
  console.log(
    `${shape.padEnd(44)}${server.padEnd(14)}${perSecond.toFixed(0).padStart(8)}/s  p50 ${p50.toFixed(0).padStart(4)} ms  p99 ${tail.toFixed(0).padStart(5)} ms  CPU ${cpuMs.toFixed(2).padStart(6)} ms  failed ${failed}  ${target}`,
  );
}

const metricsOf = (n: number, step: number) =>
  Array.from({ length: n }, (_, i) => ({ key: `metric ${i}`, value: Math.random(), timestamp: Date.now(), step }));

function wholeRun(experiment: string) {
  return {
    run_id: randomBytes(16).toString('hex'),
    experiment_id: experiment,
    start_time: Date.now(),
    end_time: Date.now(),
    status: 'FINISHED',
    params: Array.from({ length: 6 }, (_, i) => ({ key: `p${i}`, value: String(i) })),
    metrics: metricsOf(5, 0),
  };
}

async function loads(server: Measured): Promise<void> {
  const own = server.database !== null;
  const experiment = await post<{ experiment_id: string }>(server, '/api/2.0/mlflow/experiments/create', { name: `bench ${Date.now()}` });
  const { experiment_id } = experiment;
  const created = () => JSON.stringify({ experiment_id, start_time: Date.now(), tags: [{ key: 'k', value: 'v' }] });
  await fire(server, 'runs/create, one tag', { path: '/api/2.0/mlflow/runs/create', body: created }, '> 1448/s');
  const { run } = await post<{ run: { info: { run_id: string } } }>(server, '/api/2.0/mlflow/runs/create', { experiment_id });
  let step = 0;
  const batch = () => JSON.stringify({ run_id: run.info.run_id, metrics: metricsOf(10, step++) });
  await fire(server, 'log-batch, 10 metrics, all on one run', { path: '/api/2.0/mlflow/runs/log-batch', body: batch }, '> 1094/s');
  if (own) {
    const importOf = (n: number) => () => JSON.stringify({ runs: Array.from({ length: n }, () => wholeRun(experiment_id)) });
    const path = '/api/eg/v1/runs/import';
    await fire(server, 'whole runs, 1 a request', { path, body: importOf(1) }, '> 1000/s');
    await fire(server, 'whole runs, 10 a request', { path, body: importOf(10) }, '> 1000/s', 10);
  }
  const searched = await post<{ experiment_id: string }>(server, '/api/2.0/mlflow/experiments/create', { name: `searched ${Date.now()}` });
  await filled(server, searched.experiment_id, own ? SEARCHED : 2000);
  // what Postgres would else tidy up after the loads before, while it is measured
  if (server.database !== null) await queryEach(server.database, server.schema, ['VACUUM (ANALYZE)', 'CHECKPOINT']);
  const search = () => JSON.stringify({ experiment_ids: [searched.experiment_id], max_results: 1000 });
  await fire(
    server,
    own ? 'search, 1000 of 23,525 runs' : 'search, 1000 of 2,000 runs',
    { path: '/api/2.0/mlflow/runs/search', body: search },
    '> 192/s',
  );
}

/** Runs with one tag, made as every client makes them. */
async function filled(server: Measured, experiment: string, runs: number): Promise<void> {
  for (let made = 0; made < runs; made += 200) {
    const size = Math.min(200, runs - made);
    if (server.database !== null) {
      const all = Array.from({ length: size }, () => ({
        ...wholeRun(experiment),
        params: [],
        metrics: [],
        tags: [{ key: 'k', value: 'v' }],
      }));
      await post(server, '/api/eg/v1/runs/import', { runs: all });
    } else {
      const create = () =>
        post(server, '/api/2.0/mlflow/runs/create', {
          experiment_id: experiment,
          start_time: Date.now(),
          tags: [{ key: 'k', value: 'v' }],
        });
      for (let i = 0; i < size; i += CLIENTS) await Promise.all(Array.from({ length: CLIENTS }, create));
    }
  }
}

const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;

async function searches(server: Measured, runs: number): Promise<void> {
  if (server.database === null) return;
  console.log(`\nfilling ${runs.toLocaleString('en')} runs …`);
  const from = performance.now();
  await queryEach(server.database, server.schema, fillWith(runs));
  console.log(`filled in ${((performance.now() - from) / 1000).toFixed(0)} s (latest metrics, params, tags; no metric history)\n`);
  const base = { experiment_ids: ['1'], max_results: 100 };
  let token: string | undefined;
  for (let page = 1; page < 500 && runs > 70_000; page++) {
    const reply = await post<{ next_page_token?: string }>(server, '/api/2.0/mlflow/runs/search', {
      ...base,
      ...(token ? { page_token: token } : {}),
    });
    token = reply.next_page_token;
  }
  const shapes = [...SEARCHES, ...(token ? [{ name: '(d) page 500 of (a)', body: { page_token: token } }] : [])];
  for (const { name, body } of shapes) {
    const times: number[] = [];
    let found = 0;
    for (let i = 0; i < 60; i++) {
      const began = performance.now();
      const reply = await post<{ runs?: unknown[] }>(server, '/api/2.0/mlflow/runs/search', { ...base, ...body });
      if (i >= 10) times.push(performance.now() - began);
      found = reply.runs?.length ?? 0;
    }
    const sorted = times.sort((a, b) => a - b);
    const row: Row = {
      shape: name,
      server: `${found} found`,
      perSecond: 1000 / quantile(sorted, 0.5),
      p50: quantile(sorted, 0.5),
      tail: quantile(sorted, 0.95),
      cpuMs: 0,
      failed: 0,
      target: 'p95 < 50 ms',
    };
    rows.push(row);
    console.log(
      `${name.padEnd(44)}${row.server.padEnd(14)}  p50 ${row.p50.toFixed(1).padStart(6)} ms  p95 ${row.tail.toFixed(1).padStart(6)} ms   ${row.target}`,
    );
  }
}

console.log(
  `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB; ${CLIENTS} clients on the same machine, ${seconds} s a load; fsync on; no sign-in and no rate limit (test mode); one server process\n`,
);
const ours = await ourServer();
try {
  await loads(ours);
  if (values.mlflow) {
    const stock = await stockServer(values.mlflow, null);
    if (stock) {
      try {
        await loads(stock);
      } finally {
        await stock.stop();
      }
    } else console.log(`no MLflow at ${values.mlflow}`);
  }
  await searches(ours, Number(values.runs));
} finally {
  await ours.stop();
}
const [mine, theirs] = ['ours', 'stock MLflow'].map((name) => rows.filter((r) => r.server === name));
for (const row of theirs ?? []) {
  const own = (mine ?? []).find((r) => r.shape.slice(0, 12) === row.shape.slice(0, 12));
  if (own) console.log(`${row.shape}: ${(own.perSecond / row.perSecond).toFixed(1)} × stock MLflow (SQLite, its defaults)`);
}
/** Whether a shape keeps its target: `> N/s`, or `p95 < N ms`. */
const isKept = ({ target, perSecond, tail, failed }: Row): boolean => {
  const wanted = Number(/\d+/.exec(target)?.[0]);
  return failed === 0 && (target.startsWith('>') ? perSecond > wanted : tail < wanted);
};
// the last row of section 11 is of our own server alone, by whatever it found
const judged = rows.filter((row) => row.server !== 'stock MLflow');
const missed = judged.filter((row) => !isKept(row));
console.log(
  `\n${judged.length - missed.length} of ${judged.length} targets kept${missed.map((row) => `; missed: ${row.shape} (${row.target})`).join('')}`,
);
if (values.json) console.log(JSON.stringify(rows));
process.exit(0);

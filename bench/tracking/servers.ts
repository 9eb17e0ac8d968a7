import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '#sync-server/storage/local-cluster.ts';

/** A server to be measured, with the database it writes to. */
export interface Measured {
  readonly name: string;
  readonly url: string;
  /** Connection string of our own database; null for another's server. */
  readonly database: string | null;
  readonly schema: string;
  /** CPU seconds used so far by server and database together. */
  cpuS(): number;
  stop(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => done(port));
    });
  });

async function answers(url: string): Promise<void> {
  for (let left = 600; left > 0; left--) {
    const isUp = await fetch(`${url}/health`).then(
      (r) => r.ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${url} did not answer within a minute.`);
}

/** CPU seconds of all processes whose command line holds a text. */
function cpuOf(text: string): number {
  const { stdout } = spawnSync('ps', ['-eo', 'times=,args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line.includes(text) || line.includes('postgres: '))
    .reduce((sum, line) => sum + (Number.parseInt(line, 10) || 0), 0);
}

const ended = (child: ChildProcess): Promise<void> => new Promise((done) => child.once('exit', () => done()));

/** Our own server as it is built, on a Postgres of its own with fsync on. */
export async function ourServer(): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'examsgraph-bench-'));
  chmodSync(folder, 0o755);
  const built = spawnSync(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '-c', 'vite.server.config.ts', '--logLevel', 'warn'],
    {
      env: { ...process.env, EG_SERVER_BUILD_DIR: join(process.cwd(), '.tsbuild/bench-server') },
      encoding: 'utf8',
    },
  );
  if (built.status !== 0) throw new Error(`the build failed:\n${built.stdout}${built.stderr}`);
  const cluster = await startLocalCluster(process.cwd(), folder);
  const database = cluster.url('postgres');
  const port = await freePort();
  const schema = 'bench';
  const main = join(process.cwd(), '.tsbuild/bench-server/main.js');
  const env = {
    ...process.env,
    EG_TEST_MODE: '1',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_URL: database,
    EG_TEST_SCHEMA: schema,
    EG_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
  };
  const child = spawn(process.execPath, [main, 'tracking'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    name: 'ours',
    url,
    database,
    schema,
    cpuS: () => cpuOf(main),
    async stop() {
      child.kill('SIGTERM');
      await ended(child);
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A stock MLflow server on SQLite or a given database, where its program can be found; else null. @param program path of `mlflow` */
export async function stockServer(program: string, store: string | null): Promise<Measured | null> {
  if (!existsSync(program)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'mlflow-bench-'));
  const port = await freePort();
  const uri = store ?? `sqlite:///${join(folder, 'mlflow.db')}`;
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--backend-store-uri', uri, '--default-artifact-root', folder];
  const child = spawn(program, args, {
    stdio: 'ignore',
    env: { ...process.env, MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' },
    detached: true,
  });
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    name: 'stock MLflow',
    url,
    database: null,
    schema: '',
    cpuS: () => cpuOf('mlflow.server'),
    async stop() {
      if (child.pid) process.kill(-child.pid, 'SIGTERM');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

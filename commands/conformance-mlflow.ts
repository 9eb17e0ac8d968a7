import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalCluster } from '#sync-server/storage/local-cluster.ts';

const HELP = `Let the stock Python client live a whole life against our tracking server.

  npm run conformance:mlflow [-- --python PATH] [--zip FILE]

  --python PATH  a Python that has mlflow or mlflow-skinny 3 (default: python3; where it has none, mlflow-skinny is
                 installed into a folder of its own, if PyPI can be reached)
  --zip FILE     then open this exported log (Storage, "Export") with MLflow's file store as well
`;

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(HELP);
  process.exit(0);
}
const optionOf = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const asked = optionOf('--python') ?? 'python3';
const zip = optionOf('--zip');

const has = (python: string): boolean => spawnSync(python, ['-c', 'import mlflow'], { stdio: 'ignore' }).status === 0;

/** A Python with the client: the one asked for, else one made for it. @returns null where there is none to be had */
function pythonWithClient(): string | null {
  if (has(asked)) return asked;
  const folder = '.tsbuild/conformance-python';
  const own = join(folder, 'bin/python');
  if (existsSync(own) && has(own)) return own;
  console.log('installing mlflow-skinny …');
  if (spawnSync(asked, ['-m', 'venv', folder], { stdio: 'inherit' }).status !== 0) return null;
  const done = spawnSync(own, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'mlflow-skinny>=3,<4'], {
    stdio: 'inherit',
  });
  return done.status === 0 && has(own) ? own : null;
}

function served(url: string, data: string): Promise<{ readonly child: ChildProcess; readonly base: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'sync-server/main.ts', 'tracking'], {
    env: {
      ...process.env,
      EG_TEST_MODE: '1',
      EG_TEST_SCHEMA: 'conformance',
      DATABASE_URL: url,
      EG_ARTIFACT_ROOT: 'mlflow-artifacts:/',
      EG_ARTIFACTS_DESTINATION: join(data, 'artifacts'),
      PORT: '0',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return new Promise((done, failed) => {
    child.once('message', (m) => done({ child, base: `http://127.0.0.1:${(m as { port: number }).port}` }));
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
  });
}

const python = pythonWithClient();
if (!python) {
  console.error('No Python with mlflow, and none could be made: install mlflow-skinny, or give --python.');
  process.exit(2);
}
const data = mkdtempSync(join(tmpdir(), 'examsgraph-conformance-'));
chmodSync(data, 0o755);
const cluster = await startLocalCluster(process.cwd(), data, ['fsync=off']);
let status = 1;
try {
  const { child, base } = await served(cluster.url('postgres'), data);
  const life = spawn(python, ['commands/conformance/life.py', base], {
    stdio: 'inherit',
    env: { ...process.env, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '2', GIT_PYTHON_REFRESH: 'quiet' },
  });
  status = await new Promise<number>((done) => life.once('exit', (code) => done(code ?? 1)));
  child.kill('SIGTERM');
  await new Promise((done) => child.once('exit', done));
} finally {
  await cluster.stop();
  rmSync(data, { recursive: true, force: true });
}
if (status === 0 && zip) status = spawnSync(python, ['commands/conformance/zip.py', zip], { stdio: 'inherit' }).status ?? 1;
console.log(status === 0 ? 'every step worked' : 'a step failed');
process.exit(status);

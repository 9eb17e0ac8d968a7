import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A running installation: its addresses, its set-up code, and what ends it. */
interface Served {
  readonly app: string;
  readonly helper: string;
  readonly code: string;
  stop(): Promise<void>;
}

/** An installation under test on free ports, with a database of its own. @param client @param server builds of each */
export async function serveOne(client: string, server: string, preset: string): Promise<Served> {
  const data = mkdtempSync(join(tmpdir(), 'examsgraph-e2e-'));
  chmodSync(data, 0o755);
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    EG_CLIENT_DIR: client,
    EG_DATA_DIR: data,
    EG_ROOT: process.cwd(),
    EG_TEST_MODE: '1',
    EG_PRESET: preset,
    PORT: '0',
    HELPER_PORT: '0',
    METRICS_PORT: '0',
    HELPER_METRICS_PORT: '0',
  };
  const child = spawn(process.execPath, [join(server, 'main.js'), 'local'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await new Promise<string>((ready, failed) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Ctrl-C stops everything')) ready(text);
    });
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${text}`)));
  });
  const found = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? '';
  return {
    app: found(/Learner app\s+(http:\/\/localhost:\d+)/),
    helper: found(/Helper\s+(http:\/\/127\.0\.0\.1:\d+)/),
    code: found(/set-up code \(once, 24 h\)\s+(\S+)/),
    async stop() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Serves the builds under test: the learner's app on `production`, and a trial beside it; ends both afterwards. */
export default async function serve(): Promise<() => Promise<void>> {
  const { EG_TEST_CLIENT, EG_TEST_TRIAL, EG_TEST_SERVER } = process.env;
  if (!EG_TEST_CLIENT || !EG_TEST_TRIAL || !EG_TEST_SERVER) throw new Error('run "npm test": it builds what the journeys run against');
  const [production, trial] = await Promise.all([
    serveOne(EG_TEST_CLIENT, EG_TEST_SERVER, 'production'),
    serveOne(EG_TEST_TRIAL, EG_TEST_SERVER, 'demo'),
  ]);
  process.env['EG_BASE_URL'] = `${production.app}/`;
  process.env['EG_HELPER_URL'] = production.helper;
  process.env['EG_SETUP_CODE'] = production.code;
  process.env['EG_TRIAL_URL'] = `${trial.app}/`;
  process.env['EG_TRIAL_CODE'] = trial.code;
  return async () => {
    await Promise.all([production.stop(), trial.stop()]);
  };
}

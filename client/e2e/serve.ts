import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Serves the build under test on a free port, with a database of its own; ends both afterwards. */
export default async function serve(): Promise<() => Promise<void>> {
  const { EG_TEST_CLIENT, EG_TEST_SERVER } = process.env;
  if (!EG_TEST_CLIENT || !EG_TEST_SERVER) throw new Error('run "npm test": it builds what the journeys run against');
  const data = mkdtempSync(join(tmpdir(), 'examsgraph-e2e-'));
  chmodSync(data, 0o755);
  const env = {
    ...process.env,
    EG_CLIENT_DIR: EG_TEST_CLIENT,
    EG_DATA_DIR: data,
    EG_ROOT: process.cwd(),
    EG_TEST_MODE: '1',
    PORT: '0',
    METRICS_PORT: '0',
  };
  const child = spawn(process.execPath, [join(EG_TEST_SERVER, 'main.js'), 'local'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  process.env['EG_BASE_URL'] = await new Promise<string>((ready, failed) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const url = /Learner app\s+(http:\S+)/.exec(output)?.[1];
      if (url) ready(url);
    });
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}: ${output}`)));
  });
  return async () => {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  };
}

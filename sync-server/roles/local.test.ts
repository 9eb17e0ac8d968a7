import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TaskConfig } from '#shared/aggregation/config.ts';

const data = mkdtempSync(join(tmpdir(), 'examsgraph-local-'));
chmodSync(data, 0o755);
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Start everything on one machine, look at what it says and offers, and stop it with Ctrl-C. */
async function start(env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'sync-server/main.ts', 'local'], {
    env: {
      ...process.env,
      EG_TEST_MODE: '1',
      EG_DATA_DIR: data,
      PORT: '0',
      HELPER_PORT: '0',
      METRICS_PORT: '0',
      HELPER_METRICS_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let faults = '';
  child.stderr.on('data', (chunk: Buffer) => {
    faults += chunk.toString();
  });
  const code = await new Promise<number | null>((done) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('Ctrl-C stops everything')) done(null);
    });
    child.once('exit', (status) => done(status));
  });
  const app = /Learner app\s+(http:\S+)\//.exec(output)?.[1] ?? '';
  const configs = async () =>
    ((await (await fetch(`${app}/api/sync/v1/fed/tasks`)).json()) as { tasks: { config: TaskConfig }[] }).tasks.map((t) => t.config);
  return {
    output,
    faults,
    code,
    app,
    configs,
    stop: () =>
      new Promise<number | null>((done) => {
        child.once('exit', done);
        child.kill('SIGINT');
      }),
  };
}

describe('npm start', () => {
  test('is a trial that says so; its keys are for its own user alone; the same data become a production installation, and nothing is wiped', async () => {
    const trial = await start({});
    expect(trial.output).toContain('TRIAL: not private. Preset demo, K = 5. Real privacy: EG_PRESET=production npm start');
    expect(trial.output).toContain('same operator: separation of keys, not of trust');
    const code = /Staff set-up code \(once, 24 h\) {2}((?:[0-9A-Z]{4}-){6}[0-9A-Z]{2})/.exec(trial.output)?.[1];
    expect(code).toBeDefined();
    for (const name of ['leader-keys.json', 'helper-keys.json', 'database-keys.json'])
      expect(statSync(join(data, name)).mode & 0o077).toBe(0);
    expect((await trial.configs()).map((c) => c.preset)).toEqual(['demo', 'demo']);
    for (const path of ['/health', '/healthz', '/readyz']) expect((await fetch(trial.app + path)).status).toBe(200);
    expect(await trial.stop()).toBe(0);

    const production = await start({ EG_PRESET: 'production' });
    expect(production.output).toContain('Preset production, K = 300');
    const configs = await production.configs();
    expect(configs.map((c) => c.preset)).toEqual(['demo', 'demo', 'production', 'production']);
    expect(new Set(configs.map((c) => c.budget_family)).size).toBe(4);
    expect(await production.stop()).toBe(0);

    const again = await start({ EG_PRESET: 'production' });
    expect(await again.configs()).toEqual(configs);
    expect(await again.stop()).toBe(0);
  });

  test('a preset that does not exist, a database that cannot be reached, a clock that could be moved: one plain sentence, and no start', async () => {
    const unknown = await start({ EG_PRESET: 'loud' });
    expect([unknown.code, unknown.faults.trim()]).toEqual([1, 'EG_PRESET "loud" is unknown: demo, pilot, production or production-large.']);
    const away = await start({ DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:9/none' });
    expect(away.code).toBe(1);
    expect(away.faults).toMatch(/^The database of DATABASE_URL cannot be reached \(.+\)\. Check the address/);
    const movable = await start({ NODE_ENV: 'production' });
    expect(movable.code).toBe(1);
    expect(movable.faults).toContain('EG_TEST_MODE and NODE_ENV=production do not go together');
  });
});

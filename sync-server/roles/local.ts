import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { toHex } from '#shared/domain/bytes.ts';
import { fastPrimitives } from '../crypto/fast-primitives.ts';
import { createDatabaseWithRole } from '../storage/database.ts';
import { secretKeys } from '../storage/keys.ts';
import { startLocalCluster } from '../storage/local-cluster.ts';
import { isTestMode, paths } from './environment.ts';
import { presetFromEnvironment } from './leader.ts';

/** What a child says when it is up. */
interface Ready {
  readonly ready: string;
  readonly port: number;
  readonly metricsPort?: number;
  readonly code?: string | null;
  readonly k?: number;
}

const GRACE_MS = 10_000;

function child(role: string, env: Readonly<Record<string, string>>): { readonly process: ChildProcess; readonly ready: Promise<Ready> } {
  const script = process.argv[1] as string;
  const started = spawn(process.execPath, [...process.execArgv, script, role], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ready = new Promise<Ready>((done, failed) => {
    started.once('message', (message) => done(message as Ready));
    started.once('exit', (code) => failed(new Error(`The ${role} ended with ${code ?? 'a signal'}; see above.`)));
  });
  return { process: started, ready };
}

function ended(started: ChildProcess): Promise<void> {
  if (started.exitCode !== null || started.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(() => started.kill('SIGKILL'), GRACE_MS);
    started.once('exit', () => {
      clearTimeout(timer);
      done();
    });
    started.kill('SIGINT');
  });
}

/** Connection strings of both databases: given ones, or made with a login role each that cannot read the other's. */
async function databases(dataDir: string, root: string) {
  const secrets = secretKeys(join(dataDir, 'database-keys.json'), ['leader', 'helper']);
  const given = process.env['DATABASE_URL'];
  if (given) {
    const helper = process.env['HELPER_DATABASE_URL'] ?? (await createDatabaseWithRole(given, 'examsgraph_helper', toHex(secrets.helper)));
    return { leader: given, helper, stop: async () => undefined };
  }
  const cluster = await startLocalCluster(root, dataDir, isTestMode() ? ['fsync=off'] : []);
  const admin = cluster.url('postgres');
  const leader = await createDatabaseWithRole(admin, 'examsgraph_leader', toHex(secrets.leader));
  const helper = await createDatabaseWithRole(admin, 'examsgraph_helper', toHex(secrets.helper));
  return { leader, helper, stop: () => cluster.stop() };
}

function greeting(leader: Ready, helper: Ready): string {
  const preset = presetFromEnvironment();
  const first =
    preset === 'demo'
      ? `TRIAL: not private. Preset demo, K = ${leader.k}. Real privacy: EG_PRESET=production npm start`
      : `Preset ${preset}, K = ${leader.k}`;
  const code = leader.code ? `\n  Staff set-up code (once, 24 h)  ${leader.code}` : '';
  return `ExamsGraph is ready
  ${first}
  Learner app   http://localhost:${leader.port}/
  Dashboard     http://localhost:${leader.port}/dashboard
  MLflow API    http://localhost:${leader.port}/api/2.0/mlflow     API document  http://localhost:${leader.port}/api/docs
  Helper        http://127.0.0.1:${helper.port}/  (same operator: separation of keys, not of trust)
  Metrics       http://127.0.0.1:${leader.metricsPort}/metrics${code}
Ctrl-C stops everything.`;
}

/** Everything on one machine: a Postgres if none is given, then leader and helper as processes of their own. */
export async function runLocal(): Promise<void> {
  const { data, root } = paths();
  const preset = presetFromEnvironment();
  const crypto = await fastPrimitives();
  const leaderKeys = secretKeys(join(data, 'leader-keys.json'), ['box', 'sign', 'release']);
  const { leader: leaderUrl, helper: helperUrl, stop } = await databases(data, root);
  const children: ChildProcess[] = [];
  let isStopping = false;
  const stopAll = async (code: number) => {
    if (isStopping) return;
    isStopping = true;
    await Promise.all(children.map(ended));
    await stop();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stopAll(0));
  process.on('disconnect', () => void stopAll(0));
  const begin = async (role: string, env: Readonly<Record<string, string>>): Promise<Ready> => {
    const started = child(role, env);
    children.push(started.process);
    const ready = await started.ready;
    started.process.once('exit', (code, signal) => {
      if (isStopping) return;
      console.error(`The ${role} ended unexpectedly (${signal ?? code}).`);
      void stopAll(1);
    });
    return ready;
  };
  try {
    const helper = await begin('helper', {
      DATABASE_URL: '',
      HELPER_DATABASE_URL: helperUrl,
      EG_LEADER_KEY: toHex(crypto.signPublicKey(leaderKeys.sign)),
      ...(preset === 'demo' ? { ALLOW_DEMO: '1' } : {}),
    });
    const leader = await begin('leader', {
      DATABASE_URL: leaderUrl,
      HELPER_DATABASE_URL: '',
      HELPER_URL: `http://127.0.0.1:${helper.port}`,
    });
    console.log(greeting(leader, helper));
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause);
    await stopAll(1);
  }
}

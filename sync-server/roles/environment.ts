import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WantedPort } from '../http/listen.ts';
import type { Route } from '../http/routes.ts';
import { Refusal } from '../ports/fault.ts';

const HARD_STOP_MS = 25_000;
const DRAIN_MS = 5000;
const env = process.env;

/** A port from the environment. @throws Error with one plain sentence if it is none */
export function wantedPort(name: string, fallback: number): WantedPort {
  const text = env[name];
  const port = text === undefined || text === '' ? fallback : Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${name} must be a port number, got "${text}".`);
  return { name, port, isExplicit: text !== undefined && text !== '' };
}

/** A variable that must be there. @throws Error naming it */
export function needed(name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set.`);
  return value;
}

/** The folder of the installation's package.json, above wherever this code lies. */
function ownRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  return resolve('.');
}

/** Paths of this installation. */
export const paths = () => {
  const root = resolve(env['EG_ROOT'] ?? ownRoot());
  return {
    root,
    data: resolve(env['EG_DATA_DIR'] ?? join(root, '.data')),
    client: resolve(env['EG_CLIENT_DIR'] ?? join(root, 'dist/client')),
    apiDocs: join(root, 'sync-server/http/api-docs'),
    migrations: (name: string) => join(root, 'sync-server/storage', name),
    startModel: join(root, 'public/models/start.bin'),
  };
};

/** True in tests: clocks may be set, crash points are live, drains are short. */
export const isTestMode = (): boolean => env['EG_TEST_MODE'] === '1';

/**
 * A crash test ends a process, as if by power, when the named point is reached for the n-th time: `EG_CRASH_AT=point:n`;
 * this one, or the one named by `EG_CRASH_PID`.
 */
export function crashPoints(): (point: string) => void {
  const [name, count] = (isTestMode() ? (env['EG_CRASH_AT'] ?? '') : '').split(':');
  let left = Number(count ?? 1);
  return (point) => {
    if (point !== name) return;
    left -= 1;
    if (left === 0) process.kill(Number(env['EG_CRASH_PID'] || process.pid), 'SIGKILL');
  };
}

/** The process's clock; in test mode it may start elsewhere (`EG_CLOCK_OFFSET_MS`), and a route moves it. */
export function processClock(): { readonly now: () => number; readonly routes: readonly Route<never>[] } {
  let offset = isTestMode() ? Number(env['EG_CLOCK_OFFSET_MS'] ?? 0) : 0;
  const now = () => Date.now() + offset;
  if (!isTestMode()) return { now, routes: [] };
  if (env['NODE_ENV'] === 'production') throw new Error('EG_TEST_MODE and NODE_ENV=production do not go together: a clock could be moved.');
  const route: Route<never> = {
    method: 'post',
    path: '/test/clock',
    access: { kind: 'public' },
    limit: 1024,
    async handle({ json }) {
      const wanted = (json() as { now?: unknown }).now;
      if (typeof wanted !== 'number') throw new Refusal(422, 'malformed', 'Say when "now" is.');
      offset = wanted - Date.now();
      return { status: 200, json: { now: now() } };
    },
  };
  return { now, routes: [route] };
}

/** Stop in order on a signal, or when the parent is gone: drain, close, exit 0; 25 s at most. */
export function stopInOrder(isDraining: (value: true) => void, servers: readonly Server[], close: () => Promise<void>): void {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (isStopping) return;
    isStopping = true;
    isDraining(true);
    setTimeout(() => process.exit(1), HARD_STOP_MS).unref();
    // SIGTERM comes from a balancer that must notice first; Ctrl-C from a person who is waiting.
    if (signal === 'SIGTERM' && !isTestMode()) await new Promise((done) => setTimeout(done, DRAIN_MS));
    await Promise.all(
      servers.map(
        (s) =>
          new Promise((done) => {
            s.close(done);
            s.closeIdleConnections();
          }),
      ),
    );
    await close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal));
  process.on('disconnect', () => void stop('SIGINT'));
}

/** Tell the parent process, if there is one. */
export function report(message: Readonly<Record<string, unknown>>): void {
  process.send?.(message);
}

import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signRequest } from '#shared/aggregation/enrolment.ts';
import { reportBytes } from '#shared/aggregation/report.ts';
import { toHex } from '#shared/domain/bytes.ts';
import { newChallenge } from '../federation/enrolment.ts';
import { newTestInstallation, reportIdOf, type TestInstallation } from '../federation/test-installation.ts';
import { work } from '../federation/work.ts';
import { hashOf } from '../governance/secrets.ts';
import { newLog } from '../observability/log.ts';
import { newMetrics } from '../observability/metrics.ts';
import { newApp } from './app.ts';
import { newEventHub } from './events.ts';
import { federationRoutes } from './federation-routes.ts';
import { newGatekeeper } from './gatekeeper.ts';
import { newHelperApp } from './helper-app.ts';
import { newLimits } from './limits.ts';
import { listen, portOf } from './listen.ts';
import type { Route } from './routes.ts';
import { staffRoutes } from './staff-routes.ts';

let i: TestInstallation;
let base = '';
let helperBase = '';
let routes: readonly Route<never>[] = [];
const servers: Server[] = [];
const sessions: Record<string, string> = {};

beforeAll(async () => {
  i = await newTestInstallation({ name: 'access', change: { k: 3, sigma: 0.0016 } });
  const staff = { db: i.leader.db, now: i.leader.now, rng: i.leader.rng };
  const limits = newLimits(true);
  const events = newEventHub();
  routes = [
    ...federationRoutes({ leader: i.leader, enrolment: i.leader, log: i.log, events, limits, wake: () => undefined }),
    ...staffRoutes({
      staff,
      leader: i.leader,
      limits,
      isTrial: true,
      isSimulated: false,
      preset: 'demo',
      origin: null,
      helperReachable: async () => true,
      simulate: async () => ({ devices: 2 }),
      statisticsTask: () => null,
      publish: () => i.log.publish(),
    }),
  ];
  const app = newApp({
    clientDir: '.',
    version: '1',
    ping: async () => undefined,
    isDraining: () => false,
    metrics: newMetrics(() => 0),
    log: newLog('silent'),
    routes,
    gatekeeper: newGatekeeper(i.leader, staff, null),
    trustedProxies: null,
  });
  const free = { name: 'PORT', port: 0, isExplicit: true };
  servers.push(await listen(app, '127.0.0.1', free), await listen(newHelperApp(i.helper, newLog('silent')), '127.0.0.1', free));
  base = `http://127.0.0.1:${portOf(servers[0] as Server)}`;
  helperBase = `http://127.0.0.1:${portOf(servers[1] as Server)}`;
  for (const role of ['admin', 'auditor', 'analyst']) {
    const token = role.padEnd(43, 'A');
    await i.leader.db.query('INSERT INTO staff (staff_id, name, role, created_at) VALUES ($1, $1, $1, 0)', [role]);
    await i.leader.db.query('INSERT INTO sessions (token_hash, staff_id, created_at, seen_at) VALUES ($1, $2, $3, $3)', [
      hashOf(token),
      role,
      i.clock.now,
    ]);
    sessions[role] = `__Host-eg_session=${token}`;
  }
});
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await i.close();
});

const pathOf = (route: Route<never>): string =>
  route.path.replace(':report', '00'.repeat(16)).replace(':task', i.config.task_id).replace(':version', '0');
const call = (route: Route<never>, headers: Record<string, string> = {}) =>
  fetch(base + pathOf(route), {
    method: route.method.toUpperCase(),
    headers: { ...(route.type ? { 'Content-Type': route.type } : {}), ...headers },
    ...(route.limit === undefined ? {} : { body: '{}' }),
  });

describe('R28: no route answers without its role', () => {
  test('the matrix: every route against nobody, each role, an ended session', async () => {
    let cells = 0;
    for (const route of routes) {
      const { access } = route;
      if (access.kind === 'public' || access.kind === 'own-signature') continue;
      for (const who of ['nobody', 'admin', 'auditor', 'analyst', 'ended']) {
        const cookie = who === 'nobody' ? {} : { cookie: sessions[who] ?? `__Host-eg_session=${'B'.repeat(43)}` };
        const { status } = await call(route, cookie);
        const isAllowed = access.kind === 'staff' && (access.roles as readonly string[]).includes(who);
        const wanted = access.kind !== 'staff' || !sessions[who] ? 401 : 403;
        if (isAllowed) expect([401, 403], `${route.method} ${route.path} for ${who}`).not.toContain(status);
        else expect([`${route.method} ${route.path} for ${who}`, status]).toEqual([`${route.method} ${route.path} for ${who}`, wanted]);
        cells++;
      }
      await i.leader.db.query(
        "INSERT INTO sessions (token_hash, staff_id, created_at, seen_at) SELECT $1, 'admin', $2, $2 ON CONFLICT DO NOTHING",
        [hashOf('admin'.padEnd(43, 'A')), i.clock.now],
      );
      for (const role of ['auditor', 'analyst'])
        await i.leader.db.query(
          'INSERT INTO sessions (token_hash, staff_id, created_at, seen_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING',
          [hashOf(role.padEnd(43, 'A')), role, i.clock.now],
        );
    }
    expect(cells).toBeGreaterThan(60);
  });

  test('without the gatekeeper the matrix finds the doors open', async () => {
    const app = newApp({
      clientDir: '.',
      version: '1',
      ping: async () => undefined,
      isDraining: () => false,
      metrics: newMetrics(() => 0),
      log: newLog('silent'),
      routes,
      gatekeeper: async () => ({ role: 'admin', staffId: 'admin', name: 'nobody' }),
      trustedProxies: null,
    });
    const server = await listen(app, '127.0.0.1', { name: 'PORT', port: 0, isExplicit: true });
    const today = routes.find((r) => r.path === '/dashboard/api/today') as Route<never>;
    expect((await fetch(`http://127.0.0.1:${portOf(server)}${pathOf(today)}`)).status).toBe(200);
    server.closeAllConnections();
    server.close();
  });

  test('a session ends after half an hour idle and after twelve hours; a write from another site is refused', async () => {
    const today = routes.find((r) => r.path === '/dashboard/api/today') as Route<never>;
    const invites = routes.find((r) => r.path === '/dashboard/api/invites') as Route<never>;
    const cookie = { cookie: sessions['admin'] ?? '' };
    expect((await call(today, cookie)).status).toBe(200);
    expect((await call(invites, { ...cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await call(invites, { ...cookie, origin: 'null' })).status).toBe(403);
    i.clock.now += 31 * 60_000;
    expect((await call(today, cookie)).status).toBe(401);
  });
});

describe('the documented status of everything that can be wrong with an upload', () => {
  const put = (id: string, body: Uint8Array, type = 'application/octet-stream') =>
    fetch(`${base}/api/sync/v1/fed/reports/${id}`, { method: 'PUT', headers: { 'Content-Type': type }, body: body.slice() });
  const stored = async () => (await i.leader.db.query('SELECT 1 FROM reports')).length;

  test('oversize 413, another type 415, no report 422, unknown device 401, and nothing is stored', async () => {
    const bytes = i.report(await i.newAccount());
    const id = toHex(reportIdOf(bytes));
    expect((await put(id, new Uint8Array(reportBytes(65_536) + 1))).status).toBe(413);
    expect((await put(id, bytes, 'application/json')).status).toBe(415);
    expect((await put(id, new Uint8Array(10))).status).toBe(422);
    expect((await put('11'.repeat(16), bytes)).status).toBe(422);
    expect((await put('zz', bytes)).status).toBe(404);
    const foreign = i.report({
      accountSeed: new Uint8Array(32),
      deviceSeed: new Uint8Array(32).fill(5),
      tagSecret: new Uint8Array(32),
      bearer: '',
    });
    expect((await put(toHex(reportIdOf(foreign)), foreign)).status).toBe(401);
    expect(await stored()).toBe(0);
  });

  test('201, then 200; other bytes 409; withdrawn by a signed request 204, replayed 401, then 410', async () => {
    const account = await i.newAccount();
    const bytes = i.report(account);
    const id = toHex(reportIdOf(bytes));
    expect((await put(id, bytes)).status).toBe(201);
    expect((await put(id, bytes)).status).toBe(200);
    const path = `/api/sync/v1/fed/reports/${id}`;
    const remove = async (header: string) => (await fetch(base + path, { method: 'DELETE', headers: { 'EG-Signature': header } })).status;
    const header = signRequest(
      i.leader.crypto,
      { method: 'DELETE', path, body: new Uint8Array(0) },
      await newChallenge(i.leader),
      account.deviceSeed,
    );
    expect(await remove('')).toBe(401);
    expect(await remove(header)).toBe(204);
    expect(await remove(header)).toBe(401);
    expect((await put(id, bytes)).status).toBe(410);
  });

  test('what is part of a sum cannot be taken back; receipts are the owner’s alone', async () => {
    const accounts = [await i.newAccount(), await i.newAccount(), await i.newAccount()];
    const reports = accounts.map((a) => i.report(a));
    for (const bytes of reports) expect((await put(toHex(reportIdOf(bytes)), bytes)).status).toBe(201);
    await work(i.leader);
    const path = `/api/sync/v1/fed/reports/${toHex(reportIdOf(reports[0] as Uint8Array))}`;
    const header = signRequest(
      i.leader.crypto,
      { method: 'DELETE', path, body: new Uint8Array(0) },
      await newChallenge(i.leader),
      (accounts[0] as (typeof accounts)[0]).deviceSeed,
    );
    expect((await fetch(base + path, { method: 'DELETE', headers: { 'EG-Signature': header } })).status).toBe(409);
    const read = async (n: number) => (await fetch(base + path, { headers: { Authorization: `Bearer ${accounts[n]?.bearer}` } })).status;
    expect([await read(0), await read(1)]).toEqual([200, 404]);
  });

  test('models: unchanged 304, unknown 404, revoked 410', async () => {
    const task = `/api/sync/v1/fed/models/${i.config.task_id}`;
    const latest = await fetch(`${base}${task}/latest`);
    expect(latest.status).toBe(200);
    expect((await fetch(`${base}${task}/latest`, { headers: { 'If-None-Match': latest.headers.get('etag') ?? '' } })).status).toBe(304);
    expect((await fetch(`${base}${task}/9/weights`)).status).toBe(404);
    await i.leader.db.query("UPDATE models SET status = 'revoked', release = '{}' WHERE version = 1");
    expect((await fetch(`${base}${task}/1/weights`)).status).toBe(410);
    expect((await fetch(`${base}/api/sync/v1/fed/models/${'0'.repeat(32)}/latest`)).status).toBe(404);
  });

  test('the helper: unsigned requests 403, oversize 413, and nothing of its records is told', async () => {
    const flush = `${helperBase}/helper/v1/tasks/${i.config.task_id}/flushes/1`;
    const ask = (body: Uint8Array) =>
      fetch(flush, { method: 'PUT', body: body.slice(), headers: { 'Content-Type': 'application/octet-stream' } });
    expect((await ask(new Uint8Array(500))).status).toBe(403);
    expect((await ask(new Uint8Array(2_000_000))).status).toBe(413);
    for (const path of ['configs', 'witness']) {
      const answer = await fetch(`${helperBase}/helper/v1/${path}`, { method: 'POST', body: '{}' });
      expect([403, 422]).toContain(answer.status);
    }
    expect((await fetch(`${helperBase}/helper/v1/answered`)).status).toBe(404);
  });

  test('answers of the API may run nothing in a browser', async () => {
    const { headers } = await fetch(`${base}/api/sync/v1/fed/tasks`);
    expect(headers.get('content-security-policy')).toContain('sandbox');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

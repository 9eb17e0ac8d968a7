import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newApp, newMetricsApp } from './http/app.ts';
import { listen, portOf } from './http/listen.ts';
import { newLog } from './observability/log.ts';
import { newMetrics } from './observability/metrics.ts';
import { createDatabase, type OpenDatabase, openDatabase as open } from './storage/database.ts';

const clusterUrl = (name: string): string => (process.env['EG_TEST_DATABASE'] ?? '').replace('%', name);
const MIGRATIONS = 'sync-server/storage/migrations';
// The test cluster runs without fsync; the server itself refuses to.
const openDatabase = (url: string, migrations: string) => open(url, migrations, false);
const identity = async (database: OpenDatabase) => (await database.query<{ id: string }>('SELECT id FROM installation'))[0]?.id;

describe('the database', () => {
  test('is created once, migrated once, and keeps its identity', async () => {
    await createDatabase(clusterUrl('postgres'), 'identity');
    await createDatabase(clusterUrl('postgres'), 'identity');
    const first = await openDatabase(clusterUrl('identity'), MIGRATIONS);
    const id = await identity(first);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    await first.close();
    const second = await openDatabase(clusterUrl('identity'), MIGRATIONS);
    expect(await identity(second)).toBe(id);
    await second.close();
  });

  test('one that may lose acknowledged writes is refused', async () => {
    await expect(open(clusterUrl('identity'), MIGRATIONS)).rejects.toThrow('fsync = off');
  });

  test('two servers that start at once migrate it once', async () => {
    await createDatabase(clusterUrl('postgres'), 'race');
    const opened = await Promise.all([
      openDatabase(clusterUrl('race'), MIGRATIONS).catch(() => null),
      openDatabase(clusterUrl('race'), MIGRATIONS).catch(() => null),
    ]);
    const alive = opened.filter((d): d is OpenDatabase => d !== null);
    expect(alive.length).toBeGreaterThan(0);
    for (const database of alive) expect(await identity(database)).toMatch(/^[0-9a-f-]{36}$/);
    for (const database of alive) await database.close();
  });
});

describe('the server', () => {
  const clientDir = mkdtempSync(join(tmpdir(), 'examsgraph-client-'));
  const oldAssetsDir = mkdtempSync(join(tmpdir(), 'examsgraph-old-'));
  let [isDraining, isDown] = [false, false];
  const metrics = newMetrics(() => 0);
  const servers: Server[] = [];
  let base = '';
  let database: OpenDatabase;

  beforeAll(async () => {
    for (const folder of ['assets', 'packs']) mkdirSync(join(clientDir, folder));
    writeFileSync(join(oldAssetsDir, 'page-of-last-week.js'), 'export {};');
    for (const [name, text] of [
      ['index.html', '<!doctype html><title>app</title>'],
      ['dashboard.html', '<!doctype html><title>staff</title>'],
      ['sw.js', '//'],
      ['engine.json', '{}'],
      ['assets/index-abc.js', '//'],
      ['assets/x-abc.wasm', ''],
      ['assets/long-abc.js', '//'.repeat(1000)],
      ['packs/a.pack', 'a'.repeat(2000)],
    ] as const) {
      writeFileSync(join(clientDir, name), text);
    }
    await createDatabase(clusterUrl('postgres'), 'http');
    database = await openDatabase(clusterUrl('http'), MIGRATIONS);
    const ping = async () => {
      if (isDown) throw new Error('down');
      await database.ping();
    };
    const app = newApp({
      clientDir,
      oldAssetsDir,
      version: '1.2.3',
      ping,
      isDraining: () => isDraining,
      metrics,
      log: newLog('silent'),
      routes: [],
      gatekeeper: async () => null,
      trustedProxies: null,
    });
    servers.push(await listen(app, '127.0.0.1', { name: 'PORT', port: 0, isExplicit: true }));
    servers.push(await listen(newMetricsApp(metrics), '127.0.0.1', { name: 'METRICS_PORT', port: 0, isExplicit: true }));
    base = `http://127.0.0.1:${portOf(servers[0] as Server)}`;
  });

  afterAll(async () => {
    for (const server of servers) server.close();
    await database.close();
    for (const folder of [clientDir, oldAssetsDir]) rmSync(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(base + path, { headers, redirect: 'manual' });

  test('answers health as MLflow does, and says when it is alive and ready', async () => {
    expect(await (await get('/health')).text()).toBe('OK');
    expect(await (await get('/healthz')).json()).toEqual({ alive: true });
    expect(await (await get('/readyz')).json()).toEqual({ ready: true });
    expect(await (await get('/version')).text()).toBe('1.2.3');
  });

  test('is not ready while its database is away, or while it drains', async () => {
    isDown = true;
    expect((await get('/readyz')).status).toBe(503);
    isDown = false;
    isDraining = true;
    const answer = await get('/readyz');
    expect([answer.status, answer.headers.get('connection')]).toEqual([503, 'close']);
    isDraining = false;
    expect((await get('/readyz')).status).toBe(200);
  });

  test('sends the security headers with every answer, faults included', async () => {
    for (const path of ['/', '/health', '/nothing', '/assets/index-abc.js']) {
      const { headers } = await get(path);
      const csp = headers.get('content-security-policy') ?? '';
      for (const part of [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "require-trusted-types-for 'script'",
        "frame-ancestors 'none'",
      ])
        expect(csp).toContain(part);
      expect(csp).not.toContain('unsafe-inline');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  test('lets one page alone call another server, encrypted or on the same machine', async () => {
    const calls = async (path: string) =>
      /connect-src ([^;]*)/.exec((await get(path, { accept: 'text/html' })).headers.get('content-security-policy') ?? '')?.[1];
    const wide = "'self' https: http://localhost:* http://127.0.0.1:*";
    for (const path of ['/push', '/push/', '/push.html']) expect(await calls(path)).toBe(wide);
    for (const path of ['/', '/index.html', '/storage', '/pushed', '/nothing']) expect(await calls(path)).toBe("'self'");
  });

  test('lets hashed assets be kept for a year, and pages never unasked', async () => {
    expect((await get('/assets/index-abc.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/', '/sw.js', '/engine.json', '/my-model'])
      expect((await get(path, { accept: 'text/html,*/*' })).headers.get('cache-control')).toBe('no-cache');
    expect(await (await get('/assets/page-of-last-week.js')).text()).toBe('export {};');
    expect((await get('/assets/page-of-nobody.js')).status).toBe(404);
    expect((await get('/assets/x-abc.wasm')).headers.get('content-type')).toBe('application/wasm');
  });

  test('sends the app’s texts compressed, and packs as they are, since they are gzip files themselves', async () => {
    const encodingOf = async (path: string) => (await get(path, { 'accept-encoding': 'gzip, br' })).headers.get('content-encoding');
    expect(await encodingOf('/assets/long-abc.js')).toBe('br');
    expect(await encodingOf('/packs/a.pack')).toBeNull();
    expect(await (await get('/assets/long-abc.js')).text()).toBe('//'.repeat(1000));
  });

  test('serves the app at the addresses of its screens, and nothing at others', async () => {
    const screens = [...readFileSync('client/app/app.tsx', 'utf8').matchAll(/<Route path="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(screens.length).toBeGreaterThan(15);
    for (const path of screens.map((screen) => screen.replace(/:\w+/g, 'abc'))) {
      expect(await (await get(path, { accept: 'text/html' })).text(), path).toContain('<title>app</title>');
    }
    expect(await (await get('/dashboard', { accept: 'text/html' })).text()).toContain('<title>staff</title>');
    for (const path of ['/api/2.0/mlflow/experiments/get', '/assets/missing.js', '/startled']) {
      const answer = await get(path, { accept: 'text/html' });
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { kind: 'not-found', error_code: 'ENDPOINT_NOT_FOUND', message: 'Nothing is here.' },
      ]);
    }
  });

  test('tells a client of another API by MLflow’s code that there is none: GraphQL, another version', async () => {
    for (const path of ['/graphql', '/api/4.0/mlflow/runs/search', '/api/nothing']) {
      const answer = await fetch(base + path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.json()).toMatchObject({ error_code: 'ENDPOINT_NOT_FOUND' });
    }
  });

  test.each(['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '/%00', '/%', '/..%5cpackage.json'])(
    'gives nothing away for %s',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).not.toContain('dependencies');
    },
  );

  test('counts requests under their route, never under a path', async () => {
    await get('/study/secret-session');
    await get('/some/unknown/path');
    const text = await (await fetch(`http://127.0.0.1:${portOf(servers[1] as Server)}/metrics`)).text();
    expect(text).toMatch(/examsgraph_http_request_duration_seconds_count\{route="page",method="GET",status="2xx"\} [1-9]/);
    expect(text).toMatch(/route="unmatched",method="GET",status="4xx"/);
    expect(text).toContain('examsgraph_db_pool_waiting 0');
    expect(text).not.toContain('secret-session');
    expect(text).not.toContain('unknown');
  });
});

describe('ports', () => {
  const app = newMetricsApp(newMetrics(() => 0));

  test('a taken default gives way to the next free one; a taken explicit one is a plain sentence', async () => {
    const blocker = createServer();
    await new Promise<void>((done) => blocker.listen(0, '127.0.0.1', done));
    const address = blocker.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const server = await listen(app, '127.0.0.1', { name: 'PORT', port, isExplicit: false });
    expect(portOf(server)).toBeGreaterThan(port);
    await expect(listen(app, '127.0.0.1', { name: 'PORT', port, isExplicit: true })).rejects.toThrow(
      `PORT ${port} is taken by another program`,
    );
    server.close();
    blocker.close();
  });
});

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import type { Endpoint } from '#shared/tracking/endpoint.ts';
import { ENDPOINTS, type EndpointName } from '#shared/tracking/endpoints.ts';
import { FILE_ENDPOINTS, type FileEndpoint } from '#shared/tracking/file-endpoints.ts';
import { newToken, revokeToken, tokensOf } from '../governance/access-tokens.ts';
import { newSession, type StaffMember, type StaffPorts, type StaffRole } from '../governance/sessions.ts';
import type { OpenDatabase } from '../storage/database.ts';
import { systemRuns } from '../tracking/system-runs.ts';
import { clientOf, newTestTracking, type TestTracking } from '../tracking/test-installation.ts';
import { newAdmission } from './tracking-admission.ts';

const ROLES = ['admin', 'analyst', 'auditor'] as const;
const MAY: Readonly<Record<StaffRole, readonly string[]>> = {
  admin: ['read', 'write', 'promote', 'admin'],
  analyst: ['read', 'write'],
  auditor: ['read'],
};

let t: TestTracking;
let staff: StaffPorts;
const members = {} as Record<StaffRole, StaffMember>;
const tokens = {} as Record<StaffRole, string>;
const staffOf = (db: OpenDatabase): StaffPorts => ({ db, now: Date.now, rng: seededRng(randomBytes(4).readUInt32LE()) });

beforeAll(async () => {
  t = await newTestTracking({
    name: 'tracking_access',
    admit: (db) => newAdmission(staffOf(db), { origin: null, hosts: ['runs.example.org'], perMinute: 100_000 }),
  });
  staff = staffOf(t.db);
  for (const role of ROLES) {
    members[role] = { staffId: role, name: `the ${role}`, role };
    await t.db.query('INSERT INTO staff (staff_id, name, role, created_at) VALUES ($1, $2, $3, 0)', [role, members[role].name, role]);
    tokens[role] = await newToken(staff, members[role], { name: `${role}'s token`, days: 90, isReadOnly: false });
  }
});
afterAll(() => t.close());

/** Every route of both tables, as requests that their schemas refuse or that find nothing. */
const ROUTES: readonly { readonly name: string; readonly method: string; readonly path: string; readonly right: string }[] = [
  ...(Object.entries(ENDPOINTS) as [EndpointName, Endpoint][]).flatMap(([name, e]) =>
    e.methods.map((method) => ({
      name: `${name} ${method}`,
      method,
      path: `${e.isRoot ? '' : '/api/2.0'}${e.path.replace(/\{\w+\}/g, 'none')}`,
      right: e.right,
    })),
  ),
  ...(Object.entries(FILE_ENDPOINTS) as [string, FileEndpoint][]).map(([name, e]) => ({
    name,
    method: e.method,
    path: `${e.isRoot ? '' : '/api/2.0'}${e.path.replace('*', 'none').replace(/\{\w+\}/g, 'none')}`,
    right: e.right,
  })),
];

const ask = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(t.base + path, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });
const bearer = (role: StaffRole) => ({ Authorization: `Bearer ${tokens[role]}` });

describe('the matrix: every route', () => {
  test('lets nobody in without a token, whatever path it is written as', async () => {
    expect(ROUTES.length).toBeGreaterThan(70);
    for (const { name, method, path } of ROUTES) {
      for (const written of [path, `/${path}`, path.replace('/api/', '/api//')]) {
        const response = await ask(method, written);
        expect(response.status, `${name} ${written}`).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe('Basic realm="mlflow"');
      }
      const wrong = await ask(method, path, { Authorization: 'Bearer egt_wrong' });
      expect(wrong.status, name).toBe(401);
    }
  });

  test.each(ROLES)('lets the %s do what the role may, and nothing else', async (role) => {
    for (const { name, method, path, right } of ROUTES) {
      const { status } = await ask(method, path, bearer(role));
      // multipart uploads and presigned downloads are told of as not served
      if (MAY[role].includes(right)) expect([401, 403, 500, 503], `${role} ${name}: ${status}`).not.toContain(status);
      else expect(status, `${role} ${name}`).toBe(403);
    }
  });
});

test('the API document lists every route of both tables and no other, and its page needs nothing from elsewhere', async () => {
  const { paths } = (await (await fetch(`${t.base}/api/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> };
  const listed = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`));
  const served = [
    ...(Object.values(ENDPOINTS) as Endpoint[]).flatMap((e) => e.methods.map((m) => `${m} ${e.isRoot ? '' : '/api/2.0'}${e.path}`)),
    ...(Object.values(FILE_ENDPOINTS) as FileEndpoint[]).map(
      (e) => `${e.method} ${e.isRoot ? '' : '/api/2.0'}${e.path.replace('*', '{path}')}`,
    ),
  ];
  expect(listed.sort()).toEqual(served.sort());
  const page = await fetch(`${t.base}/api/docs`);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  const addresses = [...(await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)].map((m) => m[1] ?? '');
  expect(addresses).toHaveLength(3);
  for (const address of addresses) expect((await fetch(t.base + address)).status, address).toBe(200);
});

test('Basic takes the token as password or as name; a cookie counts for nothing below /api, a token for nothing below /ajax-api', async () => {
  const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  const path = '/api/2.0/mlflow/experiments/get?experiment_id=0';
  expect((await ask('GET', path, basic(`anyone:${tokens.auditor}`))).status).toBe(200);
  expect((await ask('GET', path, basic(`${tokens.auditor}:`))).status).toBe(200);
  for (const empty of [':', 'admin:password', 'admin:', '']) expect((await ask('GET', path, basic(empty))).status).toBe(401);
  const cookie = `__Host-eg_session=${await newSession(staff, t.db, 'analyst')}`;
  expect((await ask('GET', path, { Cookie: cookie })).status).toBe(401);
  const ajax = path.replace('/api/', '/ajax-api/');
  expect((await ask('GET', ajax, { Cookie: cookie })).status).toBe(200);
  expect((await ask('GET', ajax, bearer('admin'))).status).toBe(401);
});

test('another site’s page gets nothing, neither below /ajax-api with the cookie nor below /api with a token', async () => {
  const cookie = `__Host-eg_session=${await newSession(staff, t.db, 'admin')}`;
  const create = '/ajax-api/2.0/mlflow/experiments/create';
  expect((await ask('POST', create, { Cookie: cookie, Origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask('POST', create, { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
  expect((await ask('POST', create, { Cookie: cookie, Origin: t.base })).status).toBe(400);
  expect((await ask('POST', create, { Cookie: cookie, Origin: t.base.replace('http:', 'https:') })).status).toBe(400);
  expect((await ask('POST', create, { Cookie: cookie, Origin: 'null' })).status).toBe(403);
  expect((await ask('GET', '/api/2.0/mlflow/experiments/search', { ...bearer('admin'), Origin: 'https://evil.example' })).status).toBe(403);
});

test('a path of the API that is not here is told by MLflow’s code', async () => {
  for (const path of ['/api/2.0/mlflow/nothing', '/api/3.0/nothing', '/api/eg/v1/nothing']) {
    const response = await ask('POST', path, bearer('admin'));
    expect([path, response.status, ((await response.json()) as { error_code: string }).error_code]).toEqual([
      path,
      404,
      'ENDPOINT_NOT_FOUND',
    ]);
  }
});

test('a name this server does not go by is refused', async () => {
  const { request } = await import('node:http');
  const { port } = new URL(t.base);
  const statusOf = (host: string) =>
    new Promise<number>((done, failed) => {
      const path = '/api/2.0/mlflow/experiments/search';
      const sent = request({ hostname: '127.0.0.1', port, path, headers: { Host: host, ...bearer('admin') } }, (r) => {
        r.resume();
        done(r.statusCode ?? 0);
      });
      sent.on('error', failed);
      sent.end();
    });
  expect(await statusOf('evil.example')).toBe(403);
  expect(await statusOf('runs.example.org')).toBe(200);
  expect(await statusOf(`localhost:${port}`)).toBe(200);
});

test('a token is shown once, kept as a hash, listed without itself, and ends when it is revoked, by its owner or an admin', async () => {
  const token = await newToken(staff, members.analyst, { name: 'notebook', days: 90, isReadOnly: false });
  const [row] = await t.db.query<{ text: string }>("SELECT string_agg(a::text, ' ') AS text FROM access_tokens a");
  expect(row?.text).not.toContain(token);
  const listed = await tokensOf(staff, members.analyst);
  expect(JSON.stringify(listed)).not.toContain(token);
  const id = listed.find((x) => x.name === 'notebook')?.id ?? '';
  expect(await revokeToken(staff, members.auditor, id)).toBe(false);
  expect(await revokeToken(staff, members.admin, id)).toBe(true);
  expect((await ask('GET', '/api/2.0/mlflow/experiments/search', { Authorization: `Bearer ${token}` })).status).toBe(401);
  await t.db.query("UPDATE staff SET is_removed = true WHERE staff_id = 'auditor'");
  const fresh = newAdmission(staff, { origin: null, hosts: [], perMinute: 10 });
  const asked = { headers: { host: 'localhost', authorization: `Bearer ${tokens.auditor}` }, method: 'GET' } as never;
  await expect(fresh(asked, 'api')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await t.db.query("UPDATE staff SET is_removed = false WHERE staff_id = 'auditor'");
});

test('a token that may only read writes nothing, not even as an admin; and a token ends by itself', async () => {
  const token = await newToken(staff, members.admin, { name: 'report', days: 30, isReadOnly: true });
  const client = clientOf(t.base, { Authorization: `Bearer ${token}` });
  expect((await client.call('searchExperiments', { max_results: 1 })).experiments).toHaveLength(1);
  await expect(client.call('createExperiment', { name: 'by a reader' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  const put = { method: 'PUT', body: 'x', headers: { Authorization: `Bearer ${token}` } };
  expect((await fetch(`${t.base}/api/2.0/mlflow-artifacts/artifacts/0/x`, put)).status).toBe(403);
  const [listed] = (await tokensOf(staff, members.admin)).filter((x) => x.name === 'report');
  expect(listed).toMatchObject({ isReadOnly: true });
  const later = { ...staff, now: () => (listed?.expiresAt ?? 0) + 1 };
  expect(listed?.expiresAt).toBe((listed?.createdAt ?? 0) + 30 * 86_400_000);
  const asked = { headers: { host: 'localhost', authorization: `Bearer ${token}` }, method: 'GET' } as never;
  const rules = { origin: null, hosts: [], perMinute: 10 };
  await expect(newAdmission(staff, rules)(asked, 'api')).resolves.toMatchObject({ staffId: 'admin' });
  await expect(newAdmission(later, rules)(asked, 'api')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  expect((await tokensOf(later, members.admin)).filter((x) => x.name === 'report')).toEqual([]);
});

test('an analyst reads the service’s own records and writes none of them, by whatever name they are reached', async () => {
  const runId = 'b'.repeat(32);
  await t.db.transaction(async (sql) => {
    const own = systemRuns(staff.rng, 'examsgraph@test');
    const empty = { params: {}, tags: {}, metrics: { accuracy: 0.5 } };
    await own.log(sql, { runId, experiment: 'federated-flushes', name: 'slot 1', at: 5, step: 1, ...empty });
    await own.promote(sql, { name: 'examsgraph-global-1', version: 1, runId, alias: 'champion', at: 5 });
  });
  const client = clientOf(t.base, bearer('analyst'));
  const { run } = await client.call('getRun', { run_id: runId });
  const { experiment_id } = run.info;
  const { experiment_id: mine } = await client.call('createExperiment', { name: 'my own' });
  const refused = { code: 'PERMISSION_DENIED' };
  await expect(client.call('setTag', { run_id: runId, key: 'k', value: 'v' })).rejects.toMatchObject(refused);
  await expect(client.call('createRun', { experiment_id })).rejects.toMatchObject(refused);
  await expect(client.call('deleteExperiment', { experiment_id })).rejects.toMatchObject(refused);
  await expect(client.call('setExperimentTag', { experiment_id: mine, key: 'eg.system', value: 'x' })).rejects.toMatchObject(refused);
  await expect(client.call('createLoggedModel', { experiment_id: mine, source_run_id: runId })).rejects.toMatchObject(refused);
  await expect(client.call('createModel', { name: 'examsgraph-mine' })).rejects.toMatchObject(refused);
  await expect(client.call('updateModel', { name: 'examsgraph-global-1', description: 'x' })).rejects.toMatchObject(refused);
  const admin = clientOf(t.base, bearer('admin'));
  await expect(admin.call('setAlias', { name: 'examsgraph-global-1', alias: 'champion', version: '1' })).rejects.toMatchObject(refused);
  await expect(admin.call('deleteModel', { name: 'examsgraph-global-1' })).rejects.toMatchObject(refused);
  const imported = { runs: [{ run_id: runId, experiment_id, start_time: 1, params: [{ key: 'k', value: 'v' }] }] };
  await expect(client.call('importRuns', imported)).rejects.toMatchObject(refused);
  const put = await fetch(`${t.base}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/x`, {
    method: 'PUT',
    body: 'x',
    headers: bearer('analyst'),
  });
  expect(put.status).toBe(403);
  const artifacts = `${t.base}/api/2.0/mlflow-artifacts/artifacts`;
  for (const method of ['PUT', 'DELETE'])
    for (const way of [`/${experiment_id}`, `//${experiment_id}/x`, `/%2e/${experiment_id}/x`])
      expect([400, 403], way).toContain((await ask(method, new URL(artifacts).pathname + way, bearer('analyst'))).status);
  const claimed = { name: 'claimed', tags: [{ key: 'eg.system', value: 'true' }] };
  await expect(client.call('createExperiment', claimed)).rejects.toMatchObject(refused);
  await expect(client.call('createExperiment', { name: 'model-evaluations' })).rejects.toMatchObject(refused);
  await expect(client.call('updateExperiment', { experiment_id: mine, new_name: 'model-evaluations' })).rejects.toMatchObject(refused);
  await expect(admin.call('deleteExperiment', { experiment_id })).rejects.toMatchObject(refused);
  await expect(admin.call('updateExperiment', { experiment_id, new_name: 'mine now' })).rejects.toMatchObject(refused);
  await expect(admin.call('purge', { experiment_ids: [experiment_id] })).rejects.toMatchObject(refused);
  await expect(admin.call('purge', { run_ids: [runId] })).rejects.toMatchObject(refused);
  await expect(admin.call('deleteExperimentTag', { experiment_id, key: 'eg.system' })).rejects.toMatchObject(refused);
  await expect(client.call('renameModel', { name: 'a', new_name: 'b' })).rejects.toMatchObject(refused);
  expect((await admin.call('createExperiment', { name: 'examsgraph-like' })).experiment_id).toMatch(/^\d{18}$/);
  expect((await client.call('createRun', { experiment_id: mine })).run.info.user_id).toBe('unknown');
});

test('a caller who asks too often is told to wait', async () => {
  const few = newAdmission(staff, { origin: null, hosts: [], perMinute: 3 });
  const strict = await newTestTracking({ name: 'tracking_few', admit: () => few });
  const asked = () =>
    fetch(`${strict.base}/api/2.0/mlflow/experiments/get?experiment_id=0`, { headers: { authorization: `Bearer ${tokens.admin}` } });
  for (let i = 0; i < 3; i++) expect((await asked()).status).toBe(200);
  const refused = await asked();
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ error_code: 'RESOURCE_EXHAUSTED' });
  // the window is a minute, and hardly begun
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
  await strict.close();
});

test('two members of one name have idempotency keys of their own, and a purge names its member', async () => {
  for (const id of ['kim1', 'kim2'])
    await t.db.query("INSERT INTO staff (staff_id, name, role, created_at) VALUES ($1, 'Kim', 'admin', 0)", [id]);
  const runs = await Promise.all(
    ['kim1', 'kim2', 'kim1'].map(async (staffId) => {
      const token = await newToken(staff, { staffId, name: 'Kim', role: 'admin' }, { name: 'x', days: 30, isReadOnly: false });
      const client = clientOf(t.base, { Authorization: `Bearer ${token}`, 'Idempotency-Key': 'same' });
      return { client, id: (await client.call('createRun', { experiment_id: '0' })).run.info.run_id };
    }),
  );
  const [first, second, again] = runs;
  expect(second?.id).not.toBe(first?.id);
  expect(again?.id).toBe(first?.id);
  await second?.client.call('purge', { run_ids: [second.id] });
  expect(await t.db.query("SELECT staff_id FROM staff_log WHERE action = 'purge'")).toEqual([{ staff_id: 'kim2' }]);
});

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { artifactRows, sweep } from './artifact-rows.ts';
import { newTestTracking, type TestTracking } from './test-installation.ts';

/** Ways out of a folder that others have fallen for, and that must all be refused. */
const WAYS_OUT = [
  '../../../../etc/passwd',
  '../path',
  '../../path',
  './../path',
  'path/../to/file',
  'path/../../to/file',
  '/path',
  '/etc/passwd',
  '\\..\\..\\file',
  '..\\file',
  'file:///etc/passwd',
  'FILE://host/etc',
  'C:\\windows',
  'c:/windows',
  'a#b',
  'a#/../../b',
  'a\u0000.jpg',
  '%2e%2e%2fsecret',
  '%252e%252e%252fsecret',
  '%25252e%25252e%25252fsecret',
  '..%5csecret',
  '%2E%2E/secret',
] as const;

/** What lies outside of the store. */
const WORDS = 'words that nobody may read';

/** Sends a path exactly as it stands: fetch would tidy it. */
function raw(base: string, method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(base);
  return new Promise((done, failed) => {
    const sent = request({ hostname, port, method, path, headers: { 'Content-Length': Buffer.byteLength(body) } }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', failed);
    sent.end(body);
  });
}

const coded = (path: string, times: number): string => {
  let now = path;
  for (let i = 0; i < times; i++) now = encodeURIComponent(now);
  return now;
};

describe.each([
  ['in production', false],
  ['in test mode', true],
])('hostile paths %s', (_name, isTestMode) => {
  let t: TestTracking;
  let runId = '';
  beforeAll(async () => {
    t = await newTestTracking({ name: `tracking_hostile_${isTestMode}`, isTestMode });
    runId = (await t.client.call('createRun', { experiment_id: '0' })).run.info.run_id;
    await t.client.call('createModel', { name: 'm' });
    await t.client.call('createVersion', { name: 'm', source: 'mlflow-artifacts:/0/x' });
    writeFileSync(join(t.folder, 'secret'), WORDS);
  });
  afterAll(() => t.close());

  test('none reads, writes or deletes anything, however often it is encoded, and none is a fault of the server', async () => {
    let asked = 0;
    for (const way of WAYS_OUT) {
      for (const times of [1, 2, 3]) {
        const path = coded(way, times);
        const routes: readonly (readonly [string, string])[] = [
          ['GET', `/get-artifact?run_id=${runId}&path=${path}`],
          ['GET', `/model-versions/get-artifact?name=m&version=1&path=${path}`],
          ['GET', `//model-versions/get-artifact?name=m&version=1&path=${path}`],
          ['GET', `/api/2.0/mlflow/artifacts/list?run_id=${runId}&path=${path}`],
          ['GET', `/api/2.0/mlflow-artifacts/artifacts?path=${path}`],
          ['GET', `/api/2.0/mlflow-artifacts/artifacts/${path}`],
          ['PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`],
          ['DELETE', `/api/2.0/mlflow-artifacts/artifacts/${path}`],
          ['POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=${path}`],
        ];
        for (const [method, url] of routes) {
          const { status, text } = await raw(t.base, method, url, method === 'GET' ? '' : 'x');
          expect([400, 404], `${method} ${url}: ${text}`).toContain(status);
          expect(text).not.toContain(WORDS);
          asked += 1;
        }
      }
    }
    expect(asked).toBeGreaterThan(500);
    expect(readFileSync(join(t.folder, 'secret'), 'utf8')).toBe(WORDS);
    expect(readdirSync(t.folder).filter((name) => !['secret', 'blobs', 'plain'].includes(name))).toEqual([]);
    expect(await t.db.query('SELECT 1 FROM artifacts')).toEqual([]);
  });

  test('the root itself is neither written nor deleted, however it is named', async () => {
    const at = '/api/2.0/mlflow-artifacts/artifacts';
    expect((await raw(t.base, 'PUT', `${at}/0/kept.txt`, 'kept')).status).toBe(200);
    for (const root of ['/', '/.', '/./', '/./.', '/%2e', '/.%2f']) {
      for (const method of ['PUT', 'DELETE']) {
        const { status } = await raw(t.base, method, at + root, method === 'PUT' ? 'x' : '');
        expect([400, 404], `${method} ${root}`).toContain(status);
      }
    }
    expect((await raw(t.base, 'GET', `${at}/0/kept.txt`)).text).toBe('kept');
    await raw(t.base, 'DELETE', `${at}/0/kept.txt`);
  });

  test('a version’s source cannot lead out either, and no tag disables the check', async () => {
    const sources = [
      'file:///etc',
      'FILE:///etc',
      ' file:///etc',
      '/etc/passwd',
      '../../etc',
      './x/../../..',
      'local:../x',
      'mlflow-artifacts:/../../etc',
      'mlflow-artifacts:/x/%2e%2e/%2e%2e/etc',
      'mlflow-artifacts:/x/..%2f..%2fetc',
      'http://host/api/2.0/mlflow-artifacts/artifacts/../../etc',
      'http://host/a%00',
      's3:/bucket/a/../../b',
      'http://host/a?x=/../../etc',
      'http://host/a#/../../etc',
    ];
    for (const source of sources) {
      for (const tags of [[], [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]]) {
        const made = t.client.call('createVersion', { name: 'm', source, tags });
        await expect(made, source).rejects.toMatchObject({ code: expect.stringMatching(/^(INVALID_PARAMETER_VALUE|INTERNAL_ERROR)$/) });
      }
    }
  });
});

test('in production no artifact location but the proxied one is taken', async () => {
  const t = await newTestTracking({ name: 'tracking_locations' });
  for (const artifact_location of ['file:///tmp/x', '/tmp/x', 's3://bucket/x', 'http://host/x', 'runs:/x', '../x']) {
    await expect(t.client.call('createExperiment', { name: artifact_location, artifact_location })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
    });
  }
  await t.close();
});

test('in test mode a link in the store leads nowhere', async () => {
  const t = await newTestTracking({ name: 'tracking_links', isTestMode: true });
  mkdirSync(join(t.folder, 'plain'), { recursive: true });
  writeFileSync(join(t.folder, 'secret'), 'secret');
  symlinkSync(t.folder, join(t.folder, 'plain', 'link'));
  expect((await raw(t.base, 'GET', '/api/2.0/mlflow-artifacts/artifacts/link/secret')).status).toBe(400);
  expect((await raw(t.base, 'PUT', '/api/2.0/mlflow-artifacts/artifacts/link/new', 'x')).status).toBe(400);
  expect((await raw(t.base, 'DELETE', '/api/2.0/mlflow-artifacts/artifacts/link/secret')).status).toBe(400);
  expect(existsSync(join(t.folder, 'secret'))).toBe(true);
  expect(existsSync(join(t.folder, 'new'))).toBe(false);
  await t.close();
});

test('an artifact is kept once by its hash, listed by its names, sent as an attachment, and gone when the last name of it is', async () => {
  const t = await newTestTracking({ name: 'tracking_artifacts' });
  const at = '/api/2.0/mlflow-artifacts/artifacts';
  const put = (path: string, text: string) => fetch(t.base + path, { method: 'PUT', body: text });
  const { info } = (await t.client.call('createRun', { experiment_id: '0' })).run;
  const root = info.artifact_uri.replace('mlflow-artifacts:/', '');
  await put(`${at}/${root}/a/${encodeURIComponent('한국어 파일.txt')}`, 'same');
  await put(`${at}/${root}/b.bin`, 'same');
  expect((await t.client.call('listArtifacts', { run_id: info.run_id })).files).toEqual([
    { path: 'a', is_dir: true },
    { path: 'b.bin', is_dir: false, file_size: 4 },
  ]);
  expect((await t.client.call('listArtifacts', { run_id: info.run_id, path: 'a' })).files).toEqual([
    { path: 'a/한국어 파일.txt', is_dir: false, file_size: 4 },
  ]);
  const got = await fetch(`${t.base}/get-artifact?run_id=${info.run_id}&path=${encodeURIComponent('a/한국어 파일.txt')}`);
  expect(await got.text()).toBe('same');
  expect(got.headers.get('content-disposition')).toBe(
    `attachment; filename="___ __.txt"; filename*=UTF-8''${encodeURIComponent('한국어 파일.txt')}`,
  );
  expect(got.headers.get('x-content-type-options')).toBe('nosniff');
  const blobs = () => readdirSync(join(t.folder, 'blobs'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length;
  expect(blobs()).toBe(1);
  await fetch(`${t.base}${at}/${root}/a`, { method: 'DELETE' });
  expect(blobs()).toBe(1);
  await fetch(`${t.base}${at}/${root}/b.bin`, { method: 'DELETE' });
  expect(blobs()).toBe(0);
  expect((await t.client.call('listArtifacts', { run_id: info.run_id })).files).toBeUndefined();
  await t.close();
});

test('a file cannot lie where a folder is, nor a folder where a file is: nobody could fetch both', async () => {
  const t = await newTestTracking({ name: 'tracking_folders' });
  const put = async (path: string) => (await raw(t.base, 'PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${path}`, path)).status;
  expect(await put('a/b/c.txt')).toBe(200);
  expect([await put('a/b/c.txt/d'), await put('a/b'), await put('a')]).toEqual([400, 400, 400]);
  expect([await put('a/b/c.txt'), await put('a/b/c.txt.bak'), await put('a/bc')]).toEqual([200, 200, 200]);
  expect((await t.db.query<{ path: string }>('SELECT path FROM artifacts ORDER BY path')).map((row) => row.path)).toEqual([
    '0/a/b/c.txt',
    '0/a/b/c.txt.bak',
    '0/a/bc',
  ]);
  await t.close();
});

test('purge deletes for good, with its artifacts and a receipt that holds none of it; "Default" stays', async () => {
  const t = await newTestTracking({ name: 'tracking_purge' });
  const { experiment_id } = await t.client.call('createExperiment', { name: 'to be gone' });
  const { info } = (await t.client.call('createRun', { experiment_id })).run;
  await t.client.log(info.run_id, { metrics: [{ key: 'm', value: 1, timestamp: 1 }], params: [{ key: 'p', value: 'secret words' }] });
  const path = `/api/2.0/mlflow-artifacts/artifacts/${info.artifact_uri.replace('mlflow-artifacts:/', '')}/a.txt`;
  await fetch(t.base + path, { method: 'PUT', body: 'bytes' });
  const { receipt } = await t.client.call('purge', { experiment_ids: [experiment_id] });
  expect(receipt).toMatchObject({ runs: 1, experiments: 1 });
  await expect(t.client.call('getRun', { run_id: info.run_id })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' });
  expect((await fetch(t.base + path)).status).toBe(404);
  for (const table of ['runs', 'metrics', 'latest_metrics', 'params', 'tags', 'artifacts'])
    expect(await t.db.query(`SELECT 1 FROM ${table}`), table).toEqual([]);
  expect(readdirSync(join(t.folder, 'blobs'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile())).toEqual([]);
  const [line] = await t.db.query<{ text: string }>('SELECT s::text AS text FROM staff_log s');
  expect(line?.text).toContain(receipt.sha256);
  expect(line?.text).not.toContain('secret');
  await expect(t.client.call('purge', { experiment_ids: ['0'] })).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' });
  await t.close();
});

test('bytes that another name is put in place of are freed; those deleted while they come are not taken for kept', async () => {
  const t = await newTestTracking({ name: 'tracking_blobs' });
  const put = (text: string) => fetch(`${t.base}/api/2.0/mlflow-artifacts/artifacts/0/a.txt`, { method: 'PUT', body: text });
  const files = () => readdirSync(join(t.folder, 'blobs'), { recursive: true, withFileTypes: true }).filter((f) => f.isFile()).length;
  await put('first');
  await put('second');
  expect(files()).toBe(1);
  const { blobs } = t.ports;
  // between the bytes and their row, the last other name of the same bytes is deleted
  const raced = artifactRows({
    ...t.ports,
    blobs: {
      ...blobs,
      put: async (bytes, limit) => {
        const stored = await blobs.put(bytes, limit);
        await sweep(t.ports, [stored.sha256]);
        return stored;
      },
    },
  });
  await expect(raced.put('0/b.txt', Readable.from([Buffer.from('third')]), 100)).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' });
  expect(await t.db.query('SELECT path FROM artifacts')).toEqual([{ path: '0/a.txt' }]);
  await t.close();
});

test('an artifact larger than may be is refused before it is sent', async () => {
  const t = await newTestTracking({ name: 'tracking_large' });
  const { hostname, port } = new URL(t.base);
  const status = await new Promise((done, failed) => {
    const headers = { 'Content-Length': String(65 * 1024 * 1024) };
    const sent = request({ hostname, port, method: 'PUT', path: '/api/2.0/mlflow-artifacts/artifacts/0/large', headers }, (r) => {
      done(r.statusCode);
      sent.destroy();
    });
    sent.on('error', failed);
    sent.write('x');
  });
  expect(status).toBe(400);
  await t.close();
});

test('purging an experiment leaves what another one keeps in the same folder, and nothing of its own, however the folder was written', async () => {
  const t = await newTestTracking({ name: 'tracking_shared_folder' });
  const made = async (artifact_location: string) => {
    const { experiment_id } = await t.client.call('createExperiment', { name: artifact_location, artifact_location });
    const { info } = (await t.client.call('createRun', { experiment_id })).run;
    const sent = await fetch(`${t.base}/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${info.run_id}&path=a.txt`, {
      method: 'POST',
      body: 'x',
    });
    expect(sent.status).toBe(200);
    return info;
  };
  const one = await made('mlflow-artifacts://host/team');
  const other = await made('mlflow-artifacts:/team/');
  await t.client.call('purge', { experiment_ids: [one.experiment_id] });
  expect(await t.db.query('SELECT path FROM artifacts')).toEqual([{ path: `team/${other.run_id}/artifacts/a.txt` }]);
  for (const artifact_location of [`mlflow-artifacts:/${other.experiment_id}/x`, 'mlflow-artifacts:/', 'mlflow-artifacts:/./1/x'])
    await expect(t.client.call('createExperiment', { name: 'nested', artifact_location })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
    });
  await t.close();
});

test('a blob that the store does not let go of holds back no other', async () => {
  const t = await newTestTracking({ name: 'tracking_sweep' });
  const tried: string[] = [];
  const blobs = {
    ...t.ports.blobs,
    delete: async (hash: string) => {
      tried.push(hash);
      if (hash === 'a') throw new Error('slow down');
    },
  };
  await expect(sweep({ db: t.db, blobs }, ['a', 'b', 'c'])).rejects.toThrow('slow down');
  expect(tried).toEqual(['a', 'b', 'c']);
  await t.close();
});

test('a run purged and sent again is found as it was sent last', async () => {
  const t = await newTestTracking({ name: 'tracking_again' });
  const run_id = 'c'.repeat(32);
  const sent = (value: string) => ({ runs: [{ run_id, experiment_id: '0', start_time: 1, params: [{ key: 'p', value }] }] });
  const found = async () => (await t.client.call('searchRuns', { experiment_ids: ['0'] })).runs?.[0]?.data.params?.[0]?.value;
  await t.client.call('importRuns', sent('old'));
  expect(await found()).toBe('old');
  await t.client.call('purge', { run_ids: [run_id] });
  await t.client.call('importRuns', sent('new'));
  expect(await found()).toBe('new');
  await t.client.call('deleteRun', { run_id });
  await expect(t.client.call('importRuns', sent('new'))).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' });
  await t.close();
});

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlobStore, TooLarge } from '../ports/blob-store.ts';
import { clearLeftovers, fileBlobs } from './file-blobs.ts';
import { s3Blobs } from './s3-blobs.ts';

interface S3Server {
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
}

const folder = mkdtempSync(join(tmpdir(), 'examsgraph-blobs-'));
const Server = createRequire(import.meta.url)('s3rver') as new (options: object) => S3Server;
const s3 = new Server({
  port: 0,
  address: '127.0.0.1',
  silent: true,
  directory: join(folder, 's3'),
  configureBuckets: [{ name: 'artifacts' }],
});
const stores: Record<string, BlobStore> = {};

beforeAll(async () => {
  const { port } = await s3.run();
  process.env['AWS_ACCESS_KEY_ID'] = 'S3RVER';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'S3RVER';
  stores['a folder'] = fileBlobs(join(folder, 'files'));
  stores['a bucket'] = s3Blobs({ name: 'artifacts', region: 'us-east-1', endpoint: `http://127.0.0.1:${port}` }, join(folder, 'coming'));
});
afterAll(async () => {
  await s3.close();
  rmSync(folder, { recursive: true, force: true });
});

test('what a crash left behind a day ago is cleared away, what is coming now is not', async () => {
  const coming = mkdtempSync(join(folder, 'left-'));
  for (const name of ['old', 'new']) writeFileSync(join(coming, name), 'x');
  const dayAndMore = Date.now() / 1000 - 90_000;
  utimesSync(join(coming, 'old'), dayAndMore, dayAndMore);
  await clearLeftovers(coming);
  expect(readdirSync(coming)).toEqual(['new']);
  await clearLeftovers(join(folder, 'not-there'));
});

describe.each(['a folder', 'a bucket'])('blobs in %s', (name) => {
  const store = () => stores[name] as BlobStore;

  test('come back byte for byte under their hash, the empty one and one of megabytes too; put twice they are one', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('a'), randomBytes(3_000_000)]) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      for (let i = 0; i < 2; i++) expect(await store().put(Readable.from([bytes]), 5_000_000)).toEqual({ sha256, size: bytes.length });
      expect((await buffer(await store().get(sha256))).equals(bytes)).toBe(true);
    }
  });

  test('of more than the limit are refused, and nothing stays behind', async () => {
    await expect(store().put(Readable.from([randomBytes(2000)]), 1000)).rejects.toBeInstanceOf(TooLarge);
    const passed = name === 'a folder' ? join(folder, 'files', 'coming') : join(folder, 'coming');
    expect(readdirSync(passed)).toEqual([]);
  });

  test('are gone when deleted, and deleting nothing is no fault', async () => {
    const { sha256 } = await store().put(Readable.from([Buffer.from('gone')]), 100);
    expect(await store().has(sha256)).toBe(true);
    await store().delete(sha256);
    await store().delete(sha256);
    expect(await store().has(sha256)).toBe(false);
    await expect(store().get(sha256)).rejects.toThrow();
    await expect(store().get('../../etc/passwd')).rejects.toThrow(RangeError);
  });
});

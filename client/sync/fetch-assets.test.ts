// @vitest-environment node
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { samplePack } from '#shared/testing/sample-pack.ts';
import { fetchPack } from './fetch-assets.ts';

const pack = samplePack(3);
const entry = { url: '/packs/sample.pack', id: pack.manifest.id, version: pack.manifest.version };
const serve = (bytes: Uint8Array, status = 200) => vi.stubGlobal('fetch', async () => new Response(Uint8Array.from(bytes), { status }));
const packed = gzipSync(JSON.stringify(pack));

afterEach(() => vi.unstubAllGlobals());

describe('a pack of the catalogue', () => {
  test('comes as the build packed it, in a browser with gzip streams and in one without', async () => {
    serve(packed);
    expect(await fetchPack(entry)).toEqual(pack);
    vi.stubGlobal('DecompressionStream', undefined);
    Reflect.deleteProperty(globalThis, 'DecompressionStream');
    expect(await fetchPack(entry)).toEqual(pack);
  });

  test('is refused when it is cut short, missing, or of another build than the catalogue names', async () => {
    serve(packed.subarray(0, -20));
    await expect(fetchPack(entry)).rejects.toThrow();
    serve(packed, 404);
    await expect(fetchPack(entry)).rejects.toThrow('404');
    serve(packed);
    await expect(fetchPack({ ...entry, version: '9.0.0' })).rejects.toThrow('of another build');
    await expect(fetchPack({ ...entry, id: 'other' })).rejects.toThrow('of another build');
  });
});

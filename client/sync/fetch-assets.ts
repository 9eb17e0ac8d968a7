import * as z from 'zod/mini';
import { type GlobalModel, globalModel } from '#client/ports/global-model.ts';
import type { Engine, Readiness } from '#client/ports/readiness.ts';
import type { Pack } from '#shared/packs/schema.ts';

async function ok(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

const bytesOf = async (url: string): Promise<Uint8Array> => new Uint8Array(await (await ok(url)).arrayBuffer());

/** The start model that came with the app, checked against its hash. @throws Error, RangeError */
export async function fetchStartModel(): Promise<GlobalModel> {
  const [description, bytes] = await Promise.all([
    ok('/models/start.json').then((r) => r.json() as Promise<unknown>),
    bytesOf('/models/start.bin'),
  ]);
  return globalModel(description, bytes);
}

/** Bytes without their gzip; a browser that has no streams for it (before 2023) fetches a library. */
async function unpacked(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  if ('DecompressionStream' in globalThis) return new Response(body.pipeThrough(new DecompressionStream('gzip'))).text();
  const { gunzipSync, strFromU8 } = await import('fflate');
  return strFromU8(gunzipSync(new Uint8Array(await new Response(body).arrayBuffer())));
}

/**
 * A pack of the catalogue, which the build has checked.
 *
 * @throws Error when it cannot be had, is cut short, or is another than this build's catalogue names: a newer build's may have another shape
 */
export async function fetchPack({ url, id, version }: { url: string; id: string; version: string }): Promise<Pack> {
  const { body } = await ok(url);
  if (!body) throw new Error(`${url}: empty`);
  const pack = JSON.parse(await unpacked(body)) as Pack;
  if (pack.manifest.id !== id || pack.manifest.version !== version) throw new Error(`${url}: of another build`);
  return pack;
}

const engineSchema = z.object({ cache: z.string().check(z.regex(/^engine-/)), files: z.array(z.string()) });

async function engineList() {
  return engineSchema.parse(await (await ok('/engine.json')).json());
}

/** The learning engine's files, kept in a cache named after their list; older ones go once it is complete. */
export function engineCache(): Engine & Pick<Readiness, 'check'> {
  return {
    async fetch() {
      const { cache, files } = await engineList();
      const store = await caches.open(cache);
      for (const file of files) if (!(await store.match(file))) await store.add(file);
      for (const name of await caches.keys()) if (name.startsWith('engine-') && name !== cache) await caches.delete(name);
    },
    async check() {
      if (!('caches' in globalThis)) return { app: false, engine: false };
      const app = (await caches.match('/index.html', { ignoreSearch: true })) !== undefined;
      const list = await engineList().catch(() => null);
      if (!list) return { app, engine: false };
      const store = await caches.open(list.cache);
      const found = await Promise.all(list.files.map((file) => store.match(file)));
      return { app, engine: found.every(Boolean) };
    },
  };
}

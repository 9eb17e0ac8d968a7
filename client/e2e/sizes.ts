import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';

/** A size in the budget: what it is, what was wanted, what must hold; bytes, gzip. */
export interface Size {
  readonly what: string;
  readonly bytes: number;
  readonly target: number;
  readonly hard: number;
}

const gz = (bytes: Uint8Array): number => gzipSync(bytes).length;

/** The hooks of test builds, the registration of the service worker and the work of idle moments: the page does not wait for them. */
export const NOT_WAITED_FOR = /(test|bench)-hook|memory-experiment|workbox|idle-work/;

/** Bytes of everything the page has fetched so far that matches and it waits for, gzip. */
async function fetched(page: Page, client: string, pattern: RegExp): Promise<number> {
  const names = await page.evaluate(() => performance.getEntriesByType('resource').map((e) => new URL(e.name).pathname));
  const own = [...new Set(names)].filter((name) => pattern.test(name) && !NOT_WAITED_FOR.test(name));
  return own.reduce((sum, name) => sum + gz(readFileSync(join(client, name))), 0);
}

/** Files the service worker fetches at once, from its own list. */
function precached(client: string): readonly string[] {
  const worker = readFileSync(join(client, 'sw.js'), 'utf8');
  return [...worker.matchAll(/\{[^{}]*?url:\s*"([^"]+)"[^{}]*?\}/g)].map((m) => m[1] ?? '').filter((url) => !/(test|bench)-hook/.test(url));
}

/** The sizes of the build the page came from. @param page on its first study screen, opened without a service worker at work */
export async function sizesOf(page: Page, client: string): Promise<readonly Size[]> {
  const sum = (files: readonly string[]) => files.reduce((total, file) => total + gz(readFileSync(join(client, file))), 0);
  const { files } = JSON.parse(readFileSync(join(client, 'engine.json'), 'utf8')) as { files: readonly string[] };
  const engine = files.filter((f) => f.endsWith('.js'));
  const wasm = files.filter((f) => f.endsWith('.wasm'));
  const simd = wasm.filter((f) => /simd/.test(f) && !/threaded/.test(f));
  const fonts = readdirSync(join(client, 'assets'))
    .filter((f) => /\.(woff2?|ttf|otf)$/.test(f))
    .map((f) => join('assets', f));
  const precache = precached(client);
  const own = precache.filter((f) => !f.endsWith('.pack'));
  if (precache.length < 10 || engine.length === 0 || simd.length !== 1) throw new Error('the build is not as this measure knows it');
  return [
    { what: 'JS to first study screen', bytes: await fetched(page, client, /\.js$/), target: 130e3, hard: 170e3 },
    { what: 'CSS to first study screen', bytes: await fetched(page, client, /\.css$/), target: 15e3, hard: 25e3 },
    {
      what: 'Fonts',
      bytes: sum(fonts),
      target: 0,
      hard: 0,
    },
    { what: 'Engine JS with webgpu', bytes: sum(engine), target: 248e3, hard: 260e3 },
    { what: 'SIMD wasm', bytes: sum(simd), target: 137e3, hard: 145e3 },
    { what: 'Precache (stage 1)', bytes: sum(precache), target: 350e3, hard: 500e3 },
    { what: 'All offline, no packs', bytes: sum(own) + sum(files), target: 2e6, hard: 3e6 },
  ];
}

/** The table, a line a budget. */
export function printed(
  rows: readonly { readonly what: string; readonly measured: string; readonly target: string; readonly hard: string }[],
): string {
  return [
    '| What | Measured | Target | Hard limit |',
    '|---|---|---|---|',
    ...rows.map((r) => `| ${r.what} | ${r.measured} | ${r.target} | ${r.hard} |`),
  ].join('\n');
}

/** Kilobytes of a size, as the table shows them. */
export const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;

import { expect } from '@playwright/test';
import { kilobytes, NOT_WAITED_FOR, printed, sizesOf } from './sizes.ts';
import { begin, test } from './steps.ts';

test('no download is larger than its hard limit', async ({ watched: page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'serviceWorker', { value: undefined }));
  await begin(page);
  const sizes = await sizesOf(page, process.env['EG_TEST_CLIENT'] ?? '');
  process.stdout.write(
    printed(sizes.map((s) => ({ what: s.what, measured: kilobytes(s.bytes), target: kilobytes(s.target), hard: kilobytes(s.hard) }))),
  );
  expect(sizes.filter((s) => s.bytes > s.hard).map((s) => `${s.what}: ${kilobytes(s.bytes)}`)).toEqual([]);
});

test('the licences of every library in the build are served, the workers’ and the service worker’s too', async ({ request }) => {
  const answer = await request.get('/licences.txt');
  expect(answer.headers()['content-type']).toMatch(/^text\/plain/);
  const text = await answer.text();
  for (const name of ['react', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-webgpu', 'dexie', 'workbox-precaching', 'seedrandom'])
    expect(text).toMatch(new RegExp(`^## ${name} - `, 'm'));
  expect(text.match(/Apache License\s+Version 2\.0/g)?.length).toBeGreaterThanOrEqual(5);
  expect(text).toContain('Copyright 2019 David Bau');
});

test('the first page waits for a handful of scripts, which come compressed', async ({ watched: page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'serviceWorker', { value: undefined }));
  await page.goto('/');
  await expect(page.getByRole('button', { name: '시작하기' })).toBeVisible();
  const fetched = await page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).map((e) => ({
      name: new URL(e.name).pathname,
      sent: e.encodedBodySize,
      size: e.decodedBodySize,
    })),
  );
  const scripts = fetched.filter(({ name }) => name.endsWith('.js') && !NOT_WAITED_FOR.test(name));
  expect(scripts.map((s) => s.name).slice(6)).toEqual([]);
  expect(scripts.filter((s) => s.size > 2000 && s.sent > 0.6 * s.size)).toEqual([]);
  expect(scripts.some((s) => s.size > 100_000)).toBe(true);
});

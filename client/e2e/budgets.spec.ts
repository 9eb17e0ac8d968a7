import { expect } from '@playwright/test';
import { kilobytes, printed, sizesOf } from './sizes.ts';
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

import { existsSync } from 'node:fs';
import { chromium, defineConfig } from '@playwright/test';

const found = [process.env['CHROMIUM_PATH'], chromium.executablePath(), '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
  (p) => p && existsSync(p),
);
if (!found) throw new Error('No Chromium: run "npm test", which installs one, or set CHROMIUM_PATH.');

export const launchOptions = {
  executablePath: found,
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-dev-shm-usage',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--enable-unsafe-webgpu',
  ],
};

export default defineConfig({
  testDir: 'client/e2e',
  // times are printed by `npm run bench:client`, never asserted
  testIgnore: [...(process.env['EG_BENCH'] ? [] : ['**/bench/**']), ...(process.env['EG_NIGHTLY'] ? [] : ['**/nightly/**'])],
  globalSetup: './client/e2e/serve.ts',
  outputDir: `.reports/e2e${process.env['EG_E2E_PART'] ?? ''}`,
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 240_000,
  // nothing is timed here: a slow machine is no fault
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: `.reports/e2e${process.env['EG_E2E_PART'] ?? ''}.json` }]],
  use: {
    ...(process.env['EG_BASE_URL'] ? { baseURL: process.env['EG_BASE_URL'] } : {}),
    locale: 'ko-KR',
    timezoneId: 'Asia/Seoul',
    viewport: { width: 360, height: 780 },
    hasTouch: true,
    launchOptions,
  },
});

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

// Times of the learner's app on a throttled browser, beside the budgets; prints tables, asserts nothing. Arguments go to Playwright: -g answering.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
mkdirSync('.tsbuild', { recursive: true });
const { ensureBrowser } = await import('./browser.mjs');
const { build } = await import('./build.mjs');
const browser = await ensureBrowser();
const built = build({ VITE_EG_TEST: '1', VITE_EG_BUILD: 'test' }, true);
const env = {
  ...process.env,
  EG_BENCH: '1',
  CHROMIUM_PATH: browser,
  EG_TEST_CLIENT: built.client,
  EG_TEST_TRIAL: built.trial,
  EG_TEST_SERVER: built.server,
};
const { status } = spawnSync(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', 'bench/', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env,
});
built.remove();
process.exit(status ?? 1);

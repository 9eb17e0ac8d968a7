import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
const { ensureBrowser } = await import('./browser.mjs');
const { build } = await import('./build.mjs');
for (const folder of ['.reports', '.tsbuild']) mkdirSync(folder, { recursive: true });

let [passed, failed] = [0, 0];
const node = (args, env = {}) => spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status;

/** One check that passes or fails as a whole. */
function check(name, isOk) {
  console.log(`${isOk ? 'ok    ' : 'FAILED'} ${name}`);
  if (isOk) passed++;
  else failed++;
}

/** Counts from a report; a missing report, a skipped or flaky test, or a non-zero exit that no test explains is a failure of its own. */
function count(name, file, status, read) {
  if (!existsSync(file)) return check(`${name}: no report was written`, false);
  const { ok, bad } = read(JSON.parse(readFileSync(file, 'utf8')));
  passed += ok;
  failed += bad;
  if (status !== 0 && bad === 0) check(`${name}: ended with ${status} though no test failed`, false);
  if (ok + bad === 0) check(`${name}: ran no test`, false);
}

const fromVitest = (r) => ({
  ok: r.numPassedTests,
  bad:
    r.numFailedTests +
    r.numPendingTests +
    r.numTodoTests +
    r.testResults.filter((s) => s.status === 'failed' && s.assertionResults.length === 0).length,
});
const fromPlaywright = ({ stats }) => ({ ok: stats.expected, bad: stats.unexpected + stats.skipped + stats.flaky });

check('types', node(['node_modules/typescript/bin/tsc', '-b']) === 0);
check('lint and format', node(['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']) === 0);

rmSync('.reports/vitest.json', { force: true });
const unit = node([
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  '--outputFile.json=.reports/vitest.json',
]);
count('vitest', '.reports/vitest.json', unit, fromVitest);

try {
  const browser = await ensureBrowser();
  const built = build({ VITE_EG_TEST: '1', VITE_EG_BUILD: 'test' }, true);
  rmSync('.reports/e2e.json', { force: true });
  const env = { CHROMIUM_PATH: browser, EG_TEST_CLIENT: built.client, EG_TEST_TRIAL: built.trial, EG_TEST_SERVER: built.server };
  const e2e = node(['node_modules/@playwright/test/cli.js', 'test', ...process.argv.slice(2)], env);
  count('browser journeys', '.reports/e2e.json', e2e, fromPlaywright);
  built.remove();
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause);
  check('browser journeys', false);
}

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

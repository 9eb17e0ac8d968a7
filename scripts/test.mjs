import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (process.argv.length > 2) {
  console.error('npm test takes no arguments: it runs everything. For a part: npx vitest run FILE');
  process.exit(2);
}
ensureInstalled();
const { ensureBrowser } = await import('./browser.mjs');
const { build } = await import('./build.mjs');
for (const folder of ['.reports', '.tsbuild']) mkdirSync(folder, { recursive: true });

let [passed, failed] = [0, 0];
/** What failed, named once more beside the count: the last lines are the ones that are read. */
const failures = [];
const node = (args, env = {}) => spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status;

/** One check that passes or fails as a whole. */
function check(name, isOk) {
  console.log(`${isOk ? 'ok    ' : 'FAILED'} ${name}`);
  if (isOk) passed++;
  else {
    failed++;
    failures.push(name);
  }
}

/** Counts from a report; a missing report, a skipped or flaky test, or a non-zero exit that no test explains is a failure of its own. */
function count(name, file, status, read) {
  if (!existsSync(file)) return check(`${name}: no report was written`, false);
  const { ok, bad, named } = read(JSON.parse(readFileSync(file, 'utf8')));
  passed += ok;
  failed += bad;
  failures.push(...named);
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
  named: r.testResults.flatMap((s) =>
    s.assertionResults.length === 0 && s.status === 'failed'
      ? [`${s.name}: ${s.message}`]
      : s.assertionResults
          .filter((a) => a.status !== 'passed')
          .map((a) => `${s.name}: ${a.fullName}: ${a.failureMessages?.[0] ?? a.status}`),
  ),
});
const fromPlaywright = ({ stats, suites, errors }) => ({
  ok: stats.expected,
  // errors: a server that did not start, a file that does not load
  bad: stats.unexpected + stats.skipped + stats.flaky + errors.length,
  named: [
    ...errors.map((e) => e.message ?? String(e.value)),
    ...suites
      .flatMap(specsOf)
      .filter((spec) => spec.tests.some((t) => t.status !== 'expected'))
      .map((spec) => `${spec.file}: ${spec.title}: ${spec.tests[0].results.at(-1)?.error?.message ?? spec.tests[0].status}`),
  ],
});
const specsOf = (suite) => [...(suite.specs ?? []), ...(suite.suites ?? []).flatMap(specsOf)];

check('types', node(['node_modules/typescript/bin/tsc', '-b']) === 0);
check('lint and format', node(['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']) === 0);

/** The unit and server tests, beside the journeys: they wait for Postgres more than they work. What they print comes at the end. */
function vitest() {
  rmSync('.reports/vitest.json', { force: true });
  const child = spawn(process.execPath, [
    'node_modules/vitest/vitest.mjs',
    'run',
    // the journeys beside it need the other core
    '--maxWorkers=1',
    '--reporter=default',
    '--reporter=json',
    '--outputFile.json=.reports/vitest.json',
  ]);
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  return new Promise((done) => child.once('close', (status) => done({ status, text: Buffer.concat(said).toString() })));
}

const isJourney = (file) =>
  file.endsWith('.spec.ts') && !file.startsWith('bench') && (process.env.EG_NIGHTLY || !file.startsWith('nightly'));
/** Journeys of about half the time; the other part has the rest. Three parts side by side take no less: then it is work, not waiting. */
const FIRST = ['training', 'offline', 'faults', 'staff'].map((name) => `${name}.spec.ts`);
const REST = readdirSync('client/e2e', { recursive: true }).filter((file) => isJourney(file) && !FIRST.includes(file));
const PARTS = [FIRST, REST];

/** One part of the journeys, on servers of its own. What the second prints comes when it has ended. @returns its exit status */
function journeysOf(files, part, env) {
  rmSync(`.reports/e2e${part}.json`, { force: true });
  const child = spawn(process.execPath, ['node_modules/@playwright/test/cli.js', 'test', ...files], {
    stdio: ['inherit', part === 1 ? 'inherit' : 'pipe', 'inherit'],
    env: { ...env, EG_E2E_PART: String(part) },
  });
  const said = [];
  child.stdout?.on('data', (chunk) => said.push(chunk));
  return new Promise((done) =>
    child.once('close', (status) => {
      console.log(Buffer.concat(said).toString());
      done(status);
    }),
  );
}

/** Playwright's journeys through a build of their own, in two parts side by side: they wait more than they work. @returns the exit statuses */
async function journeys() {
  const browser = await ensureBrowser();
  const built = build({ VITE_EG_TEST: '1', VITE_EG_BUILD: 'test' }, true);
  const env = {
    ...process.env,
    CHROMIUM_PATH: browser,
    EG_TEST_CLIENT: built.client,
    EG_TEST_TRIAL: built.trial,
    EG_TEST_SERVER: built.server,
  };
  const statuses = await Promise.all(PARTS.map((files, i) => journeysOf(files, i + 1, env)));
  built.remove();
  return statuses;
}

/** The stock Python client, where there is one: it is not fetched for a test. */
const hasStockClient = spawnSync('python3', ['-c', 'import mlflow'], { stdio: 'ignore' }).status === 0;

const unit = vitest();
try {
  const statuses = await journeys();
  for (const [i, ended] of statuses.entries()) count(`browser journeys ${i + 1}`, `.reports/e2e${i + 1}.json`, ended, fromPlaywright);
} catch (cause) {
  check(`browser journeys: ${cause instanceof Error ? cause.message : cause}`, false);
}
const { status, text } = await unit;
console.log(text);
count('vitest', '.reports/vitest.json', status, fromVitest);

if (hasStockClient) check('stock MLflow client', node(['scripts/run.mjs', 'commands/conformance-mlflow.ts']) === 0);

for (const name of failures) console.log(`FAILED ${name.split('\n').slice(0, 6).join('\n  ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

// Every screen of learners and staff, at phone and desk size, light and dark, Korean and English, into docs/screenshots/.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
mkdirSync('.tsbuild', { recursive: true });
const { ensureBrowser } = await import('./browser.mjs');
const { build } = await import('./build.mjs');
const { chromium } = await import('@playwright/test');

const OUT = 'docs/screenshots';
/** Question types that look unlike the first question. */
const KINDS = ['multiple', 'match', 'cloze', 'order'];
const ITEMS = readFileSync('public/packs/it-fundamentals/items.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const SIZES = { phone: { width: 360, height: 780 }, desk: { width: 1280, height: 800 } };

function ensureKoreanFont() {
  const has = () => spawnSync('fc-list', [':lang=ko'], { encoding: 'utf8' }).stdout?.trim();
  if (has() || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'fonts-noto-cjk'], { stdio: 'inherit' });
}

/** What must end, whatever fails: servers started below. */
const running = [];

async function serve(built, client, preset, data = mkdtempSync(join(tmpdir(), 'examsgraph-shots-'))) {
  chmodSync(data, 0o755);
  const ports = { PORT: '0', HELPER_PORT: '0', METRICS_PORT: '0', HELPER_METRICS_PORT: '0' };
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    EG_PRESET: preset,
    EG_CLIENT_DIR: client,
    EG_DATA_DIR: data,
    EG_TEST_MODE: '1',
    ...ports,
  };
  const child = spawn(process.execPath, [join(built.server, 'main.js'), 'local'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await new Promise((ready, failed) => {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Ctrl-C stops everything')) ready(output);
    });
    child.once('exit', () => failed(new Error(output)));
  });
  const stop = async () => {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
    rmSync(data, { recursive: true, force: true });
  };
  running.push(stop);
  return { base: /Learner app\s+(http:\S+)/.exec(said)?.[1], code: /set-up code .*?\s{2}(\S+)/.exec(said)?.[1] };
}

async function tour(browser, base, locale, scheme, sizeName) {
  const context = await browser.newContext({
    viewport: SIZES[sizeName],
    locale,
    colorScheme: scheme,
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const language = locale.slice(0, 2);
  let number = 0;
  const shot = async (name) => {
    number += 1;
    await page.screenshot({ path: `${OUT}/${sizeName}-${language}-${scheme}-${String(number).padStart(2, '0')}-${name}.png` });
  };
  const visit = async (path, landmark) => {
    await page.goto(new URL(path, base).href);
    await page.locator(landmark).first().waitFor();
  };
  const answer = async () => {
    const options = page.locator('.option');
    for (const input of await page.locator('.typed input').all()) await input.fill('8');
    for (const select of await page.locator('.pairing select').all()) await select.selectOption({ index: 1 });
    if (await page.locator('.option input').count()) await options.first().click();
    await page.locator('.bottom .primary').click();
    await page.locator('.feedback').waitFor();
  };
  const next = async () => {
    await page.locator('.bottom .primary:not([data-fresh])').click();
    await page.locator('.feedback').waitFor({ state: 'detached' });
  };
  await visit('/', 'main .button.primary');
  await shot('welcome');
  await page.locator('.button.primary').click();
  await page.locator('li.card').waitFor();
  await shot('choose-a-pack');
  await page.locator('.button.primary').first().click();
  await page.locator('form').waitFor();
  await shot('plan');
  await page.locator('button[type=submit]').click();
  await page.locator('.stem').waitFor();
  await shot('question');
  await answer();
  await shot('feedback');
  await next();
  await page.evaluate(() => globalThis.examsgraphTest.answer(60, ['hardware', 'os', 'networks', 'security', 'web']));
  for (let i = 0; i < 9; i++) {
    await answer();
    await next();
  }
  await page.waitForURL(/done/);
  await page.locator('h1.number').waitFor();
  await shot('session-end');
  await visit('/my-model', '#training');
  const train = page.locator('section[aria-labelledby=training] .primary');
  await train.or(page.getByTestId('training-outcome')).first().waitFor();
  if (await train.count()) await train.click();
  await page.getByTestId('training-outcome').waitFor({ timeout: 60_000 });
  await shot('my-model');
  await page.locator('#training').scrollIntoViewIfNeeded();
  await page.evaluate(() => document.querySelector('#training')?.scrollIntoView());
  await shot('training');
  await visit('/', '#recommended');
  await page.locator('section[aria-labelledby=recommended] li.card').first().waitFor();
  await shot('home');
  await page.evaluate(() => document.querySelector('#recommended')?.scrollIntoView());
  await shot('recommendations');
  await page.evaluate(() => document.querySelector('#graph')?.scrollIntoView());
  await shot('exam-graph');
  await visit('/packs', 'li.card');
  await shot('packs');
  await visit('/settings', '#storage');
  await shot('settings');
  number = 39;
  const full = async (name) => {
    number += 1;
    const path = `${OUT}/${sizeName}-${language}-${scheme}-${number}-${name}.png`;
    await page.screenshot({ path, fullPage: true });
  };
  await visit('/progress', '#areas');
  await full('progress');
  await visit('/review', '#portion');
  await full('review');
  await visit('/practice', 'fieldset.card');
  await full('own-choice');
  await visit('/storage', '#save');
  await full('storage');
  await visit('/my-model', '.button.run');
  await full('runs');
  await page.locator('.button.run').first().click();
  await page.locator('dialog[open]').waitFor();
  await shot('run');
  await visit('/exam', '#past');
  await shot('exam-set-up');
  await page.locator('main .button.primary').click();
  await page.locator('.stem').waitFor();
  await shot('exam-question');
  await page.locator('.top button[aria-haspopup]').click();
  await page.locator('dialog[open]').waitFor();
  await shot('exam-overview');
  await page.locator('dialog .button.primary').click();
  await page.locator('#report').waitFor();
  await shot('exam-report');
  const id = await page.evaluate(
    (itemIds) => globalThis.examsgraphTest.choose(itemIds),
    KINDS.map((kind) => ITEMS.find((item) => item.type === kind).id),
  );
  await visit(`/study/${id}`, '.stem');
  for (const [i, kind] of KINDS.entries()) {
    await shot(`question-${kind}`);
    if (i === KINDS.length - 1) break;
    await answer();
    await next();
  }
  await page.locator('.top button[aria-haspopup]').click();
  await page.locator('dialog[open] textarea').first().waitFor();
  await shot('question-menu');
  await page.locator('dialog .button.primary').click();
  await visit('/about', '#promises');
  await full('about');
  await visit('/push', 'h1');
  await full('push');
  await visit(`/study/${id}`, '.stem');
  await page.evaluate(() => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
  await page.locator('.option').first().click();
  await page.locator('.bottom .primary').click();
  await page.locator('.fault').waitFor();
  await shot('not-saved');
  await page.goto(new URL('/icons/icon.svg', base).href);
  await page.evaluate(() => indexedDB.deleteDatabase('examsgraph-journal'));
  await visit('/', 'input[type=file] ~ label');
  await full('restore');
  await context.close();
}

/** The sharing page before and after, on a trial. */
async function sharingTour(browser, base, locale, scheme, sizeName) {
  const context = await browser.newContext({ viewport: SIZES[sizeName], locale, colorScheme: scheme, timezoneId: 'Asia/Seoul' });
  const page = await context.newPage();
  const shot = (name) => page.screenshot({ path: `${OUT}/${sizeName}-${locale.slice(0, 2)}-${scheme}-${name}.png` });
  await page.goto(base);
  await page.locator('.button.primary').click();
  await page.locator('.button.primary').first().click();
  await page.locator('button[type=submit]').click();
  await page.locator('.stem').waitFor();
  await page.evaluate(() => globalThis.examsgraphTest.answer(12, ['hardware', 'os', 'networks']));
  await page.goto(new URL('/sharing', base).href);
  await page.locator('#training').waitFor();
  await shot('20-sharing-asked');
  await page.locator('.segments label').nth(2).click();
  await page.locator('.pair .button').first().click();
  await page.locator('#contributions').waitFor();
  await page.locator('.button.primary').click();
  await page.locator('#contributions ~ ul li').first().waitFor();
  await page.waitForTimeout(6000);
  await shot('21-sharing-on');
  await context.close();
}

/** The staff pages of an installation full of simulated learners. */
async function staffTour(browser, base, code) {
  const contextFor = async (address, secret) => {
    const context = await browser.newContext({ viewport: SIZES.desk, locale: 'en-GB', timezoneId: 'Asia/Seoul' });
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
    await devtools.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, automaticPresenceSimulation: true } });
    await page.goto(address);
    await page.locator('form').waitFor();
    if (secret) {
      await page.screenshot({ path: `${OUT}/desk-en-light-30-staff-set-up.png` });
      await page.locator('input').fill(secret);
    }
    await page.locator('button[type=submit]').click();
    await page.locator('.codes').waitFor();
    await page.locator('.button.primary').click();
    await page.locator('.staff-bar a').first().waitFor();
    return page;
  };
  const admin = await contextFor(new URL('/dashboard', base).href, code);
  await admin.goto(new URL('/dashboard#staff', base).href);
  await admin.locator('form input[maxlength]').fill('Sumin');
  await admin.locator('form button[type=submit]').click();
  const link = await admin.locator('.notice code').innerText();
  const auditor = await contextFor(link, null);
  const shoot = async (page, language, scheme, sizeName, name, hash) => {
    await page.setViewportSize(SIZES[sizeName]);
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(new URL(`/dashboard#${hash}`, base).href);
    const toggle = page.locator(`.staff-bar button[lang=${language}]`);
    if (await toggle.count()) await toggle.click();
    await page.locator('.staff-page .card').first().waitFor();
    await page.waitForTimeout(400);
    await page.screenshot({ path: `${OUT}/${sizeName}-${language}-${scheme}-${name}.png` });
  };
  for (const language of ['ko', 'en'])
    for (const scheme of ['light', 'dark'])
      for (const size of Object.keys(SIZES)) {
        for (const [i, hash] of ['today', 'flushes', 'models', 'staff'].entries())
          await shoot(admin, language, scheme, size, `${31 + i}-staff-${hash}`, hash);
        await shoot(auditor, language, scheme, size, '35-staff-audit', 'audit');
        for (const [i, hash] of ['runs', 'tokens'].entries()) await shoot(admin, language, scheme, size, `${36 + i}-staff-${hash}`, hash);
      }
}

ensureKoreanFont();
const executablePath = await ensureBrowser();
const built = build({ VITE_EG_TEST: '1', VITE_EG_BUILD: 'shots' }, true);
const only = process.argv[2];
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
const tours = async (run) => {
  for (const locale of ['ko-KR', 'en-GB'])
    for (const scheme of ['light', 'dark'])
      for (const size of Object.keys(SIZES)) {
        await run(locale, scheme, size);
        console.log(`${locale} ${scheme} ${size}: done`);
      }
};
try {
  if (!only) rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  if (!only || only === 'learner') {
    const { base } = await serve(built, built.client, 'production');
    await tours((...how) => tour(browser, base, ...how));
  }
  if (!only || only === 'sharing') {
    const { base } = await serve(built, built.trial, 'demo');
    await tours((...how) => sharingTour(browser, base, ...how));
  }
  if (!only || only === 'staff') {
    const data = mkdtempSync(join(tmpdir(), 'examsgraph-shots-'));
    chmodSync(data, 0o755);
    const simulate = ['scripts/run.mjs', 'commands/simulate.ts', '--weeks', '5', '--learners', '1600', '--into', data];
    spawnSync(process.execPath, simulate, { stdio: 'inherit' });
    const { base, code } = await serve(built, built.client, 'production', data);
    await staffTour(browser, base, code);
  }
} finally {
  for (const stop of running) await stop();
  await browser.close();
  built.remove();
}

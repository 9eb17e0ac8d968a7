import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

// Every learner screen, at phone and desk size, light and dark, Korean and English, into docs/screenshots/.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
mkdirSync('.tsbuild', { recursive: true });
const { ensureBrowser } = await import('./browser.mjs');
const { build } = await import('./build.mjs');
const { chromium } = await import('@playwright/test');

const OUT = 'docs/screenshots';
const SIZES = { phone: { width: 360, height: 780 }, desk: { width: 1280, height: 800 } };

function ensureKoreanFont() {
  const has = () => spawnSync('fc-list', [':lang=ko'], { encoding: 'utf8' }).stdout?.trim();
  if (has() || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return;
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'fonts-noto-cjk'], { stdio: 'inherit' });
}

async function serve(built) {
  const data = mkdtempSync(join(tmpdir(), 'examsgraph-shots-'));
  const env = { ...process.env, EG_CLIENT_DIR: built.client, EG_DATA_DIR: data, EG_TEST_MODE: '1', PORT: '0', METRICS_PORT: '0' };
  const child = spawn(process.execPath, [join(built.server, 'main.js'), 'local'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const base = await new Promise((ready, failed) => {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /Learner app\s+(http:\S+)/.exec(output)?.[1];
      if (url) ready(url);
    });
    child.once('exit', () => failed(new Error(output)));
  });
  const stop = async () => {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await gone;
    rmSync(data, { recursive: true, force: true });
  };
  return { base, stop };
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
    if (await page.locator('#typed').count()) await page.fill('#typed', '8');
    else await options.first().click();
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
  await context.close();
}

ensureKoreanFont();
const executablePath = await ensureBrowser();
const built = build({ VITE_EG_TEST: '1', VITE_EG_BUILD: 'shots' });
const { base, stop } = await serve(built);
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
try {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  for (const locale of ['ko-KR', 'en-GB']) {
    for (const scheme of ['light', 'dark']) {
      for (const size of Object.keys(SIZES)) {
        await tour(browser, base, locale, scheme, size);
        console.log(`${locale} ${scheme} ${size}: done`);
      }
    }
  }
} finally {
  await browser.close();
  await stop();
  built.remove();
}

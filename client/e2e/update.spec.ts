import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { serveOne } from './serve.ts';
import { answer, begin, next, rows, standing, test, untilOfflineReady } from './steps.ts';

/** An installation whose client can be brought to a newer build while pages are open. */
async function installation() {
  const folder = mkdtempSync(join(tmpdir(), 'examsgraph-update-'));
  const client = join(folder, 'client');
  cpSync(process.env['EG_TEST_CLIENT'] ?? '', client, { recursive: true });
  const served = await serveOne(client, process.env['EG_TEST_SERVER'] ?? '', 'production');
  return {
    app: `${served.app}/`,
    /** The same app under a new number: another page, hence another list in the service worker. */
    release(number: number) {
      const page = join(client, 'index.html');
      const html = readFileSync(page, 'utf8').replace(/<meta name="release"[^>]*>/, '');
      writeFileSync(page, html.replace('</title>', `</title><meta name="release" content="${number}">`));
      const worker = join(client, 'sw.js');
      writeFileSync(
        worker,
        readFileSync(worker, 'utf8').replace(
          /(url:"index\.html",revision:")[^"]*|(revision:")[^"]*(",url:"index\.html")/,
          `$1$2${number}$3`,
        ),
      );
      for (const file of readdirSync(client)) if (/^(index\.html|sw\.js)\.(br|gz)$/.test(file)) rmSync(join(client, file));
    },
    async stop() {
      await served.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const releaseOf = (page: Page) => page.evaluate(() => document.querySelector('meta[name=release]')?.getAttribute('content') ?? null);
const offer = (page: Page) => page.getByText('새 버전이 준비됐어요.');

test('a newer app is offered by a quiet chip, never in a session or an exam, and is there after a tap with nothing lost', async ({
  browser,
}) => {
  test.setTimeout(180_000);
  const here = await installation();
  const context = await browser.newContext({ baseURL: here.app });
  const page = await context.newPage();
  try {
    await begin(page);
    await answer(page, true);
    await next(page);
    await untilOfflineReady(page);
    await page.reload();
    await expect(page.locator('.stem h1')).toBeVisible();
    here.release(2);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect
      .poll(() => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.waiting)), { timeout: 60_000 })
      .toBe(true);
    await expect(offer(page)).toHaveCount(0);
    await answer(page, false);
    await expect(offer(page)).toHaveCount(0);
    await page.goto('/exam');
    await expect(offer(page)).toBeVisible();
    await page.getByRole('button', { name: '시험 시작' }).click();
    await expect(page.locator('.stem h1')).toBeVisible();
    await expect(offer(page)).toHaveCount(0);
    await page.goto('/');
    await expect(offer(page)).toBeVisible();
    expect(await releaseOf(page)).toBeNull();
    await page.getByRole('button', { name: '지금 업데이트' }).click();
    await expect.poll(() => releaseOf(page).catch(() => null)).toBe('2');
    await expect(page.locator('#recommended')).toBeVisible();
    await expect(offer(page)).toHaveCount(0);
    expect(await standing(page)).toHaveLength(2);
    expect(await rows(page, 'exams')).toHaveLength(1);
    await context.setOffline(true);
    await page.reload();
    await expect(page.locator('#recommended')).toBeVisible();
    expect(await releaseOf(page)).toBe('2');
  } finally {
    await context.close();
    await here.stop();
  }
});

test('a newer app that waits is taken at the next cold start', async ({ browser }) => {
  test.setTimeout(180_000);
  const here = await installation();
  const context = await browser.newContext({ baseURL: here.app });
  try {
    const page = await context.newPage();
    await begin(page);
    await untilOfflineReady(page);
    await page.reload();
    here.release(2);
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
    await expect
      .poll(() => page.evaluate(async () => Boolean((await navigator.serviceWorker.getRegistration())?.waiting)), { timeout: 60_000 })
      .toBe(true);
    // a page of no site watches the workers without keeping one alive
    const blank = await context.newPage();
    const devtools = await context.newCDPSession(blank);
    const states = new Map<string, string>();
    devtools.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      for (const { versionId, status } of versions) states.set(versionId, status);
    });
    await devtools.send('ServiceWorker.enable');
    await page.close();
    await expect.poll(() => [...states.values()].includes('installed')).toBe(false);
    await expect.poll(() => [...states.values()].includes('activated')).toBe(true);
    const anew = await context.newPage();
    await anew.goto('/');
    expect(await releaseOf(anew)).toBe('2');
    await expect(anew.locator('#recommended')).toBeVisible();
  } finally {
    await context.close();
    await here.stop();
  }
});

test.describe('without the service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('a screen whose code is gone from the server is had by one reload, not by a loop of them, and never within an exam', async ({
    page,
  }) => {
    await begin(page);
    const isLeftAlone = () => page.evaluate(() => dispatchEvent(new Event('vite:preloadError', { cancelable: true })));
    await page.goto('/exam');
    await page.getByRole('button', { name: '시험 시작' }).click();
    await expect(page.locator('.stem h1')).toBeVisible();
    expect(await isLeftAlone()).toBe(true);
    // on the way into the exam nothing is on screen yet: the reload is what gets there
    let loads = 0;
    page.on('load', () => loads++);
    await page.goto('/');
    await expect(page.locator('#recommended')).toBeVisible();
    let refused = 1;
    await page.route(/exam-page-[^/]*\.js$/, (route) => (refused-- > 0 ? route.fulfill({ status: 404, body: '' }) : route.continue()));
    await page.locator('.ways a[href^="/exam/"]').click();
    await expect(page.locator('.stem h1')).toBeVisible();
    expect(loads).toBe(2);
    await page.evaluate(() => sessionStorage.clear());
    await page.goto('/');
    await expect(page.locator('#recommended')).toBeVisible();
    loads = 0;
    await page.route(/progress-page-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: '' }));
    await page.getByRole('link', { name: '진도', exact: true }).click();
    await expect(page.getByRole('heading', { name: '문제가 생겼어요' })).toBeVisible();
    expect(loads).toBe(1);
    await page.unroute(/progress-page-[^/]*\.js$/);
    await page.goto('/progress');
    await expect(page.locator('#areas')).toBeVisible();
  });
});

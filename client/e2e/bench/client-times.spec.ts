import { type CDPSession, expect, type Page, test } from '@playwright/test';
import type { Timing } from '#models/evaluation/speed.ts';
import { kilobytes, printed, sizesOf } from '../sizes.ts';
import { begin, choose, next, studyMore, untilOfflineReady } from '../steps.ts';

type Row = Parameters<typeof printed>[0][number];
const rows: Row[] = [];
const row = (what: string, measured: number, target: number | null, hard: number | null) =>
  rows.push({
    what,
    measured: `${measured.toFixed(0)} ms`,
    target: target === null ? '–' : `${target} ms`,
    hard: hard === null ? '–' : `${hard} ms`,
  });

interface Bench {
  nextQuestion(items: number): Promise<number>;
  recommend(items: number): Promise<number>;
  fill(answers: number): Promise<unknown>;
  speed(): Promise<Timing[]>;
  backup(): Promise<{ ms: number; bytes: number; events: number }>;
}
const bench = <T>(page: Page, name: keyof Bench, argument?: number): Promise<T> =>
  page.evaluate(
    ([key, n]) =>
      (
        (globalThis as unknown as { examsgraphBench: Record<string, (n?: number) => Promise<unknown>> }).examsgraphBench[key as string] as (
          n?: number,
        ) => Promise<unknown>
      )(n as number),
    [name, argument] as const,
  ) as Promise<T>;

const slow = (cdp: CDPSession, rate: number) => cdp.send('Emulation.setCPUThrottlingRate', { rate });
const paint = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<number>((done) => {
        const read = () =>
          new PerformanceObserver((list) => done(list.getEntries().at(-1)?.startTime ?? Number.NaN)).observe({
            type: 'largest-contentful-paint',
            buffered: true,
          });
        // once the frame of what was waited for is painted
        requestAnimationFrame(() => setTimeout(read, 100));
      }),
  );

/** How long a finger rests on what it taps. */
const PRESS_MS = 80;

/** Taps Sure and waits inside the page: asking it meanwhile whether the feedback is there would be timed too. @returns ms from the finger's leaving to the frame with the feedback */
async function tapToFeedback(page: Page, cdp: CDPSession): Promise<number> {
  const button = await page.locator('.bottom .primary').boundingBox();
  if (!button) throw new Error('no button');
  await page.evaluate(() => {
    const tapped = new Promise<number>((done) => {
      const onTap = (event: Event) => {
        const seen = new MutationObserver(() => {
          if (!document.querySelector('.feedback')) return;
          seen.disconnect();
          requestAnimationFrame(() => done(performance.now() - event.timeStamp));
        });
        seen.observe(document.body, { childList: true, subtree: true });
      };
      addEventListener('click', onTap, { capture: true, once: true });
    });
    Object.assign(globalThis, { tapped });
  });
  const touchPoints = [{ x: button.x + button.width / 2, y: button.y + button.height / 2 }];
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  await page.waitForTimeout(PRESS_MS);
  await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  return page.evaluate(() => (globalThis as unknown as { tapped: Promise<number> }).tapped);
}

test.afterAll(() => process.stdout.write(`\nReference phone 360 × 780, CPU throttled 4×, 9/3 Mbit/s, 100 ms\n\n${printed(rows)}\n`));

test('sizes and first visit', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'serviceWorker', { value: undefined }));
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 100,
    downloadThroughput: 9e6 / 8,
    uploadThroughput: 3e6 / 8,
  });
  await slow(cdp, 4);
  await page.goto('/');
  await page.getByRole('button', { name: '시작하기' }).waitFor();
  row('LCP, first visit', await paint(page), 1800, 2500);
  await page.getByRole('button', { name: '시작하기' }).click();
  await page.getByRole('button', { name: '정보기술 기초 선택' }).click();
  await page.getByRole('button', { name: '계속' }).waitFor();
  const start = await page.evaluate(() => performance.now());
  await page.getByRole('button', { name: '계속' }).click();
  await page.locator('.stem h1').waitFor();
  row('Continue → first study screen', (await page.evaluate(() => performance.now())) - start, null, 1000);
  for (const s of await sizesOf(page, process.env['EG_TEST_CLIENT'] ?? '')) {
    rows.push({ what: s.what, measured: kilobytes(s.bytes), target: kilobytes(s.target), hard: kilobytes(s.hard) });
  }
});

test('answering', async ({ page, context }) => {
  test.setTimeout(240_000);
  await begin(page);
  await untilOfflineReady(page);
  await studyMore(page, 40);
  await page.evaluate(() => {
    const events: number[] = [];
    Object.assign(globalThis, { events });
    new PerformanceObserver((list) => events.push(...list.getEntries().map((e) => e.duration))).observe({
      type: 'event',
      durationThreshold: 16,
    } as PerformanceObserverInit);
  });
  const cdp = await context.newCDPSession(page);
  await slow(cdp, 4);
  const taps: number[] = [];
  for (let n = 0; n < 20; n++) {
    await choose(page, n % 2 === 0);
    taps.push(await tapToFeedback(page, cdp));
    await next(page);
  }
  const events = await page.evaluate(() => (globalThis as unknown as { events: number[] }).events);
  const p75 = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length * 0.75)] ?? Number.NaN;
  row('Tap → feedback, p75 of 20', p75(taps), 60, 100);
  row('INP, p75 of interactions', p75(events), 100, 200);
  row('Next question, 10,000 items', await bench<number>(page, 'nextQuestion', 10_000), 30, 80);
  row('Recommendation, 2,000 items', await bench<number>(page, 'recommend', 2000), null, 200);
  await slow(cdp, 1);
  row('Recommendation, 2,000 items, unthrottled', await bench<number>(page, 'recommend', 2000), 60, null);
  row('Recommendation, 10,000 items, unthrottled', await bench<number>(page, 'recommend', 10_000), 250, null);
  await slow(cdp, 4);
  await context.setOffline(true);
  const paints: number[] = [];
  for (let n = 0; n < 5; n++) {
    await page.goto('/');
    await page.locator('.reason').first().waitFor();
    paints.push(await paint(page));
  }
  row('LCP, repeat visit, offline, median of 5', paints.sort((a, b) => a - b)[2] ?? Number.NaN, 800, 1200);
});

test('the engine in the training worker', async ({ page }) => {
  test.setTimeout(600_000);
  await begin(page);
  await untilOfflineReady(page);
  for (const { what, ms, floor, mostMs, mostFloors } of await bench<Timing[]>(page, 'speed')) {
    const ratio = floor === null ? '' : `, ${(ms / floor).toFixed(2)} × floor`;
    rows.push({
      what: `Worker, unthrottled: ${what}`,
      measured: `${ms < 1 ? ms.toFixed(4) : ms.toFixed(0)} ms${ratio}`,
      target: '–',
      hard: [mostMs === null ? [] : [`${mostMs} ms`], mostFloors === null ? [] : [`${mostFloors} ×`]].flat().join(', ') || '–',
    });
  }
});

test('large logs', async ({ page, context }) => {
  test.setTimeout(600_000);
  await begin(page);
  await untilOfflineReady(page);
  const cdp = await context.newCDPSession(page);
  await bench(page, 'fill', 19_200);
  await slow(cdp, 4);
  const { ms, bytes, events } = await bench<{ ms: number; bytes: number; events: number }>(page, 'backup');
  row(`Backup of ${events.toLocaleString('en')} events (${kilobytes(bytes)})`, ms, 1000, 3000);
  await slow(cdp, 1);
  await page.evaluate(() => new Promise((done) => (indexedDB.deleteDatabase('examsgraph-backup').onsuccess = done)));
  await bench(page, 'fill', 100_000);
  await slow(cdp, 4);
  await page.goto('/');
  await page.locator('.masthead').waitFor({ timeout: 120_000 });
  row('Cold start, Home, 100,000 answers', await page.evaluate(() => performance.now()), null, null);
  expect(rows.length).toBeGreaterThan(0);
});

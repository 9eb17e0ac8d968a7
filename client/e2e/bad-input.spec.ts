import { expect } from '@playwright/test';
import { answer, begin, choose, next, standing, test } from './steps.ts';

const file = (name: string, text: string) => ({ name, mimeType: 'application/zip', buffer: Buffer.from(text) });

test('a broken pack file is refused in plain words, and nothing changes', async ({ watched: page }) => {
  await begin(page);
  await answer(page, true);
  await page.goto('/packs');
  await page.locator('input[type=file]').setInputFiles(file('휴가.egpack', 'this is no zip file'));
  await expect(page.getByRole('alert')).toContainText('“휴가.egpack” 파일을 추가하지 못했어요');
  await expect(page.getByRole('alert')).toContainText('바뀐 것은 없어요');
  await expect(page.locator('li.card')).toHaveCount(1);
  expect(await standing(page)).toHaveLength(1);
});

test('full storage: the answer stays on screen, earlier answers are safe, and it is stored once there is room', async ({
  watched: page,
}) => {
  await page.addInitScript(() => {
    const state = Object.assign(globalThis, { isDiskFull: false });
    for (const method of ['add', 'put'] as const) {
      const real = IDBObjectStore.prototype[method];
      IDBObjectStore.prototype[method] = function (...args) {
        if (state.isDiskFull) throw new DOMException('planted', 'QuotaExceededError');
        return real.apply(this, args);
      };
    }
  });
  const setFull = (isDiskFull: boolean) => page.evaluate((value) => Object.assign(globalThis, { isDiskFull: value }), isDiskFull);
  await begin(page);
  await answer(page, true);
  await next(page);
  await setFull(true);
  await choose(page, true);
  await page.getByRole('button', { name: '확실해요' }).click();
  await expect(page.getByRole('alert')).toContainText('휴대폰 저장 공간이 가득 찼어요');
  await expect(page.locator('.feedback')).toHaveCount(0);
  expect(await standing(page)).toHaveLength(1);
  await setFull(false);
  await page.getByRole('button', { name: '확실해요' }).click();
  await expect(page.locator('.feedback')).toBeVisible();
  expect(await standing(page)).toHaveLength(2);
});

test('a browser without IndexedDB: studying works, and a banner says that nothing is kept', async ({ watched: page }) => {
  await page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
  await begin(page);
  await expect(page.getByRole('alert')).toContainText('이 브라우저는 기록을 남기지 않아요');
  await answer(page, true);
  await next(page);
  await expect(page.locator('.count')).toHaveText('2 / 10');
});

test('a database of a newer app is left alone, and the learner is told what to do', async ({ watched: page }) => {
  await begin(page);
  await answer(page, true);
  await page.goto('/engine.json');
  await page.evaluate(
    () =>
      new Promise<void>((done, failed) => {
        const opening = indexedDB.open('examsgraph-journal', 990);
        opening.onsuccess = () => {
          opening.result.close();
          done();
        };
        opening.onerror = () => failed(opening.error);
      }),
  );
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('더 새로운 버전의 앱이 저장한 답이에요');
  await expect(page.getByRole('button', { name: '새로고침' })).toBeVisible();
  expect(await standing(page)).toHaveLength(1);
});

test('an address of no session leads back home, not to a blank page', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/study/nowhere');
  await expect(page.getByRole('alert')).toContainText('이 학습을 찾을 수 없어요');
  await page.getByRole('link', { name: '홈으로' }).click();
  await expect(page.getByRole('heading', { name: '정보기술 기초' })).toBeVisible();
});

test.describe('without the service worker', () => {
  test.use({ serviceWorkers: 'block' });

  test('a pack that is gone from the phone and cannot be fetched is told on every screen that needs it; none waits for ever', async ({
    page,
  }) => {
    await begin(page);
    await page.goto('/icons/icon.svg');
    await page.evaluate(() => new Promise((done) => (indexedDB.deleteDatabase('examsgraph-cache').onsuccess = done)));
    await page.route(/\/packs\/.*\.pack$/, (route) => route.fulfill({ status: 503, body: '' }));
    for (const path of ['/', '/progress', '/review', '/practice', '/exam', '/my-model']) {
      await page.goto(path);
      await expect(page.locator('.notice.bad'), path).toContainText('문제집을 받지 못했어요');
      await expect(page.locator('.waiting'), path).toHaveCount(0);
      await expect(page.locator('h1'), path).toHaveCount(1);
    }
  });
});

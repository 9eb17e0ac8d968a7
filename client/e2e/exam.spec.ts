import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test as plain } from '@playwright/test';
import { killBrowser, openProfile } from './profile.ts';
import { answerMany, begin, choose, itemOnScreen, rows, standing, test } from './steps.ts';

const START = new Date('2026-03-02T09:00:00+09:00');

async function toExam(page: Page): Promise<void> {
  await page.goto('/exam');
  await expect(page.getByText('20문제를 20분 안에.')).toBeVisible();
}

/** From now on the page draws the same numbers every time. */
const drawTheSame = (page: Page) =>
  page.evaluate(() => {
    let state = 7;
    crypto.getRandomValues = (<T extends Uint8Array | Uint32Array>(words: T): T => {
      for (let i = 0; i < words.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        words[i] = state >>> 8;
      }
      return words;
    }) as typeof crypto.getRandomValues;
  });

async function startExam(page: Page, isSameSheet = false): Promise<void> {
  await toExam(page);
  if (isSameSheet) await drawTheSame(page);
  await page.getByRole('button', { name: '시험 시작' }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
}

const marks = async (page: Page) =>
  (await rows(page, 'exams')).at(-1)?.['marks'] as Record<string, { choice: string[]; flagged: boolean; ms_raw: number }>;

plain('a mock exam killed at minute 7 and opened at minute 8 has 12:00 left, and every answer and flag', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'examsgraph-profile-'));
  try {
    const first = await openProfile(profile);
    const page = await first.newPage();
    await page.clock.setFixedTime(START);
    await begin(page);
    await startExam(page);
    await expect(page.getByText('20:00 남음')).toBeVisible();
    const answered = (await itemOnScreen(page)).id;
    await choose(page, true);
    await page.getByRole('button', { name: '표시', exact: true }).click();
    await page.getByRole('button', { name: '다음' }).click();
    await expect.poll(async () => (await marks(page))[answered]?.flagged).toBe(true);
    const before = await marks(page);
    await first.setOffline(true);
    await page.clock.setFixedTime(START.getTime() + 7 * 60_000);
    await expect(page.getByText('13:00 남음')).toBeVisible();
    const address = page.url();
    killBrowser(profile);

    const second = await openProfile(profile);
    const again = await second.newPage();
    await again.clock.setFixedTime(START.getTime() + 8 * 60_000);
    await again.goto(address);
    await expect(again.getByText('12:00 남음')).toBeVisible();
    expect(await marks(again)).toMatchObject(before);
    await again.getByRole('button', { name: '모든 문제' }).click();
    await expect(again.getByRole('button', { name: '1번 문제, 답함, 표시함' })).toBeVisible();
    await expect(again.getByText('아직 답하지 않은 문제가 19개 있어요.')).toBeVisible();
    await again.getByRole('button', { name: '제출' }).click();
    await expect(again.getByRole('heading', { name: '20문제 중 1개 정답' })).toBeVisible();
    expect(await standing(again)).toHaveLength(1);
    await second.close();
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
});

test('a mock exam gives no feedback, then reports question by question and scores the prediction made before it', async ({
  watched: page,
}) => {
  await begin(page);
  await answerMany(page, 60);
  await toExam(page);
  await expect(page.getByText(/지금 예측: 100점 중 \d+~\d+점/)).toBeVisible();
  await page.getByRole('button', { name: '시험 시작' }).click();
  const before = (await standing(page)).length;
  for (let n = 1; n <= 20; n++) {
    await expect(page.locator('.count')).toHaveText(`${n} / 20`);
    await choose(page, n % 2 === 1);
    await expect(page.locator('.feedback')).toHaveCount(0);
    await expect(page.locator('.why')).toHaveCount(0);
    if (n < 20) await page.getByRole('button', { name: '다음' }).click();
  }
  expect(await standing(page)).toHaveLength(before);
  await page.getByRole('button', { name: '제출' }).click();
  await page.locator('dialog').getByRole('button', { name: '제출' }).click();
  await expect(page.getByRole('heading', { name: /20문제 중 \d+개 정답/ })).toBeVisible();
  await expect(page.getByText(/예측 \d+~\d+점, 실제 \d+점/)).toBeVisible();
  const report = page.locator('section[aria-labelledby=report]');
  await expect(report.locator('li details')).toHaveCount(20);
  await report.locator('summary').first().click();
  await expect(report.locator('.why').first()).toBeVisible();
  // an order question left as first shown counts as not answered
  const answers = (await standing(page)).filter((a) => a['session_id'] !== undefined && a['confidence'] === undefined);
  expect(answers.length).toBeGreaterThanOrEqual(16);
  const [exam] = await rows(page, 'exams');
  expect(exam?.['predicted']).not.toBeNull();
  await page.getByRole('link', { name: '완료' }).click();
  await expect(page.getByText(/지금까지 범위 1번 중 [01]번 맞았어요/)).toBeVisible();
});

test('when the time is up while nobody looks, what was answered is handed in, once', async ({ watched: page }) => {
  await page.clock.setFixedTime(START);
  await begin(page);
  await startExam(page);
  await choose(page, true);
  await page.getByRole('button', { name: '다음' }).click();
  await expect.poll(async () => Object.keys(await marks(page)).length).toBeGreaterThan(0);
  const address = page.url();
  await page.goto('/');
  await expect(page.getByText('진행 중, 20분 남음')).toBeVisible();
  await page.clock.setFixedTime(START.getTime() + 40 * 60_000);
  await page.goto(address);
  await expect(page.getByText('시간이 끝나서')).toBeVisible();
  await page.reload();
  await expect(page.getByText('시간이 끝나서')).toBeVisible();
  expect((await rows(page, 'events')).filter((e) => e['kind'] === 'exam.submitted')).toHaveLength(1);
  expect(await standing(page)).toHaveLength(1);
});

/** The page is out of sight, or seen again, as a phone tells it. */
const see = (page: Page, visibilityState: 'hidden' | 'visible') =>
  page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visibilityState);

test('time out of sight is not time spent, and leaving keeps what was typed a moment ago', async ({ watched: page }) => {
  await page.clock.install({ time: START });
  await begin(page);
  // one sheet in twenty has no question that is typed
  await startExam(page, true);
  const seen = (await itemOnScreen(page)).id;
  await choose(page, true);
  await page.getByRole('button', { name: '표시', exact: true }).click();
  await see(page, 'hidden');
  await page.clock.fastForward(300_000);
  await see(page, 'visible');
  await page.getByRole('button', { name: '표시', exact: true }).click();
  await expect.poll(async () => (await marks(page))[seen]?.flagged).toBe(false);
  expect((await marks(page))[seen]?.ms_raw).toBeLessThan(300_000);

  while (!(await page.locator('#typed').isVisible())) await page.getByRole('button', { name: '다음' }).click();
  const typed = (await itemOnScreen(page)).id;
  await page.clock.pauseAt(START.getTime() + 15 * 60_000);
  await page.locator('#typed').fill('12');
  await page.goBack();
  await expect.poll(async () => (await marks(page))[typed]?.choice).toEqual(['12']);
});

test('marks made faster than they can be written are all kept', async ({ watched: page }) => {
  await begin(page);
  await startExam(page);
  while (!(await itemOnScreen(page)).options) await page.getByRole('button', { name: '다음' }).click();
  const { id } = await itemOnScreen(page);
  // the first is on its way to the storage when the second is made
  await page.evaluate(async () => {
    for (const key of ['b', 'f']) {
      dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      await new Promise((done) => setTimeout(done));
    }
  });
  await expect.poll(async () => (await marks(page))[id]).toMatchObject({ choice: [expect.any(String)], flagged: true });
});

test('a mock exam is answered, flagged and turned over by keyboard', async ({ watched: page }) => {
  await begin(page);
  await startExam(page);
  let chosen = 0;
  for (let n = 0; n < 8; n++) {
    await expect(page.locator('.count')).toHaveText(`${n + 1} / 20`);
    const { options } = await itemOnScreen(page);
    if (options) {
      await page.keyboard.press('b');
      await expect(page.locator('.option input').nth(1)).toBeChecked();
      chosen += 1;
    }
    if (n === 0) await page.keyboard.press('f');
    await page.keyboard.press('Enter');
  }
  expect(chosen).toBeGreaterThan(2);
  await expect.poll(async () => Object.values(await marks(page)).filter((m) => m.choice.length > 0).length).toBeGreaterThanOrEqual(chosen);
  expect(Object.values(await marks(page)).filter((m) => m.flagged)).toHaveLength(1);
});

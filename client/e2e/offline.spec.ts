import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, expect, test as plain } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';
import { answer, begin, finishSession, itemOnScreen, next, standing, test, untilOfflineReady, watchFaults } from './steps.ts';

test('after the first visit everything works without a network: study, recommendations, training', async ({ watched: page, context }) => {
  await begin(page);
  await untilOfflineReady(page);
  await context.setOffline(true);
  await page.goto('/');
  await expect(page.getByText('오프라인 · 답 0개가 이 휴대폰에 저장됨')).toBeVisible();
  await page.getByRole('button', { name: /이어서 풀기/ }).click();
  await finishSession(page);
  await page.goto('/my-model');
  await page.getByRole('button', { name: '지금 학습' }).click();
  await expect(page.getByTestId('training-outcome')).toContainText('wasm', { timeout: 60_000 });
  await page.goto('/');
  await expect(page.locator('section[aria-labelledby=recommended] li.card')).toHaveCount(3);
  await page.goto('/settings');
  await expect(page.locator('section[aria-labelledby=storage] dd').filter({ hasText: '됨' })).toHaveCount(3);
});

/** SIGKILL to every process of the browser that has this profile. */
function kill(profile: string): void {
  const pids = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`--user-data-dir=${profile}`) && !line.includes('--type='))
    .map((line) => Number.parseInt(line, 10));
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

const open = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    ...launchOptions,
    baseURL: process.env['EG_BASE_URL'] ?? '',
    locale: 'ko-KR',
    timezoneId: 'Asia/Seoul',
    viewport: { width: 360, height: 780 },
  });

plain('a browser killed offline opens again at the same question with every answer', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'examsgraph-profile-'));
  try {
    const first = await open(profile);
    const page = await first.newPage();
    await begin(page);
    await untilOfflineReady(page);
    await first.setOffline(true);
    for (let n = 0; n < 4; n++) {
      await answer(page, n % 2 === 0);
      await next(page);
    }
    const wanted = await itemOnScreen(page);
    const ids = (await standing(page)).map((a) => a['attempt_id']);
    const address = page.url();
    kill(profile);

    const second = await open(profile);
    await second.setOffline(true);
    const again = await second.newPage();
    const faults = watchFaults(again);
    await again.goto(new URL('/', address).href);
    await expect(again.getByText('오프라인 · 답 4개가 이 휴대폰에 저장됨')).toBeVisible();
    await again.getByRole('button', { name: /이어서 풀기: 6문제 남음/ }).click();
    await expect(again.locator('.count')).toHaveText('5 / 10');
    expect((await itemOnScreen(again)).id).toBe(wanted.id);
    expect((await standing(again)).map((a) => a['attempt_id'])).toEqual(ids);
    expect(faults).toEqual([]);
    await second.close();
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});

plain('eight browsers killed at eight moments of a study lose no acknowledged answer and double none', async () => {
  plain.setTimeout(180_000);
  const profile = mkdtempSync(join(tmpdir(), 'examsgraph-profile-'));
  try {
    const acknowledged: string[] = [];
    for (let round = 0; round < 8; round++) {
      const context = await open(profile);
      const page = await context.newPage();
      if (round === 0) await begin(page);
      else {
        await page.goto('/');
        await page.locator('.button.primary').first().click();
      }
      for (let n = 0; n < 2; n++) {
        await answer(page, true);
        acknowledged.push((await itemOnScreen(page)).id);
        if (n === 0 || round % 2 === 0) await next(page);
        if (page.url().includes('/done/')) break;
      }
      kill(profile);
    }
    const context = await open(profile);
    const page = await context.newPage();
    await page.goto('/');
    await expect(page.locator('h1')).toBeVisible();
    const kept = (await standing(page)).map((a) => String(a['item_id']));
    expect(kept.slice().sort()).toEqual(acknowledged.slice().sort());
    await context.close();
  } finally {
    rmSync(profile, { recursive: true, force: true });
  }
});

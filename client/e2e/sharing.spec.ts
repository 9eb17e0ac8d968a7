import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, chromium, expect, test as plain } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';
import { agree, answerMany, begin, rows, test } from './steps.ts';

test.use({ baseURL: process.env['EG_TRIAL_URL'] ?? '' });

test('Privacy: four consents, all off; what would be sent and the odds are said, and the two answers are equal', async ({ page }) => {
  await page.goto(new URL('/privacy', process.env['EG_BASE_URL']).href);
  await expect(page).toHaveURL(/\/sharing$/);
  await expect(page.getByText('52주 동안 최악의 경우 ε ≤ 2.985')).toBeVisible();
  await expect(page.getByText('ε이 1이면 2.7배, 4면 55배예요.')).toBeVisible();
  await expect(page.getByText('꺼짐', { exact: true })).toHaveCount(3);
  const [yes, no] = ['동의하고 공유하기', '공유하지 않기'].map((name) => page.getByRole('button', { name, exact: true }));
  const look = (button: typeof yes) =>
    button?.evaluate((b) => {
      const { backgroundColor, color, fontSize, fontWeight, height, width, borderColor } = getComputedStyle(b);
      return { backgroundColor, fontSize, fontWeight, height, width, borderColor, color };
    });
  await page.getByText('만 16세 이상').click();
  await expect(yes as NonNullable<typeof yes>).toBeEnabled();
  expect(await look(yes)).toEqual(await look(no));
});

test('on the trial: study, share, simulated learners contribute; the own update lands in a version that the phone pulls and verifies', async ({
  watched: page,
}) => {
  const sent: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/api/')) sent.push(request.url());
  });
  await begin(page);
  await expect(page.getByText('체험판: 개인정보가 보호되지 않아요')).toBeVisible();
  await answerMany(page, 12);
  expect(sent, 'a fresh profile sends nothing').toEqual([]);
  await agree(page);
  await expect(page.getByText('서버가 받음, 합산 대기')).toBeVisible();
  await expect(page.locator('main')).not.toContainText('ε ≤');
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => v.id)).toEqual([]);
  await page.getByRole('button', { name: '모의 학습자도 참여시키기' }).click();
  await expect(page.getByText(/^버전 \d+에 들어갔어요\(슬롯 1\)\.$/)).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText(/내 업데이트가 버전 1에 들어갔어요\. 접수 기록과 증명/)).toBeVisible();
  await expect(page.getByText(/^버전 1 사용 중/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText(/증명: 공개 기록의 \d+번 항목/)).toBeVisible();
  const [row] = (await rows(page, 'contributions')) as { status: string; bytes: number }[];
  expect([row?.status, row?.bytes]).toEqual(['landed', 6564]);
  expect(await rows(page, 'outbox')).toEqual([]);
  await page.goto('/my-model');
  await expect(page.getByText(/federated-contributions/).first()).toBeVisible();
});

test('a phone whose clock jumped a day ahead hears it from the server: what it logs then is ordered by the server’s time, and keeps its own', async ({
  watched: page,
}) => {
  await begin(page);
  await answerMany(page, 1);
  await agree(page);
  await page.addInitScript(() => {
    const right = Date.now;
    Date.now = () => right() + 86_400_000;
  });
  await page.goto('/sharing');
  // a reply that has come is not yet one that was heard
  await page.waitForFunction(() => localStorage.getItem('examsgraph.clock') !== null);
  await page.goto('/study');
  await answerMany(page, 1);
  const events = (await rows(page, 'events')) as { kind: string; hlc: string; at: number }[];
  const latest = events.filter((e) => e.kind === 'answer.recorded').at(-1);
  const now = await page.evaluate(() => Date.now());
  expect(Math.abs(now - (latest?.at ?? 0))).toBeLessThan(60_000);
  expect(Math.abs(now - 86_400_000 - Number(latest?.hlc.slice(0, 13)))).toBeLessThan(60_000);
});

/** SIGKILL to every process of the browser that has this profile. */
function kill(profile: string): void {
  for (const line of execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).split('\n')) {
    if (line.includes(`--user-data-dir=${profile}`) && !line.includes('--type=')) process.kill(Number.parseInt(line, 10), 'SIGKILL');
  }
}

const open = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    ...launchOptions,
    baseURL: process.env['EG_TRIAL_URL'] ?? '',
    locale: 'ko-KR',
    viewport: { width: 360, height: 780 },
  });

const digest = (body: Buffer | null): string =>
  createHash('sha256')
    .update(body ?? '')
    .digest('hex');

plain('an upload cut off by the network and by a kill is sent again byte for byte, and charged once', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'examsgraph-profile-'));
  const bodies: string[] = [];
  try {
    const first = await open(profile);
    const page = await first.newPage();
    await begin(page);
    await answerMany(page, 12);
    // No network: the report is sealed and kept.
    await page.route('**/fed/reports/*', (route) => route.abort());
    await agree(page);
    await expect(page.getByText('봉인됨, 전송 대기')).toBeVisible();
    await expect(page.getByText(/오프라인이에요/)).toBeVisible();
    const [sealed] = (await rows(page, 'outbox')) as { report_id: string }[];
    // The server gets it, but its answer is lost, and the browser is killed.
    await page.unroute('**/fed/reports/*');
    let hasArrived = () => {};
    const arrived = new Promise<void>((done) => {
      hasArrived = done;
    });
    await page.route('**/fed/reports/*', async (route) => {
      if (route.request().method() !== 'PUT') return route.continue();
      bodies.push(digest(route.request().postDataBuffer()));
      await route.fetch();
      hasArrived();
    });
    // a round the page began by itself may be under way, which the button does not interrupt
    await expect(async () => {
      await page.getByRole('button', { name: '지금 보내고 확인하기' }).click({ timeout: 3000 });
      await expect.poll(() => bodies.length, { timeout: 3000 }).toBeGreaterThan(0);
    }).toPass();
    await arrived;
    kill(profile);

    const second = await open(profile);
    const again = await second.newPage();
    const statuses: number[] = [];
    again.on('response', (response) => {
      if (response.request().method() !== 'PUT' || !response.url().includes('/fed/reports/')) return;
      statuses.push(response.status());
      bodies.push(digest(response.request().postDataBuffer()));
    });
    await again.goto(new URL('/sharing', process.env['EG_TRIAL_URL']).href);
    await again.getByRole('button', { name: '지금 보내고 확인하기' }).click();
    await expect(again.getByText('서버가 받음, 합산 대기')).toBeVisible();
    expect(statuses).toEqual([200]);
    expect(new Set(bodies).size).toBe(1);
    const booked = (await rows(again, 'contributions')) as { report_id: string }[];
    expect(booked.map((c) => c.report_id)).toEqual([sealed?.report_id]);
    expect(await rows(again, 'outbox')).toEqual([]);
    // Withdrawal is as easy as consent: what is under way is taken back.
    await again.getByRole('button', { name: '공유 그만하기' }).click();
    await expect(again.getByText('취소함', { exact: true })).toBeVisible();
    await again.getByRole('button', { name: '서버의 내 정보 지우기' }).click();
    await expect(again.getByText(/지웠어요\. 공개 기록의 참조 번호: [0-9a-f]{32}/)).toBeVisible();
    await second.close();
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
});

test('on the trial: analytics alone; a week of numbers lands in a sum with simulated learners, stopping tells the server, and no model is fetched', async ({
  watched: page,
}) => {
  await begin(page);
  await answerMany(page, 12);
  const fetched: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.includes('/fed/models/')) fetched.push(request.url());
  });
  await page.goto('/sharing');
  await page.getByRole('button', { name: '읽어 보고 정하기' }).click();
  const card = page.getByRole('region', { name: '비공개 통계' });
  await card.getByText('만 16세 이상').click();
  await card.getByRole('button', { name: '동의하고 공유하기', exact: true }).click();
  const on = page.getByRole('region', { name: '분석이 켜져 있어요' });
  await expect(on).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => v.id)).toEqual([]);
  await on.getByRole('button', { name: '모의 학습자도 참여시키기' }).click();
  await expect(page.getByText(/^슬롯 \d+에서 합산됐어요\.$/)).toBeVisible({ timeout: 60_000 });
  const [row] = (await rows(page, 'contributions')) as { status: string; bytes: number; purpose: string }[];
  expect([row?.purpose, row?.status, row?.bytes]).toEqual(['analytics', 'landed', 1184]);
  // what simulated learners send has arrived: other journeys count it
  await expect(on.getByRole('button', { name: '모의 학습자도 참여시키기' })).toBeEnabled({ timeout: 30_000 });
  // the age was told once: the other question does not ask for it, and can be answered
  await expect(page.getByText('만 16세 이상')).toHaveCount(0);
  await expect(page.getByRole('button', { name: '동의하고 공유하기', exact: true })).toBeEnabled();
  await on.getByRole('button', { name: '분석 그만하기' }).click();
  await expect(page.getByText('분석을 껐어요.', { exact: false })).toBeVisible();
  await expect(page.getByRole('button', { name: '읽어 보고 정하기' })).toBeVisible();
  await expect(page.getByText('꺼짐', { exact: true })).toHaveCount(3);
  expect(fetched).toEqual([]);
});

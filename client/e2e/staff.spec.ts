import { readFileSync, writeFileSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { deviceDelta } from '#models/federated/delta.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { encodeCells } from '#shared/statistics/layout.ts';
import { fastPrimitives } from '#sync-server/crypto/fast-primitives.ts';
import { secureRng } from '#sync-server/crypto/secure-rng.ts';
import { syntheticRows } from '#sync-server/simulation/contribute-some.ts';
import { syntheticWeek } from '#sync-server/simulation/synthetic-week.ts';
import { type Air, enrolVirtualDevice, fetchConfig, fetchModel, fetchStatistics } from '#sync-server/simulation/virtual-device.ts';
import { setUp, staffPage } from './staff-steps.ts';
import { answerMany, begin, test } from './steps.ts';

async function expectClean(page: Page, screen: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => `${screen}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)).toEqual([]);
}

/** An invite link, as the admin's page makes it. */
async function inviteLink(page: Page, role: '감사자' | '분석가', name: string): Promise<string> {
  await page.getByRole('link', { name: '구성원' }).click();
  await page.getByText(role, { exact: true }).last().click();
  await page.getByLabel('이름').fill(name);
  await page.getByRole('button', { name: '초대', exact: true }).click();
  return page.locator('code').filter({ hasText: '#join=' }).innerText();
}

test('on the trial an admin signs in, sees a version land, and rolls it back; roles see only their own pages', async ({ browser }) => {
  test.setTimeout(120_000);
  const address = new URL('/dashboard', process.env['EG_TRIAL_URL']).href;
  const { page, faults } = await staffPage(browser, address);
  const { codes, id } = await setUp(page, process.env['EG_TRIAL_CODE'] ?? '');
  await expect(page.getByText('체험판: 개인정보가 보호되지 않아요')).toBeVisible();
  await expectClean(page, 'today');
  await expect(page.locator('main')).not.toContainText('ε ≤');

  await page.getByRole('link', { name: '합산' }).click();
  const gathered = /5개 중\s(\d)개/;
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(gathered);
  const waiting = Number(gathered.exec(await page.getByRole('heading', { level: 1 }).innerText())?.[1]);
  const released = page.locator('tbody tr', { hasText: '공개됨' });
  const before = await released.count();
  await page.getByRole('button', { name: '모의 학습자도 참여시키기' }).click();
  await expect(page.getByText('모의 학습자가 참여했어요.')).toBeVisible({ timeout: 20_000 });
  await page.getByRole('button', { name: '모의 학습자도 참여시키기' }).click();
  // four learners each time: all that can be summed is, or a version would land after the roll-back below
  await expect(released).toHaveCount(before + Math.floor((waiting + 8) / 5), { timeout: 40_000 });
  await expectClean(page, 'flushes');
  await page.getByText('통계', { exact: true }).click();
  await expect(page.getByRole('columnheader', { name: '버전' })).toHaveCount(0);
  await expect(released.first()).toBeVisible();
  await expectClean(page, 'flushes of statistics');

  await page.getByRole('link', { name: 'A/B 테스트' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('진행 중인 테스트가 없어요.');
  await page.getByLabel('가설').fill('자유 추천을 늘리면 이득이 커진다');
  await page.getByLabel(/자유롭게 고르는 추천/).fill('20');
  await page.getByRole('button', { name: '테스트 시작' }).click();
  await expect(page.getByText(/먼저 같은 방식끼리 비교하는 테스트/)).toBeVisible();
  await page.getByLabel(/자유롭게 고르는 추천/).fill('5');
  await page.getByRole('button', { name: '테스트 시작' }).click();
  const running = page.getByRole('region', { name: /테스트 \d+/ });
  await expect(running.getByText('아직 이 테스트가 담긴 슬롯이 없어요.', { exact: false })).toBeVisible();
  await page.getByRole('link', { name: '합산' }).click();
  for (let n = 0; n < 2; n++) {
    await page.getByRole('button', { name: '모의 학습자도 참여시키기' }).click();
    await expect(page.getByRole('button', { name: '모의 학습자도 참여시키기' })).toBeEnabled({ timeout: 20_000 });
  }
  await page.getByRole('link', { name: 'A/B 테스트' }).click();
  await expect(running.getByText(/슬롯 1개/)).toBeVisible({ timeout: 40_000 });
  await expect(running.getByText('잡음이 커서 보여 줄 수 없어요.', { exact: false })).toBeVisible();
  await expectClean(page, 'tests');
  await running.getByText('적용 안 함', { exact: true }).click();
  await running.getByLabel('이유').fill('A/A');
  await running.getByRole('button', { name: '이 테스트 끝내기' }).click();
  await expect(running.getByText('끝난 이유: A/A')).toBeVisible();

  await page.getByRole('link', { name: '모델' }).click();
  const older = page.getByRole('listitem', { name: '버전 0', exact: true });
  await older.getByRole('button', { name: '이 버전으로 되돌리기' }).click();
  await expect(older.getByText('먼저 이유를 적으세요.')).toBeVisible();
  await older.getByLabel('이유').fill('시험');
  await older.getByRole('button', { name: '이 버전으로 되돌리기' }).click();
  await expect(page.getByRole('heading', { name: '버전 0 사용 중' })).toBeVisible();
  await expect(page.getByText(/되돌림 버전 0: 시험/)).toBeVisible();
  await expectClean(page, 'models');

  await page.getByRole('link', { name: '실행', exact: true }).click();
  await page.getByRole('combobox', { name: '실험' }).selectOption({ label: 'federated-flushes' });
  await page.getByLabel('필터').fill('metrics.epsilon_cap >');
  await expect(page.getByRole('alert')).toContainText('이해하지 못했어요');
  await page.getByLabel('필터').fill("params.k = '5'");
  const away = { status: 503, json: { error_code: 'TEMPORARILY_UNAVAILABLE', message: '' } };
  await page.route('**/mlflow/runs/search', (route) => route.fulfill(away), { times: 1 });
  await page.getByRole('button', { name: '찾기' }).click();
  await expect(page.getByText('데이터베이스가 응답하지 않아요. 다시 시도하세요.')).toBeVisible();
  await page.getByRole('button', { name: '다시 시도' }).click();
  await expect(page.getByText(/실행 \d+개를 불러왔어요. 이게 전부예요./)).toBeVisible();
  await page.getByRole('button', { name: 'slot 1', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'slot 1' })).toBeVisible();
  await expect(page.locator('section[aria-labelledby=details]')).toContainText('holdout_log_loss');
  await expect(page.locator('section[aria-labelledby=registry]')).toContainText('champion');
  await expectClean(page, 'runs');

  await page.getByRole('link', { name: '토큰' }).click();
  await page.getByLabel('어디에 쓰나요?').fill('노트북');
  await page.getByRole('button', { name: '토큰 만들기' }).click();
  const token = await page.locator('code', { hasText: /^egt_/ }).innerText();
  await expectClean(page, 'tokens');
  const asked = () =>
    fetch(new URL('/api/2.0/mlflow/experiments/search', process.env['EG_TRIAL_URL']), { headers: { Authorization: `Bearer ${token}` } });
  expect((await (await asked()).json()).experiments.map((e: { name: string }) => e.name)).toContain('federated-flushes');
  await page.getByRole('button', { name: '노트북 폐기' }).click();
  await expect.poll(async () => (await asked()).status, { timeout: 10_000 }).toBe(401);
  await page.reload();
  await expect(page.getByRole('heading', { name: '쓰고 있는 토큰이 없어요.' })).toBeVisible();
  await expect(page.getByText(token)).toHaveCount(0);

  const link = await inviteLink(page, '분석가', '정연');
  await expectClean(page, 'staff');
  const analyst = await staffPage(browser, link);
  await analyst.page.getByRole('button', { name: '패스키 만들기' }).click();
  await analyst.page.getByRole('button', { name: '보관했어요' }).click();
  await expect(analyst.page.locator('.staff-bar a')).toHaveText(['합산', '실행', '토큰']);
  expect(await analyst.page.evaluate(async () => (await fetch('/dashboard/api/models')).status)).toBe(403);
  const late = await staffPage(browser, link);
  await late.page.getByRole('button', { name: '패스키 만들기' }).click();
  await expect(late.page.getByText(/이미 썼거나/)).toBeVisible();

  await page.getByRole('button', { name: '로그아웃' }).click();
  await page.getByRole('button', { name: '패스키로 로그인' }).click();
  await expect(page.locator('.staff-bar').getByText('관리자')).toBeVisible();
  await page.getByRole('button', { name: '로그아웃' }).click();
  for (const isFirst of [true, false]) {
    await page.getByText('복구 코드로 로그인').click();
    await page.getByLabel('구성원 ID').fill(id);
    await page.getByLabel('복구 코드').fill(codes[3] ?? '');
    await page.getByRole('button', { name: '로그인', exact: true }).click();
    if (isFirst) {
      await expect(page.locator('.staff-bar').getByText('관리자')).toBeVisible();
      await page.getByRole('button', { name: '로그아웃' }).click();
    } else await expect(page.getByText(/알 수 없거나 이미 쓴 복구 코드/)).toBeVisible();
  }
  expect(faults.filter((f) => !/status of (401|409|503)/.test(f))).toEqual([]);
});

/** K - 1 simulated peers over the real protocol. */
async function peers(howMany: number): Promise<void> {
  const air: Air = {
    leader: (process.env['EG_BASE_URL'] ?? '').replace(/\/$/, ''),
    crypto: await fastPrimitives(),
    rng: secureRng(),
  };
  const config = await fetchConfig(air);
  const statistics = await fetchStatistics(air);
  const model = await fetchModel(air, config);
  const learner = referenceLearner();
  for (let n = 0; n < howMany; n++) {
    const device = await enrolVirtualDevice(air);
    const delta = await deviceDelta(learner, model.base, syntheticRows(1000 + n));
    expect(await device.prepared(config, model, delta, 1).upload(air.leader)).toBe(201);
    if (statistics) expect(await device.preparedWeek(statistics, encodeCells(syntheticWeek(air.rng)), 1).upload(air.leader)).toBe(201);
  }
}

test('on production, with 299 peers, the auditor’s browser recomputes the same ε, and finds an altered ledger row', async ({
  watched: page,
  browser,
}, info) => {
  test.setTimeout(180_000);
  await begin(page);
  await expect(page.getByText('체험판: 개인정보가 보호되지 않아요')).toHaveCount(0);
  await answerMany(page, 12);
  await page.goto('/sharing');
  await expect(page.getByText(/ε ≤ 2\.985/)).toBeVisible();
  await expect(page.getByText(/암호 키는 나뉘어 있지만 믿어야 할 곳은 하나예요/)).toBeVisible();
  await page.getByText('만 16세 이상').click();
  await page.getByRole('button', { name: '동의하고 공유하기', exact: true }).click();
  await expect(page.getByText(/4번 중 1번째 · 내 ε 1\.397, 한도 2\.985, 두 종류를 합해 지금까지 1\.397/)).toBeVisible();
  await expect(page.getByRole('button', { name: '모의 학습자도 참여시키기' })).toHaveCount(0);
  await page.getByRole('button', { name: '읽어 보고 정하기' }).click();
  await expect(page.getByText('52주 동안 최악의 경우 ε ≤ 2.255')).toBeVisible();
  await expect(page.getByText('다른 종류의 참여와 합하면 최악의 경우 ε ≤ 3.882')).toBeVisible();
  await page.getByRole('button', { name: '동의하고 공유하기', exact: true }).click();
  await expect(page.getByRole('heading', { name: '분석이 켜져 있어요' })).toBeVisible();
  await page.getByRole('button', { name: '지금 보내고 확인하기' }).click();
  await expect(page.getByText(/4번 중 1번째 · 내 ε 1\.061, 한도 2\.255, 두 종류를 합해 지금까지 1\.804/)).toBeVisible();

  const { page: admin } = await staffPage(browser, new URL('/dashboard', process.env['EG_BASE_URL']).href);
  await setUp(admin, process.env['EG_SETUP_CODE'] ?? '');
  await expect(admin.getByText('300개 중 1개')).toBeVisible();
  await peers(299);
  await page.getByRole('button', { name: '지금 보내고 확인하기' }).click();
  await expect(page.getByText('합산됨', { exact: true })).toHaveCount(2, { timeout: 60_000 });

  const auditor = await staffPage(browser, await inviteLink(admin, '감사자', '수민'));
  await auditor.page.getByRole('button', { name: '패스키 만들기' }).click();
  await auditor.page.getByRole('button', { name: '보관했어요' }).click();
  await expect(auditor.page.locator('.staff-bar a')).toHaveText(['감사', '실행', '토큰']);
  await expect(auditor.page.getByRole('heading', { level: 1 })).toContainText('기록은 4번 항목까지 온전해요. ε ≤ 3.882');
  await expect(auditor.page.getByText(/\(ε ≤ 3\.882, δ = 1e-6\).*통계 기여는 많아야 4번/)).toBeVisible();
  await expect(auditor.page.getByText('지금까지: ε ≤ 1.496.')).toBeVisible();
  await expect(auditor.page.locator('.chip.good')).toHaveCount(4);
  await auditor.page.getByRole('button', { name: '다시 계산' }).click();
  const difference = Number(await auditor.page.locator('[data-difference]').getAttribute('data-difference'));
  expect(difference).toBeLessThanOrEqual(1e-9);
  await expect(auditor.page.locator('[data-difference]')).toContainText('1.49511');
  await expect(auditor.page.getByText('6564', { exact: true })).toBeVisible();
  await expect(auditor.page.getByText(/ε ≤ 71\.\d{3}/)).toBeVisible();
  await expectClean(auditor.page, 'audit');

  const download = auditor.page.waitForEvent('download');
  await auditor.page.getByRole('button', { name: '내보내기(JSON 줄)' }).click();
  const file = info.outputPath('ledger.jsonl');
  await (await download).saveAs(file);
  await auditor.page.locator('input[type=file]').setInputFiles(file);
  await expect(auditor.page.getByText(/행 중 \d+행이 온전해요/)).toBeVisible();
  const altered = readFileSync(file, 'utf8')
    .split('\n')
    .map((line, row) => (row === 3 ? line.replace('\\"k\\":300', '\\"k\\":299') : line));
  writeFileSync(file, altered.join('\n'));
  await auditor.page.locator('input[type=file]').setInputFiles(file);
  await expect(auditor.page.getByText('3번 행: hash mismatch')).toBeVisible();
  expect(auditor.faults).toEqual([]);
});

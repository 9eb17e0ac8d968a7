import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { answer, answerMany, begin, choose, finishSession, itemOnScreen, next, rows, standing, test } from './steps.ts';

const DAY = 86_400_000;
const START = new Date('2026-03-02T09:00:00+09:00').getTime();

const events = async (page: Page, kind: string) => (await rows(page, 'events')).filter((e) => e['kind'] === kind);

test('answers come back for review when they are about to fade, today’s portion first, and pausing loses nothing', async ({
  watched: page,
}) => {
  await page.clock.setFixedTime(START);
  await begin(page);
  await answerMany(page, 12);
  await page.goto('/review');
  await expect(page.getByRole('heading', { name: '오늘 복습할 문제가 없어요.' })).toBeVisible();
  await expect(page.getByText(/30일 동안 복습 12문제/)).toBeVisible();
  await page.clock.setFixedTime(START + 4 * DAY);
  await page.goto('/');
  await expect(page.getByRole('link', { name: /복습 오늘 \d+문제/ })).toBeVisible();
  await page.goto('/review');
  const headline = page.locator('#portion');
  await expect(headline).toContainText(/오늘: \d+문제/);
  await page.getByText('10문제').click();
  await expect(headline).toContainText('오늘: 10문제');
  await expect(page.getByText(/밀린 \d+문제는/)).toBeVisible();
  await page.getByRole('button', { name: '복습 멈추기' }).click();
  await expect(headline).toContainText('멈춰 두었어요');
  await page.getByRole('button', { name: '복습 다시 하기' }).click();
  await page.getByRole('button', { name: '복습 시작' }).click();
  await expect(page.locator('.count')).toHaveText('1 / 10');
  const seen = new Set((await standing(page)).map((a) => a['item_id']));
  for (let n = 0; n < 3; n++) {
    expect(seen.has((await itemOnScreen(page)).id)).toBe(true);
    await answer(page, true);
    await next(page);
  }
  expect((await rows(page, 'sessions')).at(-1)?.['mode'] ?? '').toMatch(/practice|review/);
  await page.goto('/review');
  await expect(headline).toContainText(/오늘: \d문제/);
});

test('four buttons after a review, if wanted: each says when the question comes back, and what is pressed counts', async ({
  watched: page,
}) => {
  await page.clock.setFixedTime(START);
  await begin(page);
  await answerMany(page, 12);
  await page.goto('/settings');
  await page
    .getByRole('group', { name: /복습 뒤 단추 네 개/ })
    .getByText('켜기')
    .click();
  await expect.poll(async () => (await rows(page, 'settings')).find((r) => r['key'] === 'study.grades')?.['value']).toBe('on');
  await page.clock.setFixedTime(START + 4 * DAY);
  await page.goto('/review');
  await page.getByRole('button', { name: '복습 시작' }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
  await page.clock.install({ time: START + 4 * DAY });
  await answer(page, false);
  await expect(page.getByRole('button', { name: /알맞음/ })).toHaveCount(0);
  await page.clock.fastForward(1000);
  await next(page);
  await answer(page, true);
  await page.clock.fastForward(1000);
  await expect(page.getByRole('button', { name: /^어려움 \d+일$/ })).toBeVisible();
  await expect(page.getByRole('button', { name: '되돌리기' })).toBeEnabled();
  await page.getByRole('button', { name: /^다시 \d+일$/ }).click();
  await expect(page.locator('.feedback')).toHaveCount(0);
  const last = (await standing(page)).sort((a, b) => Number(a['seq']) - Number(b['seq'])).at(-1);
  expect([last?.['correct'], last?.['grade']]).toEqual([1, 1]);
});

test('a session of one’s own choice asks what was chosen: a topic, what was wrong, what was bookmarked', async ({ watched: page }) => {
  await begin(page);
  const first = await itemOnScreen(page);
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await page.getByRole('button', { name: '책갈피' }).click();
  await expect(page.getByRole('button', { name: '책갈피 지우기' })).toBeVisible();
  await page.getByRole('button', { name: '닫기' }).click();
  await page.goto('/practice');
  await page.getByLabel('웹', { exact: true }).check();
  await expect(page.getByText('30문제가 맞아요.')).toBeVisible();
  await page.getByLabel('모든 분야').check();
  await page.getByLabel('어떤 문제').selectOption('bookmarked');
  await expect(page.getByText('1문제가 맞아요.')).toBeVisible();
  await page.getByRole('button', { name: '시작' }).click();
  expect((await itemOnScreen(page)).id).toBe(first.id);
  await expect(page.locator('.count')).toHaveText('1 / 1');
});

test('Progress tells what is missing at 12 answers, and at 180 a range, areas with intervals, a focus and the errors', async ({
  watched: page,
}) => {
  await begin(page);
  await answerMany(page, 12);
  await page.goto('/progress');
  await expect(page.getByText(/아직 일러요: 답 30개 중 12개/)).toBeVisible();
  await expect(page.locator('section[aria-labelledby=patterns]')).toContainText('지금 200 중 12');
  await answerMany(page, 168);
  await page.goto('/progress');
  await expect(page.locator('#score + .big')).toContainText(/100점 중 \d+~\d+점/);
  await expect(page.locator('section[aria-labelledby=focus]')).toContainText(/다음은 .+: 정답률 \d+\s?%, 시험의 \d+\s?%/);
  await expect(page.locator('.areas li')).toHaveCount(8);
  await expect(page.locator('.verdict-gap').first()).toBeVisible();
  await expect(page.locator('.verdict-strength').first()).toBeVisible();
  await expect(page.locator('section[aria-labelledby=calibration]')).toContainText(/확실하다고 했을 때\s*\d+\s?% 맞았어요 \(n = 180\)/);
  await expect(page.locator('section[aria-labelledby=errors] li details')).toHaveCount(20);
  await expect(page.locator('section[aria-labelledby=calendar]')).toContainText('1일 공부하고 답 180개');
  await page.getByText('오늘', { exact: true }).click();
  await expect(page.getByText(/답 180개, 정답률/)).toBeVisible();
});

test('a topic of the graph leads into a drill of that topic, by tap and by keyboard', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/progress');
  await page.locator('.tappable').first().click();
  await expect(page.locator('.count')).toHaveText('1 / 10');
  expect((await itemOnScreen(page)).topics).toContain('hardware');
  await page.goto('/progress');
  await page.locator('section[aria-labelledby=graph] summary').click();
  await page.getByRole('button', { name: '보안 풀기' }).press('Enter');
  await expect(page.locator('.count')).toHaveText('1 / 10');
  expect((await itemOnScreen(page)).topics).toContain('security');
});

test('the real exam’s result is compared with the range given before it, and can be changed', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 80);
  await page.goto('/progress');
  await page.locator('#real').click();
  const points = page.getByLabel('점수(100점 만점, 알면)');
  await points.fill('많이');
  await expect(page.getByRole('alert')).toContainText('0부터 100까지');
  await points.fill('52');
  await page.getByText('합격', { exact: true }).click();
  await page.getByRole('button', { name: '결과 저장' }).click();
  await expect(page.getByText(/실제 시험: 범위 \d+~\d+, 실제 52/)).toBeVisible();
  await points.fill('99');
  await page.getByRole('button', { name: '결과 저장' }).click();
  await expect(page.getByText(/실제 시험: 범위 \d+~\d+, 실제 99 ✗/)).toBeVisible();
  const results = await rows(page, 'exam_results');
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ passed: true, score: 0.99 });
});

test('three days after the exam’s date the app asks how it went, once', async ({ watched: page }) => {
  await page.clock.setFixedTime(START);
  await begin(page);
  await page.goto('/review');
  await page.getByLabel('시험일').fill('2026-03-10');
  await expect.poll(async () => (await rows(page, 'settings')).find((r) => r['key'] === 'exam_date')?.['value']).toBe('2026-03-10');
  const card = page.getByRole('heading', { name: '시험은 어땠나요?' });
  for (const [day, isAsked] of [
    [10, false],
    [12, false],
    [13, true],
  ] as const) {
    await page.clock.setFixedTime(new Date(`2026-03-${day}T12:00:00+09:00`));
    await page.goto('/');
    await expect(page.locator('#recommended')).toBeVisible();
    await expect(card).toHaveCount(isAsked ? 1 : 0);
  }
  await page.getByRole('link', { name: '결과 적기' }).click();
  await expect(page.locator('#real')).toBeVisible();
  await page.goto('/');
  await expect(page.locator('#recommended')).toBeVisible();
  await expect(card).toHaveCount(0);
});

test('options can be ruled out and brought back, and a third button says Guess', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/settings');
  await page.locator('section[aria-labelledby=studying]').getByText('켜기').first().click();
  await expect.poll(async () => (await rows(page, 'settings')).find((r) => r['key'] === 'study.guess')?.['value']).toBe('on');
  await page.goto('/');
  await page.getByRole('button', { name: /이어서 풀기/ }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
  for (let i = 0; i < 10 && (await itemOnScreen(page)).type !== 'single'; i++) {
    await answer(page, true);
    await next(page);
  }
  await page
    .getByRole('button', { name: /^답에서 빼기/ })
    .first()
    .click();
  await expect(page.locator('.choice[data-struck]')).toHaveCount(1);
  await page.locator('.option').first().click();
  await expect(page.locator('.choice[data-struck]')).toHaveCount(0);
  await choose(page, true);
  const places = await page.locator('.bottom .button').all();
  const [guess, , sure] = await Promise.all(places.map((b) => b.boundingBox()));
  await page.getByRole('button', { name: '찍었어요' }).click();
  await expect(page.locator('.feedback')).toBeVisible();
  expect(await page.locator('.bottom .button').last().boundingBox()).toEqual(sure);
  expect(await page.locator('.bottom .button').first().boundingBox()).toEqual(guess);
  await expect(page.getByRole('status').filter({ hasText: '찍었다고 했어요' })).toBeVisible();
  expect((await standing(page)).map((a) => a['confidence'])).toContain(0.4);
});

test('a question can be flagged, noted, rated, reported and put away, and its error given a cause', async ({ watched: page }) => {
  await begin(page);
  const item = await itemOnScreen(page);
  await page.getByRole('button', { name: '표시', exact: true }).click();
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await page.getByLabel('내 메모').fill('외우기');
  await page.getByRole('button', { name: '메모 저장' }).click();
  await expect(page.getByText('저장했어요.')).toBeVisible();
  await page.locator('dialog').getByText('너무 어려움').click();
  await page.getByText('문제 신고').click();
  await page.getByLabel('무엇이 잘못됐나요?').selectOption('unclear');
  await page.getByRole('button', { name: '신고 남기기' }).click();
  await expect(page.getByText(/이 휴대폰에만 남아 있어요/)).toBeVisible();
  await page.getByRole('button', { name: '닫기' }).click();
  await answer(page, false);
  await page.getByText('잘못 읽음').click();
  await expect.poll(async () => (await events(page, 'answer.cause')).length).toBe(1);
  expect(await rows(page, 'items')).toMatchObject([{ item_id: item.id, flagged: true, note: '외우기', reported: 'unclear' }]);
  expect((await standing(page))[0]).toMatchObject({ cause: 'misread' });
  await next(page);
  const second = await itemOnScreen(page);
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await page.getByRole('button', { name: '다시 내지 않기' }).click();
  await expect.poll(async () => (await itemOnScreen(page)).id).not.toBe(second.id);
  await finishSession(page);
  expect((await standing(page)).map((a) => a['item_id'])).not.toContain(second.id);
  await page.goto('/settings');
  await page.getByRole('button', { name: '다시 내기' }).click();
  await expect(page.getByText('다시 내지 않는 문제가')).toHaveCount(0);
});

test('Enter that ends a composition does not submit the answer', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/practice');
  await page.getByLabel('어떤 문제').selectOption('all');
  await page.getByText('40문제', { exact: true }).click();
  await page.getByRole('button', { name: '시작' }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
  for (let i = 0; i < 40 && !['short', 'cloze'].includes((await itemOnScreen(page)).type); i++) {
    await answer(page, true);
    await next(page);
  }
  await choose(page, true);
  const before = (await standing(page)).length;
  await page.locator('.typed input').last().dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
  await expect(page.locator('.feedback')).toHaveCount(0);
  expect(await standing(page)).toHaveLength(before);
  await page.locator('.typed input').last().press('Enter');
  await expect(page.locator('.feedback')).toBeVisible();
});

test('three times “too hard” in a row ask for a refit', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 33);
  await expect
    .poll(
      async () => (await rows(page, 'runs')).filter((r) => String(r['run_name']).startsWith('refit') && r['status'] === 'FINISHED').length,
      { timeout: 60_000 },
    )
    .toBe(1);
  for (let i = 0; i < 3; i++) {
    await page.goto('/');
    await page.locator('.button.primary').first().click();
    await expect(page.locator('.stem h1')).toBeVisible();
    await page.getByRole('button', { name: '이 문제 더 보기' }).click();
    await page.locator('dialog').getByText('너무 어려움').click();
    await page.getByRole('button', { name: '닫기' }).click();
  }
  await answer(page, true);
  await expect
    .poll(async () => (await rows(page, 'runs')).filter((r) => String(r['run_name']).startsWith('refit')).length, { timeout: 60_000 })
    .toBe(2);
});

test('runs are filtered by MLflow’s grammar, compared, opened; an artifact can be saved; an old version serves again; the model forgets', async ({
  watched: page,
}) => {
  test.setTimeout(180_000);
  await begin(page);
  await answerMany(page, 35);
  const finished = async () =>
    (await rows(page, 'runs')).filter((r) => String(r['run_name']).startsWith('refit') && r['status'] === 'FINISHED').length;
  await expect.poll(finished, { timeout: 60_000 }).toBe(1);
  await answerMany(page, 60);
  await expect.poll(finished, { timeout: 60_000 }).toBe(2);
  await page.goto('/my-model');
  const runs = page.locator('section[aria-labelledby=runs]');
  const filter = runs.getByLabel('필터');
  await filter.fill("tags.`eg.kind` = 'training'");
  await expect(runs.getByText(/실행 \d+개 중 2개/)).toBeVisible();
  await filter.fill('metrics.accuracy > ');
  await expect(runs.getByRole('alert')).toContainText('20번째 글자');
  await filter.fill('');
  await runs
    .getByRole('checkbox', { name: /^refit .* 비교$/ })
    .nth(0)
    .check();
  await runs
    .getByRole('checkbox', { name: /^refit .* 비교$/ })
    .nth(1)
    .check();
  await runs.getByRole('button', { name: '실행 2개 비교' }).click();
  await expect(page.locator('dialog .chart')).toBeVisible();
  await expect(page.locator('dialog')).toContainText('base_version');
  await page.getByText('시간별').click();
  await expect(page.locator('dialog .chart')).toBeVisible();
  await page.getByRole('button', { name: '닫기' }).click();
  const versions = await rows(page, 'model_versions');
  expect(versions.length).toBeGreaterThan(0);
  const [best] = versions;
  await filter.fill(`run_id IN ('${best?.['run_id']}')`);
  await runs.locator('.button.run').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: /model\/personal\.json 저장/ }).click(),
  ]);
  expect(JSON.parse(readFileSync((await file.path()) ?? '', 'utf8'))).toMatchObject({ format: 1 });
  await page.getByRole('button', { name: '닫기' }).click();
  await page.getByRole('button', { name: '모델 초기화' }).click();
  await page.getByRole('button', { name: '지금 초기화' }).click();
  await expect(page.getByText('초기화했어요.')).toBeVisible();
  await expect(page.getByText('시작 모델 1')).toBeVisible();
  expect(await standing(page)).toHaveLength(95);
  await page.getByRole('button', { name: `버전 ${best?.['version']} 다시 쓰기` }).click();
  await expect(page.getByText(`개인 모델, 버전 ${best?.['version']}`)).toBeVisible();
  await page.reload();
  await expect(page.getByText(`개인 모델, 버전 ${best?.['version']}`)).toBeVisible();
});

test('My model tells what was predicted before each answer, beside named baselines, in the same ranges as Progress', async ({
  watched: page,
}) => {
  await begin(page);
  await answerMany(page, 24);
  await page.goto('/my-model');
  const card = page.locator('section[aria-labelledby=predictions]');
  const answers = await standing(page);
  const hits = answers.filter((a) => Number(a['predicted_p']) >= 0.5 === (a['correct'] === 1)).length;
  await expect(card.locator('dd').first()).toHaveText(`${Math.round((100 * hits) / 24)}%`);
  await expect(card).toContainText('답 24개 기준, 작을수록 좋아요');
  await card.locator('summary').filter({ hasText: '최근 예측' }).click();
  const latest = answers.sort((a, b) => Number(a['seq']) - Number(b['seq'])).at(-1);
  await expect(card.locator('ol li').first()).toContainText(
    `예측 ${Math.round(100 * Number(latest?.['predicted_p']))}%, 결과 ${latest?.['correct'] === 1 ? '맞음 ✓' : '틀림 ✗'}`,
  );
  await expect(card.locator('ol li')).toHaveCount(20);
  await page.clock.setFixedTime(Date.now() + 3 * 86_400_000);
  await page.reload();
  await card.getByText('오늘', { exact: true }).click();
  await expect(card).toContainText('이 기간의 답이 10개부터 보여요(지금 0개)');
  await card.getByText('7일', { exact: true }).click();
  await expect(card).toContainText('답 24개 기준');
});

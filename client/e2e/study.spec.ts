import { expect, type Page } from '@playwright/test';
import { answer, begin, choose, finishSession, itemOnScreen, next, rows, standing, studyMore, test, untilOfflineReady } from './steps.ts';

test('the first question comes without account, login or prompt, and says where it stands', async ({ watched: page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'ExamsGraph' })).toBeVisible();
  await expect(page.getByText('답은 직접 정하지 않는 한 이 휴대폰 밖으로 나가지 않아요')).toBeVisible();
  await page.getByRole('button', { name: '시작하기' }).click();
  const pack = page.locator('li.card');
  await expect(pack).toContainText('240문제');
  await expect(pack).toContainText('한국어, English');
  await expect(pack).toContainText('CC-BY-4.0');
  await expect(page.getByRole('button', { name: '내 문제집 추가' })).toBeVisible();
  await page.getByRole('button', { name: '정보기술 기초 선택' }).click();
  await page.getByRole('button', { name: '건너뛰기' }).click();
  await expect(page.locator('.count')).toHaveText('1 / 10');
  await expect(page.getByText('수준 찾는 중')).toBeVisible();
});

test('the first session says that it finds the level, the second does not', async ({ watched: page }) => {
  await begin(page);
  await expect(page.getByText('수준 찾는 중')).toBeVisible();
  await finishSession(page);
  await page.goto('/');
  await page.locator('.button.primary').first().click();
  await expect(page.locator('.stem h1')).toBeVisible();
  await expect(page.locator('.count')).toContainText('1 /');
  await expect(page.getByText('수준 찾는 중')).toHaveCount(0);
});

test('an answer is marked at once, explained option by option, spoken, and focus moves to it', async ({ watched: page }) => {
  await begin(page);
  await answer(page, true);
  await expect(page.getByRole('status').filter({ hasText: '맞았어요' })).toContainText('확실하다고 했어요');
  await expect(page.locator('.feedback h2')).toBeFocused();
  const item = await itemOnScreen(page);
  const explained = { numeric: 2, short: 2, cloze: (item.gaps?.length ?? 0) + 1 } as Partial<Record<string, number>>;
  const parts = item.options ?? item.steps ?? item.pairs ?? [];
  await expect(page.locator('.why')).toHaveCount(explained[item.type] ?? parts.length);
  await next(page);
  await answer(page, false, '잘 모르겠어요');
  await expect(page.getByRole('status').filter({ hasText: '틀렸어요' })).toContainText('잘 모르겠다고 했어요');
  const [first, second] = await standing(page);
  expect([first, second].map((a) => [a?.['correct'], a?.['confidence']]).sort()).toEqual([
    [0, 0.6],
    [1, 0.9],
  ]);
});

test('what is laid out before the answer is neither seen, read aloud nor copied, and is there once it is checked', async ({
  watched: page,
}) => {
  await begin(page);
  await choose(page, true);
  const why = page.locator('.why').first();
  await expect(why).toBeAttached();
  await expect(why).toBeHidden();
  const text = (await why.textContent()) ?? '';
  const copied = () =>
    page.evaluate(() => {
      getSelection()?.selectAllChildren(document.body);
      return String(getSelection());
    });
  expect(text.length).toBeGreaterThan(5);
  expect(await page.getByRole('main').ariaSnapshot()).not.toContain(text);
  expect(await copied()).not.toContain(text);
  await page.locator('.bottom .primary').click();
  await expect(why).toBeVisible();
  expect(await copied()).toContain(text);
});

test('the buttons never move: Next stands exactly where Sure was, Undo where Not sure was', async ({ watched: page }) => {
  await begin(page);
  await choose(page, true);
  const buttons = page.locator('.bottom .button');
  const before = [await buttons.nth(0).boundingBox(), await buttons.nth(1).boundingBox()];
  await buttons.nth(1).click();
  await expect(page.locator('.feedback')).toBeVisible();
  expect([await buttons.nth(0).boundingBox(), await buttons.nth(1).boundingBox()]).toEqual(before);
  expect(before[1]?.height).toBeGreaterThanOrEqual(48);
});

test('a double tap on Sure stores one answer and stays on its feedback', async ({ watched: page }) => {
  await begin(page);
  await choose(page, true);
  const box = await page.getByRole('button', { name: '확실해요' }).boundingBox();
  const [x, y] = [(box?.x ?? 0) + 20, (box?.y ?? 0) + 20];
  // The second tap comes the moment the feedback stands, from within the page: a busy machine would make it a tap of its own.
  await page.evaluate(
    ([left, top]) => {
      const seen = new MutationObserver(() => {
        if (!document.querySelector('.feedback')) return;
        seen.disconnect();
        const there = document.elementFromPoint(left, top) as HTMLElement;
        Object.assign(globalThis, { secondTap: there.textContent });
        there.click();
      });
      seen.observe(document.body, { childList: true, subtree: true });
    },
    [x, y] as const,
  );
  await page.mouse.click(x, y);
  await expect(page.locator('.feedback')).toBeVisible();
  expect(await page.evaluate(() => (globalThis as unknown as { secondTap: string }).secondTap)).toBe('다음');
  await expect(page.locator('.bottom .primary:not([data-fresh])')).toBeVisible();
  await expect(page.locator('.feedback')).toBeVisible();
  expect(await standing(page)).toHaveLength(1);
  await expect(page.locator('.count')).toHaveText('1 / 10');
});

test('undo brings the same question back with nothing chosen, many steps, and after a reload', async ({ watched: page }) => {
  await begin(page);
  const first = await itemOnScreen(page);
  await answer(page, true);
  await next(page);
  const second = await itemOnScreen(page);
  await answer(page, false);
  await page.reload();
  await expect(page.locator('.count')).toHaveText('3 / 10');
  await page.getByRole('button', { name: '되돌리기' }).click();
  await expect(page.locator('.count')).toHaveText('2 / 10');
  expect((await itemOnScreen(page)).id).toBe(second.id);
  await expect(page.locator('.option input:checked')).toHaveCount(0);
  await page.getByRole('button', { name: '되돌리기' }).click();
  await expect(page.locator('.count')).toHaveText('1 / 10');
  expect((await itemOnScreen(page)).id).toBe(first.id);
  expect(await standing(page)).toHaveLength(0);
  expect((await rows(page, 'events')).filter((e) => e['kind'] === 'answer.undone')).toHaveLength(2);
});

/** Answer a question that has no options with the keys alone: Tab, arrows, typing. */
async function byKeyboard(page: Page, item: Awaited<ReturnType<typeof itemOnScreen>>): Promise<void> {
  if (item.type === 'numeric' || item.type === 'short') {
    await page.locator('#typed').focus();
    await page.keyboard.type(item.type === 'numeric' ? String(item.answer?.value) : (item.answer?.accepted[0] ?? ''));
  }
  for (const [i, gap] of (item.gaps ?? []).entries()) {
    if (i === 0) await page.locator('.typed input').first().focus();
    else await page.keyboard.press('Tab');
    await page.keyboard.type(gap.accepted[0] ?? '');
  }
  for (const [i, pair] of (item.pairs ?? []).entries()) {
    const select = page.locator('.pairing select').nth(i);
    await select.focus();
    const place = (await select.locator('option').allInnerTexts()).findIndex((text) => text.trim() === pair.right['ko']);
    for (let n = 0; n < place; n++) await page.keyboard.press('ArrowDown');
  }
  for (const [to, step] of (item.steps ?? []).entries()) {
    for (;;) {
      const shown = await page.locator('.choice .option > span:last-child').allInnerTexts();
      const from = shown.findIndex((text) => text.trim() === step.text['ko']);
      if (from === to) break;
      await page.locator('.movers').nth(from).locator('button').first().focus();
      await page.keyboard.press('Space');
    }
  }
  await page.locator('.stem h1').evaluate((h) => {
    (document.activeElement as HTMLElement | null)?.blur();
    h.scrollIntoView();
  });
}

test('the whole session can be done by keyboard', async ({ watched: page }) => {
  await begin(page);
  for (let n = 1; n <= 10; n++) {
    await expect(page.locator('.count')).toHaveText(`${n} / 10`);
    const item = await itemOnScreen(page);
    if (item.options) {
      for (const [i, option] of item.options.entries()) if (option.correct) await page.keyboard.press(String(i + 1));
    } else await byKeyboard(page, item);
    await page.keyboard.press(n % 2 === 0 ? 'Shift+Enter' : 'Enter');
    await expect(page.locator('.feedback.right')).toBeVisible();
    await expect(page.locator('.bottom .primary:not([data-fresh])')).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(page.locator('.feedback')).toHaveCount(0);
  }
  await expect(page.getByRole('heading', { name: '10문제 중 10개 정답' })).toBeVisible();
});

test('a typed answer that is no number is told so, and nothing is stored', async ({ watched: page }) => {
  await begin(page);
  await studyMore(page, 60);
  for (let i = 0; i < 60 && (await itemOnScreen(page)).type !== 'numeric'; i++) {
    await answer(page, true);
    await next(page);
  }
  const before = (await standing(page)).length;
  await page.locator('#typed').fill('열두 개');
  await page.getByRole('button', { name: '확실해요' }).click();
  await expect(page.getByRole('alert')).toContainText('숫자가 아니에요');
  expect(await standing(page)).toHaveLength(before);
});

test('a finished session shows its score by topic, takes feedback, and can still be undone', async ({ watched: page }) => {
  await begin(page);
  expect(await finishSession(page)).toBe(10);
  await expect(page.getByRole('heading', { name: /10문제 중 \d+개 정답/ })).toBeVisible();
  await expect(page.getByText('점수를 예측하기에는 일러요: 답 30개 중 10개.')).toBeVisible();
  // an answer to look at again may itself read "4"
  await page.getByRole('region', { name: '이번 학습은 어땠나요?' }).getByText('4', { exact: true }).click();
  await page.getByText('너무 어려움').click();
  await expect(page.getByText('고마워요')).toBeVisible();
  const given = await rows(page, 'feedback');
  expect(given.map((f) => f['rating'] ?? f['difficulty_felt']).sort()).toEqual([4, 'hard']);
  expect((await rows(page, 'settings')).find((s) => String(s['key']).startsWith('target.'))?.['value']).toBe('easier');
  await page.getByRole('button', { name: '마지막 답 되돌리기' }).click();
  await expect(page.locator('.count')).toHaveText('10 / 10');
  expect(await standing(page)).toHaveLength(9);
});

test('after the first session the app offers to keep the progress safe, once, and tells truthfully what the browser granted', async ({
  watched: page,
}) => {
  await begin(page);
  await finishSession(page);
  const card = page.locator('section[aria-labelledby=protect]');
  await expect(card.getByRole('button', { name: '앱 설치' })).toBeVisible();
  await expect(card.getByRole('link', { name: '백업 저장' })).toHaveAttribute('href', '/storage');
  await card.getByRole('button', { name: '진도 지키기' }).click();
  await expect(card.locator('.notice')).toBeVisible();
  const isPersisted = await page.evaluate(() => navigator.storage.persisted());
  await expect(card.locator('.notice')).toContainText(isPersisted ? '브라우저가 지우지 않아요' : '허용되지 않았어요');
  await card.getByRole('button', { name: '나중에' }).click();
  await expect(card).toHaveCount(0);
  await page.reload();
  await expect(page.locator('h1.number')).toBeVisible();
  await expect(card).toHaveCount(0);
});

test('Home shows today, the model and three recommendations with reasons, without any TF.js request', async ({ watched: page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'connection', { value: { saveData: true } }));
  const engine: string[] = [];
  page.on('request', (request) => {
    if (/engine-|\.wasm$|tfjs/.test(request.url())) engine.push(request.url());
  });
  await begin(page);
  await finishSession(page);
  await page.getByRole('link', { name: '완료' }).click();
  await expect(page.getByText(/답 10개 중 \d+개 맞힘/)).toBeVisible();
  await expect(page.getByText('시작 모델 1')).toBeVisible();
  const cards = page.locator('section[aria-labelledby=recommended] li.card');
  await expect(cards).toHaveCount(3);
  const titles = await cards.locator('h3').allInnerTexts();
  expect(new Set(titles).size).toBe(3);
  for (const reason of await cards.locator('.reason').allInnerTexts()) expect(reason.length).toBeGreaterThan(8);
  const home = (await rows(page, 'slates')).filter((s) => s['purpose'] === 'home');
  const slots = home.at(-1)?.['slots'] as { picks: { propensity: number }[] }[];
  for (const pick of slots.flatMap((s) => s.picks)) expect(pick.propensity).toBeGreaterThan(0);
  await cards.first().getByRole('button', { name: '시작' }).click();
  await expect(page.locator('.count')).toContainText('1 /');
  expect(engine).toEqual([]);
});

test('the language changes in the middle of everything, without reload', async ({ watched: page }) => {
  await begin(page);
  await untilOfflineReady(page);
  await page.reload();
  await choose(page, true);
  const { id } = await itemOnScreen(page);
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }));
  await page.context().setOffline(true);
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await page.locator('dialog').getByText('English', { exact: true }).click();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.locator('.stem h1')).toHaveAttribute('lang', 'en');
  expect((await itemOnScreen(page)).id).toBe(id);
  await page.getByRole('button', { name: 'Sure', exact: true }).click();
  await expect(page.locator('.feedback')).toContainText('You said Sure');
  expect(await standing(page)).toMatchObject([{ item_id: id, correct: 1 }]);
  await page.getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByText('한국어', { exact: true }).click();
  await expect(page.getByRole('heading', { name: '설정' })).toBeVisible();
  await page.getByText('English', { exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
  await page.getByRole('link', { name: 'Home' }).click();
  await page.getByRole('button', { name: /Resume: 9 questions left/ }).click();
  await expect(page.getByRole('button', { name: 'Not sure' })).toBeVisible();
  await expect(page.locator('.stem h1')).toHaveAttribute('lang', 'en');
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true);
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
});

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { answer, begin, choose, finishSession, studyEveryKind, test } from './steps.ts';

/** Whole in the light theme; structure is the same in both, so by day the dark one is held to its colours. */
async function expectClean(page: Page, screen: string): Promise<void> {
  const violations = async (look: 'light' | 'dark') => {
    await page.emulateMedia({ colorScheme: look });
    await expect(page.locator('html')).toHaveAttribute('data-look', look);
    // legacy: without the second page that gathers frames, of which there are none; a third of the time
    const axe = new AxeBuilder({ page }).setLegacyMode();
    const { violations } = await (look === 'dark' && !process.env['EG_NIGHTLY']
      ? axe.withRules(['color-contrast'])
      : axe.withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
    ).analyze();
    return violations.map((v) => `${screen}, ${look}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  };
  expect([...(await violations('dark')), ...(await violations('light'))]).toEqual([]);
  await expectNoOverflow(page, screen);
}

/** Nothing stands out of the page to the right; what does is named. */
async function expectNoOverflow(page: Page, screen: string): Promise<void> {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const out = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > clientWidth + 0.5);
    return [`${scrollWidth - clientWidth} px`, ...out.slice(0, 5).map((e) => `${e.tagName}.${e.className} ${e.textContent?.slice(0, 30)}`)];
  });
  expect(wide, `${screen} scrolls sideways`).toEqual([]);
}

/** Buttons of the study screen's bar: all within the screen, and no text cut off. @returns where they are */
async function expectWholeBar(page: Page, screen: string): Promise<readonly { readonly x: number; readonly y: number }[]> {
  const { cut, places } = await page.evaluate(() => {
    const buttons = [...document.querySelectorAll<HTMLElement>('.bottom .button')];
    const out = buttons.filter((b) => {
      const range = document.createRange();
      range.selectNodeContents(b);
      const [text, box] = [range.getBoundingClientRect(), b.getBoundingClientRect()];
      return (
        box.bottom > innerHeight || box.right > innerWidth || text.left < box.left || text.right > box.right || text.bottom > box.bottom
      );
    });
    return { cut: out.map((b) => b.textContent), places: buttons.map((b) => b.getBoundingClientRect()).map(({ x, y }) => ({ x, y })) };
  });
  expect(cut, screen).toEqual([]);
  return places;
}

/** The names of the tabs are whole: none is broken within a word, none is cut off, and none stands over the end of the page. */
async function expectWholeTabs(page: Page, screen: string): Promise<void> {
  const broken = await page.evaluate(() => {
    const tabs = [...document.querySelectorAll<HTMLElement>('.tabs a')];
    const linesOf = (a: HTMLElement): number => {
      const range = document.createRange();
      range.selectNodeContents(a.lastChild as Node);
      return new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size;
    };
    const names = tabs.filter((a) => linesOf(a) > (a.textContent ?? '').split(' ').length || a.scrollWidth > a.clientWidth);
    scrollTo({ top: document.documentElement.scrollHeight });
    const end = document.querySelector('main > :last-child')?.getBoundingClientRect().bottom ?? 0;
    const bar = document.querySelector('.tabs')?.getBoundingClientRect().top ?? Number.POSITIVE_INFINITY;
    return [...names.map((a) => a.textContent), ...(end > bar ? [`the page ends ${end - bar} px under them`] : [])];
  });
  expect(broken, screen).toEqual([]);
}

test('every screen is free of axe violations, light and dark, and of sideways scrolling', async ({ watched: page }) => {
  test.setTimeout(300_000);
  await page.goto('/');
  await expect(page.getByRole('button', { name: '시작하기' })).toBeVisible();
  await expectClean(page, 'welcome');
  await page.getByRole('button', { name: '시작하기' }).click();
  await expect(page.locator('li.card')).toBeVisible();
  await expectClean(page, 'start');
  await page.getByRole('button', { name: '정보기술 기초 선택' }).click();
  await expect(page.locator('form')).toBeVisible();
  await expectClean(page, 'plan');
  await begin(page);
  await choose(page, true);
  await expectClean(page, 'question');
  await page.getByRole('button', { name: '확실해요' }).click();
  await expect(page.locator('.feedback')).toBeVisible();
  await expectClean(page, 'feedback');
  await page.locator('.bottom .primary:not([data-fresh])').click();
  await expect(page.locator('.feedback')).toHaveCount(0);
  await answer(page, false);
  await expectClean(page, 'wrong answer');
  await page.locator('.bottom .primary:not([data-fresh])').click();
  await expect(page.locator('.feedback')).toHaveCount(0);
  await finishSession(page);
  await expectClean(page, 'done');
  for (const [path, landmark] of [
    ['/', '#recommended'],
    ['/progress', '#areas'],
    ['/review', '#portion'],
    ['/practice', 'fieldset.card'],
    ['/exam', '#past'],
    ['/my-model', '#training'],
    ['/packs', 'li.card'],
    ['/settings', '#studying'],
    ['/storage', '#save'],
    ['/about', '#promises'],
  ] as const) {
    await page.goto(path);
    await expect(page.locator(landmark).first()).toBeVisible();
    await expectClean(page, path);
  }
  await page.goto('/my-model');
  await page.locator('.button.run').first().click();
  await expect(page.locator('dialog[open]')).toBeVisible();
  await expectClean(page, 'run');
  await page.goto('/exam');
  await page.getByRole('button', { name: '시험 시작' }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
  await choose(page, true);
  await expectClean(page, 'exam');
  await page.getByRole('button', { name: '모든 문제' }).click();
  await expect(page.locator('dialog[open]')).toBeVisible();
  await expectClean(page, 'all questions');
  await page.getByRole('button', { name: '제출' }).click();
  await expect(page.locator('#report')).toBeVisible();
  await expectClean(page, 'exam report');
  const kinds = await studyEveryKind(page);
  for (let n = 1; n <= kinds; n++) {
    await expect(page.locator('.count')).toHaveText(`${n} / ${kinds}`);
    await expectClean(page, `question of kind ${n}`);
    if (n === kinds) break;
    await answer(page, false);
    await expectClean(page, `answer of kind ${n}`);
    await page.locator('.bottom .primary:not([data-fresh])').click();
    await expect(page.locator('.feedback')).toHaveCount(0);
  }
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await expect(page.locator('dialog[open] textarea').first()).toBeVisible();
  await expectClean(page, 'question menu');
});

for (const [language, textSize] of [
  ['ko', '200'],
  ['en', '200'],
] as const) {
  test(`at 320 px and ${textSize} % text nothing is cut off or scrolls sideways (${language})`, async ({ watched: page }) => {
    test.setTimeout(180_000);
    await begin(page);
    await answer(page, false);
    await page.setViewportSize({ width: 320, height: 640 });
    const setLook = (size: string) =>
      page.evaluate((appearance) => localStorage.setItem('examsgraph.appearance', JSON.stringify(appearance)), {
        language,
        look: 'light',
        textSize: size,
        spacing: 'wide',
      });
    await setLook(textSize);
    for (const path of [
      '/',
      '/progress',
      '/review',
      '/practice',
      '/exam',
      '/my-model',
      '/packs',
      '/settings',
      '/storage',
      '/about',
      '/sharing',
      '/start',
      '/push',
    ]) {
      await page.goto(path);
      await expect(page.locator('h1').first()).toBeVisible();
      await page.locator('main :is(.card, li, form, fieldset)').first().waitFor();
      await expectNoOverflow(page, path);
      if (await page.locator('.tabs').count()) await expectWholeTabs(page, path);
    }
    await page.goto('/');
    await page.locator('.button.primary').first().click();
    await expect(page.locator('.stem h1')).toBeVisible();
    await expectNoOverflow(page, 'question');
    await choose(page, false);
    const [left, right] = await expectWholeBar(page, 'Not sure and Sure');
    await page.locator('.bottom .primary').click();
    await expect(page.locator('.feedback')).toBeVisible();
    await expectNoOverflow(page, 'feedback');
    expect(await expectWholeBar(page, 'Undo and Next')).toEqual([left, right]);
    for (const size of ['115', '130', '150', '175']) {
      await setLook(size);
      await page.goto('/settings');
      await page.locator('main .card').first().waitFor();
      await expectWholeTabs(page, `${size} %`);
    }
  });
}

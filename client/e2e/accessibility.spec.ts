import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { expectNoOverflow, expectWholeBar, expectWholeTabs } from './layout.ts';
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
  const titles = new Set<string>();
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
    titles.add(await page.title());
    await expectClean(page, path);
  }
  expect(titles.size, 'every screen has a title of its own').toBe(10);
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

test('in forced colours what is chosen, what is primary and where one is are told by an outline; more contrast darkens every border', async ({
  watched: page,
}) => {
  const outlines = (selector: string) =>
    page
      .locator(selector)
      .evaluateAll((all) => all.map((e) => (getComputedStyle(e).outlineStyle === 'solid' ? getComputedStyle(e).outlineWidth : '')));
  await begin(page);
  await studyEveryKind(page, ['single']);
  await page.emulateMedia({ forcedColors: 'active' });
  await choose(page, true);
  expect(await outlines('.option:has(:checked)')).toContain('3px');
  expect(await outlines('.option:not(:has(:checked), :has(:focus-visible))')).not.toContain('3px');
  expect(await outlines('.bottom .primary')).toEqual(['3px']);
  await page.goto('/settings');
  await expect(page.locator('#studying')).toBeVisible();
  expect(await outlines('.tabs a[aria-current]')).toEqual(['3px']);
  expect(new Set(await outlines('.segments label:has(:checked)'))).toEqual(new Set(['3px']));
  expect(new Set(await outlines('.tabs a:not([aria-current])'))).toEqual(new Set(['']));
  await page.emulateMedia({ forcedColors: 'none', contrast: 'more' });
  const [ink, border] = await page.evaluate(() => {
    const { color } = getComputedStyle(document.body);
    return [color, getComputedStyle(document.querySelector('.segments label:not(:has(:checked))') as Element).borderTopColor];
  });
  expect(border).toBe(ink);
});

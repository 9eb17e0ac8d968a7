import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { answer, begin, choose, finishSession, test } from './steps.ts';

async function expectClean(page: Page, screen: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze();
  expect(violations.map((v) => `${screen}: ${v.id} ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${screen} scrolls sideways`).toBeLessThanOrEqual(0);
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every screen is free of axe violations and of sideways scrolling (${colorScheme})`, async ({ watched: page }) => {
    await page.emulateMedia({ colorScheme });
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
      ['/my-model', '#training'],
      ['/packs', 'li.card'],
      ['/settings', '#storage'],
    ] as const) {
      await page.goto(path);
      await expect(page.locator(landmark).first()).toBeVisible();
      await expectClean(page, path);
    }
  });
}

test('at 320 px and 150 % text nothing is cut off or scrolls sideways', async ({ watched: page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.addInitScript(() =>
    localStorage.setItem('examsgraph.appearance', JSON.stringify({ language: 'ko', look: 'light', textSize: '150' })),
  );
  await begin(page);
  await expectClean(page, 'question');
  await answer(page, true);
  await expectClean(page, 'feedback');
  await page.goto('/');
  await expect(page.locator('#recommended')).toBeVisible();
  await expectClean(page, 'home');
});

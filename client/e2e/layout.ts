import { expect, type Page } from '@playwright/test';

/** Nothing stands out of the page to the right; what does is named. */
export async function expectNoOverflow(page: Page, screen: string): Promise<void> {
  const wide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const out = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > clientWidth + 0.5);
    return [`${scrollWidth - clientWidth} px`, ...out.slice(0, 5).map((e) => `${e.tagName}.${e.className} ${e.textContent?.slice(0, 30)}`)];
  });
  expect(wide, `${screen} scrolls sideways`).toEqual([]);
}

/** Buttons of the study screen's bar: all within the screen, and no text cut off. @returns where they are */
export async function expectWholeBar(page: Page, screen: string): Promise<readonly { readonly x: number; readonly y: number }[]> {
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
export async function expectWholeTabs(page: Page, screen: string): Promise<void> {
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

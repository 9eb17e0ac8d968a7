import { readFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { expectNoOverflow, expectWholeTabs } from '../layout.ts';
import { answerMany, choose, itemOnScreen, rows, saveFile, standing, studyEveryKind, test } from '../steps.ts';

/** How a learner's phone may be set: what it says, and how large. */
const PHONES = [
  { name: 'English', locale: 'en-US', textSize: '100', width: 360, pseudo: null },
  { name: 'English at 200 %', locale: 'en-US', textSize: '200', width: 360, pseudo: null },
  { name: 'Korean at 200 %', locale: 'ko-KR', textSize: '200', width: 360, pseudo: null },
  { name: 'pseudo-locale en-XA', locale: 'en-US', textSize: '100', width: 360, pseudo: 'en-XA' },
  { name: 'pseudo-locale ar-XB', locale: 'en-US', textSize: '100', width: 360, pseudo: 'ar-XB' },
] as const;

/** Texts that are no text of the app: those of the pack, names, what the browser writes dates with. */
const MANIFEST = JSON.parse(readFileSync('public/packs/it-fundamentals/manifest.json', 'utf8')) as {
  title: { en: string };
  description: { en: string };
  attribution: string;
  licence: string;
  authors: string[];
  topics: { title: { en: string } }[];
};
const FOREIGN = [
  'English',
  // a metric, by the chart that draws it
  'val_loss',
  MANIFEST.title.en,
  MANIFEST.description.en,
  MANIFEST.attribution,
  MANIFEST.licence,
  ...MANIFEST.authors,
  // in the graph they stand in lines of their own
  ...MANIFEST.topics.flatMap((t) => [t.title.en, ...t.title.en.split(/[ ,]+/)]),
];

/** Texts on screen that no catalogue holds: in the pseudo-locale they stand there as they are. */
async function expectTranslated(page: Page, screen: string): Promise<void> {
  const plain = await page.evaluate(
    (foreign) => {
      const found: string[] = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const holder = node.parentElement;
        if (!holder || holder.closest('[lang]:not(html), [translate=no], script, style') || !holder.checkVisibility()) continue;
        const text = foreign.reduce((rest, known) => rest.replaceAll(known, ''), node.textContent ?? '');
        const bare = text.replace(/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b/g, '');
        if (/[A-Za-z]{3,}/.test(bare) && !/^[fmpqvx]+$/i.test(bare.match(/[A-Za-z]{3,}/)?.[0] ?? '')) found.push(text.trim().slice(0, 60));
      }
      return found;
    },
    FOREIGN.toSorted((a, b) => b.length - a.length),
  );
  expect.soft(plain, `${screen}: texts outside of the catalogue`).toEqual([]);
}

for (const phone of PHONES) {
  test(`the whole way of a learner, in ${phone.name}`, async ({ browser, baseURL }) => {
    test.setTimeout(400_000);
    const context = await browser.newContext({
      baseURL: baseURL ?? '',
      locale: phone.locale,
      timezoneId: 'Asia/Seoul',
      viewport: { width: phone.width, height: 780 },
      hasTouch: true,
    });
    const page = await context.newPage();
    await page.addInitScript(({ locale, textSize, pseudo }) => {
      localStorage.setItem(
        'examsgraph.appearance',
        JSON.stringify({ language: locale.slice(0, 2), look: 'light', textSize, spacing: 'normal' }),
      );
      if (pseudo) localStorage.setItem('examsgraph.pseudo', pseudo);
    }, phone);
    const seen = async (screen: string) => {
      await expectNoOverflow(page, `${screen} in ${phone.name}`);
      if (phone.pseudo === 'en-XA') await expectTranslated(page, screen);
      if (!phone.pseudo && (await page.locator('.tabs').count())) await expectWholeTabs(page, screen);
    };
    const visit = async (path: string, landmark: string) => {
      await page.goto(path);
      await expect(page.locator(landmark).first()).toBeVisible();
      await seen(path);
    };
    const answer = async (isRight: boolean) => {
      await choose(page, isRight);
      await page.locator('.bottom .primary').click();
      await expect(page.locator('.feedback')).toBeVisible();
    };
    const next = async () => {
      await page.locator('.bottom .primary:not([data-fresh])').click();
      await expect(page.locator('.feedback')).toHaveCount(0);
    };
    // L1 to L4
    await visit('/', 'main .button.primary');
    await page.locator('main .button.primary').click();
    await expect(page.locator('li.card')).toBeVisible();
    await seen('start');
    await page.locator('li.card .button.primary').click();
    await expect(page.locator('form')).toBeVisible();
    await seen('plan');
    await page.locator('button[type=submit]').click();
    await expect(page.locator('.stem h1')).toBeVisible();
    await seen('question');
    // L5 and L6
    const { id } = await itemOnScreen(page);
    await answer(true);
    await seen('feedback');
    expect(await standing(page)).toMatchObject([{ item_id: id, correct: 1 }]);
    await page.locator('.bottom .button:not(.primary)').first().click();
    await expect(page.locator('.feedback')).toHaveCount(0);
    expect(await standing(page)).toHaveLength(0);
    // L9
    for (let n = 0; n < 10; n++) {
      await answer(n % 2 === 0);
      await next();
    }
    await expect(page.locator('h1.number')).toBeVisible();
    await seen('done');
    // L11, L12, L14
    await answerMany(page, 50);
    await visit('/', '#recommended');
    await visit('/my-model', '#training');
    const train = page.locator('section[aria-labelledby=training] .primary');
    await train.or(page.getByTestId('training-outcome')).first().waitFor();
    if (await train.count()) await train.click();
    await expect(page.getByTestId('training-outcome')).toBeVisible({ timeout: 90_000 });
    await seen('training');
    await page.locator('.button.run').first().click();
    await expect(page.locator('dialog[open]')).toBeVisible();
    await seen('run');
    for (const [path, landmark] of [
      ['/progress', '#areas'],
      ['/review', '#portion'],
      ['/practice', 'fieldset.card'],
      ['/packs', 'li.card'],
      ['/settings', '#studying'],
      ['/about', '#promises'],
      ['/sharing', '#training'],
      ['/storage', '#save'],
      ['/push', 'h1'],
      ['/exam', '#past'],
    ] as const)
      await visit(path, landmark);
    // L17
    await page.locator('main .button.primary').click();
    await expect(page.locator('.stem h1')).toBeVisible();
    await choose(page, true);
    await seen('exam');
    await page.locator('.top button[aria-haspopup]').click();
    await expect(page.locator('dialog[open]')).toBeVisible();
    await seen('all questions');
    await page.locator('dialog .button.primary').click();
    await expect(page.locator('#report')).toBeVisible();
    await seen('report');
    expect((await rows(page, 'exams'))[0]).toMatchObject({ submitted: { correct: 1 } });
    const kinds = await studyEveryKind(page);
    for (let n = 1; n <= kinds; n++) {
      await expect(page.locator('.count')).toContainText(String(kinds));
      await seen(`question of kind ${n}`);
      await answer(false);
      await seen(`answer of kind ${n}`);
      if (n < kinds) await next();
    }
    await page.locator('.top button[aria-haspopup]').click();
    await expect(page.locator('dialog[open] textarea').first()).toBeVisible();
    await seen('question menu');
    // L18
    const answers = (await standing(page)).length;
    await page.goto('/storage');
    const file = await saveFile(page, page.locator('section[aria-labelledby=save] .button.primary'));
    await page.goto('/icons/icon.svg');
    await page.evaluate(
      (all) => Promise.all(all.map((name) => new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done)))),
      ['examsgraph-journal', 'examsgraph-cache', 'examsgraph-backup'],
    );
    await page.goto('/');
    await expect(page.locator('input[type=file]')).toBeAttached();
    await seen('restore');
    await page.locator('input[type=file]').setInputFiles(file);
    await page.locator('section .button.primary').click();
    await expect(page.locator('.stack[role=status] .button.primary')).toBeVisible();
    expect(await standing(page)).toHaveLength(answers);
    await context.close();
  });
}

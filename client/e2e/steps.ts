import { readFileSync } from 'node:fs';
import { test as base, expect, type Locator, type Page } from '@playwright/test';

/** Faults a page reported while a journey ran. */
const ALLOWED = [/net::ERR_INTERNET_DISCONNECTED/, /net::ERR_FAILED/];

/** Journeys fail on any console error, page error or request to another origin. */
export const test = base.extend<{ watched: Page }>({
  watched: async ({ page }, use) => {
    const faults = watchFaults(page);
    await use(page);
    expect(faults).toEqual([]);
  },
});

/** Collects console errors, page errors and foreign requests of a page. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.location().url.endsWith('/favicon.ico')) return;
    if (message.type() === 'error' && !ALLOWED.some((a) => a.test(message.text()))) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(`${error.message}\n${error.stack}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    const own = ['EG_BASE_URL', 'EG_TRIAL_URL'].map((name) => new URL(process.env[name] ?? '').host);
    if (protocol.startsWith('http') && !own.includes(host)) faults.push(`request to ${request.url()}`);
  });
  return faults;
}

/** The starter pack, by stem. */
const ITEMS = readFileSync('public/packs/it-fundamentals/items.jsonl', 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as SourceItem);

interface SourceItem {
  readonly id: string;
  readonly type: 'single' | 'multiple' | 'truefalse' | 'numeric' | 'short' | 'cloze' | 'order' | 'match';
  readonly topics: readonly string[];
  readonly stem: Readonly<Record<string, string>>;
  readonly options?: readonly { readonly correct: boolean; readonly text: Readonly<Record<string, string>> }[];
  readonly answer?: { readonly value: number; readonly accepted: readonly string[] };
  readonly gaps?: readonly { readonly id: string; readonly accepted: readonly string[] }[];
  readonly steps?: readonly { readonly id: string; readonly text: Readonly<Record<string, string>> }[];
  readonly pairs?: readonly { readonly id: string; readonly right: Readonly<Record<string, string>> }[];
}

/** A stem as it is drawn: gaps as numbered blanks, spaces folded. */
const drawnStem = (item: SourceItem, text: string): string =>
  text
    .replace(/\{\{([^}]+)\}\}/g, (_, id: string) => `[ ${(item.gaps ?? []).findIndex((g) => g.id === id) + 1} ]`)
    .replace(/\s+/g, ' ')
    .trim();

/** From the first screen to the first question. */
export async function begin(page: Page): Promise<void> {
  await page.goto('/');
  await page.getByRole('button', { name: '시작하기' }).click();
  await page.getByRole('button', { name: '정보기술 기초 선택' }).click();
  await page.getByRole('button', { name: '계속' }).click();
  await expect(page.locator('.stem h1')).toBeVisible();
}

/** The item on screen. */
export async function itemOnScreen(page: Page): Promise<SourceItem> {
  const stem = (await page.locator('.stem h1').innerText()).replace(/\s+/g, ' ').trim();
  const item = ITEMS.find((i) => Object.values(i.stem).some((text) => drawnStem(i, text) === stem));
  if (!item) throw new Error(`no item with the stem "${stem}"`);
  return item;
}

/** Put the steps of an order item into the right order, by the arrows. */
async function arrange(page: Page, steps: readonly { readonly text: Readonly<Record<string, string>> }[]): Promise<void> {
  for (const [to, step] of steps.entries()) {
    for (;;) {
      const shown = await page.locator('.choice .option > span:last-child').allInnerTexts();
      const from = shown.findIndex((text) => Object.values(step.text).includes(text.trim()));
      if (from === to) break;
      await page.locator('.movers').nth(from).locator('button').first().click();
    }
  }
}

/** Choose an answer that is right or wrong, without checking it. */
export async function choose(page: Page, isRight: boolean): Promise<void> {
  const item = await itemOnScreen(page);
  if (item.type === 'numeric' || item.type === 'short') {
    const right = item.type === 'numeric' ? String(item.answer?.value ?? 0) : (item.answer?.accepted[0] ?? '');
    await page.locator('#typed').fill(isRight ? right : '-7.77');
  } else if (item.gaps) {
    for (const [i, gap] of item.gaps.entries())
      await page
        .locator('.typed input')
        .nth(i)
        .fill(isRight ? (gap.accepted[0] ?? '') : '-7.77');
  } else if (item.pairs) {
    for (const [i, pair] of item.pairs.entries())
      await page
        .locator('.pairing select')
        .nth(i)
        .selectOption(isRight ? pair.id : (item.pairs[0]?.id ?? ''));
  } else if (item.steps) {
    // the order first shown is never the right one
    if (isRight) await arrange(page, item.steps);
  } else {
    const options = item.options ?? [];
    const wanted = isRight ? options.flatMap((o, i) => (o.correct ? [i] : [])) : [options.findIndex((o) => !o.correct)];
    for (const i of wanted) await page.locator('.option').nth(i).click();
  }
}

/** Answer the question on screen. */
export async function answer(page: Page, isRight: boolean, button: '확실해요' | '잘 모르겠어요' = '확실해요'): Promise<void> {
  await choose(page, isRight);
  await page.getByRole('button', { name: button }).click();
  await expect(page.locator('.feedback')).toBeVisible();
}

/** On to the next question, or to the end of the session. */
export async function next(page: Page): Promise<void> {
  await page.locator('.bottom .primary:not([data-fresh])').click();
  await expect(page.locator('.feedback')).toHaveCount(0);
}

const STRONG = ['hardware', 'os', 'networks', 'security'];

/** Answer until the session ends; right in half of the topics, wrong in the others: a learner there is much to learn about. */
export async function finishSession(page: Page): Promise<number> {
  for (let n = 0; ; n++) {
    await expect(page.locator('.stem h1, h1.number').first()).toBeVisible();
    if (page.url().includes('/done/')) return n;
    const item = await itemOnScreen(page);
    await answer(page, STRONG.includes(item.topics[0] ?? ''));
    await next(page);
  }
}

/** All rows of a table of the journal, read from the real IndexedDB. */
export function rows(page: Page, table: string): Promise<Record<string, unknown>[]> {
  return page.evaluate(
    (name) =>
      new Promise<Record<string, unknown>[]>((done, failed) => {
        const opening = indexedDB.open('examsgraph-journal');
        opening.onerror = () => failed(opening.error);
        opening.onsuccess = () => {
          const all = opening.result.transaction(name).objectStore(name).getAll();
          all.onsuccess = () => {
            opening.result.close();
            done(all.result);
          };
          all.onerror = () => failed(all.error);
        };
      }),
    table,
  );
}

/** Standing answers in the real IndexedDB. */
export async function standing(page: Page): Promise<Record<string, unknown>[]> {
  return (await rows(page, 'answers')).filter((a) => a['superseded'] === 0);
}

/** The page is up and offers its test hook. */
async function untilHooked(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate(() => 'examsgraphTest' in globalThis)).toBe(true);
}

/** Start a session of n questions through the app's own tutor (test builds offer it), and go to it. */
export async function studyMore(page: Page, n: number): Promise<void> {
  await untilHooked(page);
  const id = await page.evaluate(async (planned) => {
    const { examsgraphTest } = globalThis as unknown as { examsgraphTest: { start(planned: number): Promise<string> } };
    return examsgraphTest.start(planned);
  }, n);
  await page.goto(`/study/${id}`);
}

/** Start a session of one question of every kind, or of some, and go to it. @returns how many there are */
export async function studyEveryKind(page: Page, some?: readonly SourceItem['type'][]): Promise<number> {
  await untilHooked(page);
  const kinds = new Map(ITEMS.filter((item) => some?.includes(item.type) ?? true).map((item) => [item.type, item.id]));
  const id = await page.evaluate(
    (itemIds) =>
      (globalThis as unknown as { examsgraphTest: { choose(ids: readonly string[]): Promise<string> } }).examsgraphTest.choose(itemIds),
    [...kinds.values()],
  );
  await page.goto(`/study/${id}`);
  return kinds.size;
}

/** Answer n questions through the app's own tutor, as a strong-in-half learner would. */
export async function answerMany(page: Page, n: number): Promise<void> {
  await untilHooked(page);
  await page.evaluate(
    async ([count, strong]) => {
      const { examsgraphTest } = globalThis as unknown as {
        examsgraphTest: { answer(count: number, strong: readonly string[]): Promise<void> };
      };
      await examsgraphTest.answer(count as number, strong as readonly string[]);
    },
    [n, STRONG] as const,
  );
}

/** Sharing switched on by its own page. */
export async function agree(page: Page): Promise<void> {
  await page.goto('/sharing');
  await expect(page.getByRole('button', { name: '동의하고 공유하기', exact: true })).toBeDisabled();
  await page.getByText('만 16세 이상').click();
  await page.getByRole('button', { name: '동의하고 공유하기', exact: true }).click();
  await expect(page.getByRole('heading', { name: '공유가 켜져 있어요' })).toBeVisible();
}

/** Set what test builds may switch on, for the pages opened from now on. */
export async function setSwitches(page: Page, switches: Record<string, boolean>): Promise<void> {
  await page.evaluate((value) => localStorage.setItem('examsgraph.test', JSON.stringify(value)), switches);
}

/** Waits until everything for offline use is on the device: the service worker is active and the caches are filled. */
export async function untilOfflineReady(page: Page): Promise<void> {
  await expect
    .poll(
      () =>
        page.evaluate(async () => {
          const registration = await navigator.serviceWorker.getRegistration();
          const app = await caches.match('/index.html', { ignoreSearch: true });
          const names = await caches.keys();
          const engine = names.find((n) => n.startsWith('engine-'));
          const files = engine ? await (await caches.open(engine)).keys() : [];
          return (
            registration?.active?.state === 'activated' &&
            app !== undefined &&
            files.some((f) => f.url.endsWith('-simd.wasm') || /simd.*\.wasm/.test(f.url))
          );
        }),
      { timeout: 20_000 },
    )
    .toBe(true);
}

/** Press what saves a backup. @returns where the file lies */
export async function saveFile(page: Page, button: Locator): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  expect(file.suggestedFilename()).toMatch(/^examsgraph-\d{4}-\d\d-\d\d\.egbackup$/);
  return (await file.path()) ?? '';
}

/** Save a backup on the storage page. @returns where the file lies */
export async function saveBackup(page: Page, passphrase: string): Promise<string> {
  await page.goto('/storage');
  if (passphrase) await page.locator('input[type=password]').first().fill(passphrase);
  const path = await saveFile(page, page.getByRole('button', { name: '파일 저장' }));
  await expect(page.getByText(/저장했어요: 답 \d+개/)).toBeVisible({ timeout: 60_000 });
  return path;
}

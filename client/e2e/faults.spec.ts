import { expect, type Page } from '@playwright/test';
import { answer, answerMany, begin, choose, itemOnScreen, next, saveBackup, standing, test } from './steps.ts';

/** How every later write of the journal is to fail, planted beneath the app. */
const FAULTS = {
  quota: 'quota',
  abort: 'abort',
  'invalid state': 'state',
  'connection lost': 'lost',
  'never settles': 'hang',
} as const;

type Fault = (typeof FAULTS)[keyof typeof FAULTS];

interface Planted {
  /** @param database only its writes fail; empty: those of every one */
  fault: { kind: string; left: number; database: string } | null;
}

/** Puts a fault beneath every write of IndexedDB, dormant until `plant`; Dexie takes hold of the functions when it opens. */
function soil(): void {
  const planted: Planted = { fault: null };
  Object.assign(globalThis, { planted });
  const real = IDBDatabase.prototype.transaction;
  /** Something that never tells of anything. */
  const mute = <T extends IDBRequest | IDBTransaction>(silent: T): T => {
    for (const name of ['onsuccess', 'onerror', 'oncomplete', 'onabort']) Object.defineProperty(silent, name, { set: () => undefined });
    silent.addEventListener = () => undefined;
    return silent;
  };
  IDBDatabase.prototype.transaction = function (this: IDBDatabase, stores, mode, options) {
    const fault = planted.fault;
    const isHit = mode === 'readwrite' && fault && fault.left > 0 && (fault.database === '' || fault.database === this.name);
    if (!isHit) return real.call(this, stores as string, mode, options);
    fault.left -= 1;
    if (fault.kind === 'state') throw new DOMException('planted', 'InvalidStateError');
    if (fault.kind === 'lost') {
      this.close();
      throw new DOMException('The database connection is closing.', 'InvalidStateError');
    }
    const tx = real.call(this, stores as string, mode, options);
    if (fault.kind === 'abort') queueMicrotask(() => tx.abort());
    if (fault.kind === 'hang') mute(tx);
    const store = tx.objectStore.bind(tx);
    tx.objectStore = (name) => {
      const found = store(name);
      if (fault.kind === 'quota') {
        found.add = found.put = () => {
          throw new DOMException('planted', 'QuotaExceededError');
        };
      }
      if (fault.kind === 'hang') {
        found.add = found.put = () => mute(found.count() as IDBRequest<IDBValidKey>);
      }
      return found;
    };
    return tx;
  } as typeof real;
}

/** Make the next `times` writes fail. */
const plant = (page: Page, kind: Fault, times: number, database = '') =>
  page.evaluate((fault) => void Object.assign((globalThis as unknown as { planted: Planted }).planted, { fault }), {
    kind,
    left: times,
    database,
  });

const heal = (page: Page) => plant(page, 'abort', 0);

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`an answer whose write meets "${name}" is told of within two seconds, stays on screen, and is saved once it can be`, async ({
    page,
  }) => {
    await page.addInitScript(soil);
    await begin(page);
    await choose(page, true);
    const { id } = await itemOnScreen(page);
    await plant(page, fault, 99);
    await page.getByRole('button', { name: '확실해요' }).click();
    await expect(page.locator('.fault')).toBeVisible({ timeout: 2500 });
    const filled = await page.locator('.fault').evaluate((box) => {
      const text = document.createRange();
      text.selectNodeContents(box);
      return text.getBoundingClientRect().width / box.clientWidth;
    });
    expect(filled, 'the words have the whole width').toBeGreaterThan(0.75);
    expect((await itemOnScreen(page)).id).toBe(id);
    await heal(page);
    await page.getByRole('button', { name: '확실해요' }).click();
    await expect(page.locator('.feedback')).toBeVisible();
    expect((await standing(page)).map((a) => a['item_id'])).toEqual([id]);
    await next(page);
  });

  if (fault === 'quota') continue;
  test(`one "${name}" is got over by reopening and trying again: the learner sees nothing of it`, async ({ page }) => {
    await page.addInitScript(soil);
    await begin(page);
    await choose(page, true);
    await plant(page, fault, 1);
    await page.getByRole('button', { name: '확실해요' }).click();
    await expect(page.locator('.feedback')).toBeVisible();
    await expect(page.locator('.fault')).toHaveCount(0);
    expect(await standing(page)).toHaveLength(1);
  });
}

test('an answer given while the connection is lost is kept aside, and saved by the reload that is offered', async ({ page }) => {
  await page.addInitScript(soil);
  await begin(page);
  await choose(page, true);
  const { id } = await itemOnScreen(page);
  await plant(page, 'lost', 99);
  await page.getByRole('button', { name: '확실해요' }).click();
  await expect(page.locator('.fault')).toContainText('답은 따로 남겨 두었으니');
  await page.locator('.fault').getByRole('button').click();
  await expect(page.locator('.feedback')).toBeVisible();
  expect((await standing(page)).map((a) => a['item_id'])).toEqual([id]);
});

/** What became of a write: done all the same, told by its name, or neither within two seconds (and a little, for a busy machine). */
const becameOf = (page: Page, write: string): Promise<string> =>
  page.evaluate(async (name) => {
    const { examsgraphTest } = globalThis as unknown as { examsgraphTest: { writes: Record<string, () => Promise<unknown>> } };
    const told = examsgraphTest.writes[name]?.().then(
      () => 'done',
      (fault: { name?: string; kind?: string }) => (fault.name === 'StorageFault' ? `${fault.kind}` : `unnamed: ${fault}`),
    );
    return Promise.race([told ?? 'unknown', new Promise<string>((late) => setTimeout(late, 2500, 'waiting'))]);
  }, write);

/** Every function that writes to IndexedDB, deleting everything aside. What may take minutes on a slow phone is given longer than two seconds before it is given up; its screen says that it is working (below). */
const STORAGE_WRITES = {
  'an event': 'brief',
  'the ledger': 'brief',
  'a merge': 'long',
  'folding anew': 'long',
  'a pack': 'long',
  'the backup': 'long',
} as const;

test('every function that writes to this device’s storage, under every fault that ends, is done again or told by its name within two seconds', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await page.addInitScript(soil);
  await begin(page);
  await answerMany(page, 2);
  for (const [write, length] of Object.entries(STORAGE_WRITES)) {
    for (const fault of Object.values(FAULTS)) {
      const isSlow = fault === 'hang' && length === 'long';
      if (isSlow) continue;
      await plant(page, fault, 99);
      const told = await becameOf(page, write);
      expect(told, `${write}, ${fault}`).toBe(fault === 'quota' ? 'full' : 'interrupted');
      await heal(page);
      expect(await becameOf(page, write), `${write} after ${fault}`).toBe('done');
      if (fault === 'quota') continue;
      await plant(page, fault, 1);
      expect(await becameOf(page, write), `${write} after one ${fault}`).toBe('done');
      await heal(page);
    }
  }
  await page.reload();
  await expect(page.locator('.stem h1')).toBeVisible();
  expect(await standing(page)).toHaveLength(2);
});

test('a first opening that cannot be written is told by the fault’s own words, under every fault', async ({ browser, baseURL }) => {
  for (const fault of Object.values(FAULTS)) {
    const context = await browser.newContext({ baseURL: baseURL ?? '' });
    const page = await context.newPage();
    await page.addInitScript(soil);
    await page.addInitScript((kind) => {
      (globalThis as unknown as { planted: Planted }).planted.fault = { kind, left: 99, database: '' };
    }, fault);
    await page.goto('/');
    await expect(page.getByRole('heading', { name: '저장된 답을 열 수 없어요' }), fault).toBeVisible();
    await expect(page.getByRole('alert'), fault).toContainText(fault === 'quota' ? '저장 공간이 가득' : '저장소와 연결이 끊겼어요');
    await context.close();
  }
});

test('a pack that cannot be kept is told as such, not as a lost connection; one that hangs is waited for in sight', async ({ page }) => {
  await page.addInitScript(soil);
  await page.goto('/');
  await page.getByRole('button', { name: '시작하기' }).click();
  const take = page.getByRole('button', { name: '정보기술 기초 선택' });
  for (const [fault, words] of [
    ['quota', '저장 공간이 가득'],
    ['lost', '저장소와 연결이 끊겼어요'],
  ] as const) {
    await plant(page, fault, 99);
    await take.click();
    await expect(page.getByRole('alert'), fault).toContainText(words);
    await heal(page);
  }
  await page.reload();
  await plant(page, 'hang', 1, 'examsgraph-cache');
  await take.click();
  await expect(page.locator('.waiting')).toBeVisible();
  await expect(page.getByRole('button', { name: '계속' })).toBeVisible({ timeout: 30_000 });
});

test('a restore that cannot be written changes nothing, says so in sight, and can be tried again', async ({ page }) => {
  await page.addInitScript(soil);
  await begin(page);
  await answerMany(page, 3);
  const file = await saveBackup(page, '');
  await page.goto('/study/none');
  await answerMany(page, 1);
  for (const fault of ['quota', 'abort', 'state', 'lost'] as const) {
    await page.goto('/storage');
    await page.locator('input[type=file]').setInputFiles(file);
    await expect(page.getByText(/기록 0건이 더해지고/)).toBeVisible();
    await plant(page, fault, 99);
    await page.getByRole('button', { name: '지금 복원' }).click();
    await expect(page.locator('.notice.bad').first(), fault).toBeInViewport({ timeout: 3000 });
    await heal(page);
  }
  await page.locator('input[type=file]').setInputFiles(file);
  await plant(page, 'hang', 99);
  await page.getByRole('button', { name: '지금 복원' }).click();
  await expect(page.getByText(/하는 중/)).toBeInViewport();
  await heal(page);
  await page.reload();
  await page.locator('input[type=file]').setInputFiles(file);
  await page.getByRole('button', { name: '지금 복원' }).click();
  await expect(page.getByText('복원했어요: 기록 0건')).toBeVisible();
  expect(await standing(page)).toHaveLength(4);
});

test('an automatic copy that cannot be kept is told, whatever screen is open', async ({ page }) => {
  test.setTimeout(180_000);
  await page.addInitScript(soil);
  await begin(page);
  await answerMany(page, 199);
  await plant(page, 'quota', 99, 'examsgraph-backup');
  await answerMany(page, 1);
  await expect(page.locator('.notice.bad')).toContainText('자동 복사본을 새로 만들지 못했어요');
  await expect(page.locator('.notice.bad')).toBeInViewport();
  expect(await standing(page)).toHaveLength(200);
  // it is told once, and made as soon as it can be
  await page.getByRole('button', { name: '닫기' }).click();
  await answerMany(page, 1);
  await expect(page.locator('.notice.bad')).toHaveCount(0);
  await heal(page);
  await answerMany(page, 1);
  const isCopied = () =>
    page.evaluate(
      () =>
        new Promise<boolean>((done) => {
          const opening = indexedDB.open('examsgraph-backup');
          opening.onsuccess = () => {
            const count = opening.result.transaction('files').objectStore('files').count();
            count.onsuccess = () => {
              opening.result.close();
              done(count.result > 0);
            };
          };
        }),
    );
  await expect.poll(isCopied).toBe(true);
  await page.goto('/storage');
  await expect(page.getByText(/최근 자동 복사본: .*답 202개/)).toBeVisible();
});

/** A place of the app that writes: where it is, and what makes it write. */
const WRITES: readonly (readonly [name: string, path: string, act: (page: Page) => Promise<unknown>])[] = [
  [
    'a recommendation begun',
    '/',
    (p) => p.locator('section[aria-labelledby=recommended] li.card').first().getByRole('button', { name: '시작' }).click(),
  ],
  [
    'a recommendation dismissed',
    '/',
    (p) => p.locator('section[aria-labelledby=recommended] li.card').first().getByRole('button', { name: '나중에' }).click(),
  ],
  ['the difficulty', '/', (p) => p.getByText('더 쉽게').click()],
  ['the review plan', '/review', (p) => p.getByRole('button', { name: '복습 멈추기' }).click()],
  ['a mock exam', '/exam', (p) => p.getByRole('button', { name: '시험 시작' }).click()],
  ['a session of own choice', '/practice', (p) => p.getByRole('button', { name: '시작' }).click()],
  ['a drill', '/progress', (p) => p.locator('.tappable').first().click()],
  ['the calendar', '/progress', (p) => p.getByRole('button', { name: '달력 숨기기' }).click()],
  [
    'the real exam’s result',
    '/progress',
    async (p) => {
      await p.locator('#real').click();
      await p.getByRole('button', { name: '결과 저장' }).click();
    },
  ],
  ['automatic training', '/my-model', (p) => p.locator('section[aria-labelledby=manage]').getByRole('button').first().click()],
  ['a setting', '/settings', (p) => p.locator('section[aria-labelledby=studying]').getByText('켜기').first().click()],
];

/** Each write meets one of the faults; at night each meets every one. */
const MEETINGS = process.env['EG_NIGHTLY']
  ? WRITES.flatMap((write) => Object.values(FAULTS).map((fault) => [write, fault] as const))
  : WRITES.map((write, i) => [write, Object.values(FAULTS)[i % 5] ?? 'quota'] as const);

test('every other write of the learner’s screens says so when it cannot be done', async ({ page }) => {
  test.setTimeout(60_000 + MEETINGS.length * 10_000);
  await page.addInitScript(soil);
  await begin(page);
  await answerMany(page, 10);
  for (const [[what, path, act], fault] of MEETINGS) {
    await page.goto(path);
    await expect(page.locator('h1').first()).toBeVisible();
    await page.waitForLoadState('networkidle');
    await plant(page, fault, 99);
    await act(page);
    await expect(page.locator('.notice.bad').first(), `${what}, ${fault}`).toBeInViewport({ timeout: 3000 });
    await heal(page);
  }
  expect(await standing(page)).toHaveLength(10);
});

/** What can be said about a question: in its menu, and below its feedback. */
const REMARKS: readonly (readonly [name: string, act: (page: Page) => Promise<unknown>])[] = [
  ['a bookmark', (p) => p.getByRole('button', { name: '책갈피' }).click()],
  ['how hard it felt', (p) => p.getByText('너무 어려움').click()],
  ['a rating', (p) => p.locator('dialog').getByText('5', { exact: true }).click()],
  [
    'a note',
    async (p) => {
      await p.locator('dialog textarea').first().fill('적어 둔다');
      await p.getByRole('button', { name: '메모 저장' }).click();
    },
  ],
  [
    'a report',
    async (p) => {
      await p.locator('dialog summary').click();
      await p.locator('dialog details').getByRole('button').click();
    },
  ],
  ['putting it away', (p) => p.getByRole('button', { name: '다시 내지 않기' }).click()],
];

test('what is said of a question and cannot be kept is told within its menu; flag and undo are told on the page', async ({ page }) => {
  test.setTimeout(180_000);
  await page.addInitScript(soil);
  await begin(page);
  await answer(page, false);
  await next(page);
  for (const [i, [what, act]] of REMARKS.entries()) {
    await page.getByRole('button', { name: '이 문제 더 보기' }).click();
    await expect(page.locator('dialog[open] textarea').first()).toBeVisible();
    await plant(page, Object.values(FAULTS)[i % 5] ?? 'quota', 99);
    await act(page);
    await expect(page.locator('dialog .notice.bad'), what).toBeInViewport({ timeout: 3000 });
    await heal(page);
    await page.keyboard.press('Escape');
    await expect(page.locator('dialog[open]')).toHaveCount(0);
  }
  await plant(page, 'quota', 99);
  await page.getByRole('button', { name: '표시', exact: true }).click();
  await expect(page.locator('.notice.bad').first()).toBeInViewport({ timeout: 3000 });
  await heal(page);
  await page.reload();
  await expect(page.locator('.stem h1')).toBeVisible();
  await plant(page, 'abort', 99);
  await page.locator('.top').getByRole('button', { name: '되돌리기' }).click();
  await expect(page.locator('.fault')).toBeInViewport({ timeout: 3000 });
  await heal(page);
  expect(await standing(page)).toHaveLength(1);
});

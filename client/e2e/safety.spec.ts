import { readFileSync, writeFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import { agree, answer, answerMany, begin, choose, itemOnScreen, next, rows, standing, test } from './steps.ts';

/** Save a backup on the storage page. @returns where the file lies */
async function saveBackup(page: Page, passphrase: string): Promise<string> {
  await page.goto('/storage');
  if (passphrase) await page.locator('input[type=password]').first().fill(passphrase);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '파일 저장' }).click()]);
  await expect(page.getByText(/저장했어요: 답 \d+개/)).toBeVisible({ timeout: 60_000 });
  expect(file.suggestedFilename()).toMatch(/^examsgraph-\d{4}-\d\d-\d\d\.egbackup$/);
  return (await file.path()) ?? '';
}

/** What the browser does when space runs short: the databases go, what was put into localStorage may stay. */
async function evict(page: Page, names: readonly string[]): Promise<void> {
  // what the log holds is remembered outside of it once a page has settled
  await expect.poll(() => page.evaluate(() => localStorage.getItem('examsgraph.marker'))).not.toBeNull();
  await page.goto('/icons/icon.svg');
  await page.evaluate(
    (all) => Promise.all(all.map((name) => new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done)))),
    names,
  );
}

const JOURNAL = ['examsgraph-journal', 'examsgraph-cache'];

test('a wiped phone shows Restore, and a backup with a passphrase brings answers, models and settings back', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 80);
  await page.goto('/my-model');
  await expect.poll(async () => (await rows(page, 'model_versions')).length, { timeout: 60_000 }).toBeGreaterThan(0);
  const path = await saveBackup(page, '바른 말 배터리');
  const answers = await standing(page);
  const header = JSON.parse(readFileSync(path, 'latin1').split('\n')[0] ?? '') as { counts: { events: number } };
  const { events } = header.counts;
  await evict(page, JOURNAL);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: '진도가 사라졌어요' })).toBeVisible();
  await expect(page.getByText(/여기에 답 80개가 있었어요/)).toBeVisible();
  await expect(page.getByText('예산은 계정마다 세고, 예전 것은 쓴 채로 남아요.')).toBeVisible();
  await page.locator('input[type=file]').setInputFiles(path);
  await expect(page.getByText(/백업, 답 80개/)).toBeVisible();
  await page.locator('input[type=password]').fill('틀린 말');
  await page.getByRole('button', { name: '열기' }).click();
  await expect(page.getByRole('alert')).toContainText('이 백업의 암호가 아니에요', { timeout: 60_000 });
  await page.locator('input[type=password]').fill('바른 말 배터리');
  await page.getByRole('button', { name: '열기' }).click();
  await expect(page.getByText(new RegExp(`기록 ${events}건이 더해지고, 0건은 이미 있어요`))).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: '지금 복원' }).click();
  await expect(page.getByText(`복원했어요: 기록 ${events}건`)).toBeVisible();
  await page.getByRole('button', { name: '홈으로' }).click();
  await expect(page.locator('#recommended')).toBeVisible();
  const byAttempt = (all: Record<string, unknown>[]) => all.map((a) => [a['attempt_id'], a['correct'], a['seq']]).sort();
  expect(byAttempt(await standing(page))).toEqual(byAttempt(answers));
  await page.goto('/my-model');
  await expect(page.getByText(/개인 모델, 버전 \d/)).toBeVisible();
});

test('a backup with a passphrase brings back what was shared and its ε, on a phone that had lost both', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 12);
  // sealed is spent, whether it has arrived or not; other journeys count what arrives here
  await page.route('**/fed/reports/*', (route) => route.abort());
  await agree(page);
  const booked = page.getByText(/내 ε \d\.\d{3}/);
  const epsilon = async () => (await booked.innerText()).match(/(내 ε|지금까지 모두) \d\.\d{3}/g);
  const told = await epsilon();
  const path = await saveBackup(page, '바른 말 배터리');
  const answers = await standing(page);
  expect(told).toHaveLength(2);
  const contributions = await rows(page, 'contributions');
  expect(contributions.length).toBeGreaterThan(0);
  await evict(page, JOURNAL);
  await page.goto('/');
  await page.locator('input[type=file]').setInputFiles(path);
  await page.locator('input[type=password]').fill('바른 말 배터리');
  await page.getByRole('button', { name: '열기' }).click();
  await page.getByRole('button', { name: '지금 복원' }).click({ timeout: 60_000 });
  await page.getByRole('button', { name: '홈으로' }).click();
  await expect(page.locator('#recommended')).toBeVisible();
  expect(await standing(page)).toHaveLength(answers.length);
  await page.goto('/sharing');
  await expect(booked).toBeVisible();
  expect(await epsilon()).toEqual(told);
  const spent = (all: Record<string, unknown>[]) => all.map((c) => [c['report_id'], c['sealed_slot'], c['sigma']]);
  expect(spent(await rows(page, 'contributions'))).toEqual(spent(contributions));
});

test('the copy on the phone itself brings a lost log back in two taps', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 200);
  await page.goto('/storage');
  await expect
    .poll(async () => page.getByText(/최근 자동 복사본: .*답 200개/).count(), { timeout: 30_000 })
    .toBe(1)
    .catch(async () => {
      await page.reload();
      await expect(page.getByText(/최근 자동 복사본: .*답 200개/)).toBeVisible();
    });
  await evict(page, JOURNAL);
  await page.goto('/');
  await page.getByRole('button', { name: '복사본 되살리기' }).click();
  await page.getByRole('button', { name: '지금 복원' }).click();
  await page.getByRole('button', { name: '홈으로' }).click();
  await expect(page.locator('#recommended')).toBeVisible();
  expect(await standing(page)).toHaveLength(200);
});

test('restoring a backup over newer answers adds what is missing and loses nothing; twice changes nothing', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 12);
  const path = await saveBackup(page, '');
  await answerMany(page, 5);
  for (let i = 0; i < 2; i++) {
    await page.goto('/storage');
    await page.locator('input[type=file]').setInputFiles(path);
    await expect(page.getByText(/기록 0건이 더해지고/)).toBeVisible();
    await page.getByRole('button', { name: '지금 복원' }).click();
    await expect(page.getByText('복원했어요: 기록 0건')).toBeVisible();
  }
  expect(await standing(page)).toHaveLength(17);
});

test('the whole log is exported as a zip for MLflow, a spreadsheet and an ONNX runtime, and nothing is sent', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 12);
  await page.goto('/storage');
  const sent: string[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') sent.push(request.url());
  });
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'zip 저장' }).click()]);
  expect(file.suggestedFilename()).toMatch(/^examsgraph-log-\d{4}-\d\d-\d\d\.zip$/);
  const names = Object.keys(unzipSync(new Uint8Array(readFileSync((await file.path()) ?? ''))));
  for (const wanted of ['README.txt', 'log.json', 'csv/answers.csv', 'model/model.onnx']) expect(names).toContain(wanted);
  expect(names.filter((name) => /^mlruns\/\d+\/[0-9a-f]{32}\/metrics\/accuracy$/.test(name)).length).toBeGreaterThan(0);
  await expect(page.getByText('저장했어요. 각 파일 설명은 zip 안의 README에 있어요.')).toBeVisible();
  expect(sent).toEqual([]);
});

test('a file that is no backup, or a damaged one, changes nothing and says so', async ({ watched: page }, info) => {
  await begin(page);
  await answerMany(page, 5);
  const good = readFileSync(await saveBackup(page, ''));
  const bad = Buffer.from(good);
  bad[bad.length - 5] = (bad[bad.length - 5] ?? 0) ^ 1;
  const files = [
    ['picture.egbackup', Buffer.from('not a backup'), '백업 파일이 아니에요'],
    ['cut.egbackup', bad, '파일이 손상됐어요'],
  ] as const;
  for (const [name, bytes, words] of files) {
    const path = info.outputPath(name);
    writeFileSync(path, bytes);
    await page.locator('input[type=file]').setInputFiles(path);
    await expect(page.getByRole('alert')).toContainText(words);
  }
  expect(await standing(page)).toHaveLength(5);
});

test('delete everything asks for a typed word, empties the phone, and begins anew with a welcome', async ({ watched: page }) => {
  await begin(page);
  await answerMany(page, 10);
  await page.goto('/storage');
  const button = page.getByRole('button', { name: '지금 모두 지우기' });
  await expect(button).toBeDisabled();
  await page.getByLabel(/‘삭제’라고 입력/).fill('삭');
  await expect(button).toBeDisabled();
  await page.getByLabel(/‘삭제’라고 입력/).fill('삭제');
  await button.click();
  await expect(page.getByRole('heading', { name: '모두 지웠어요.' })).toBeVisible();
  expect(
    await page.evaluate(async () => (await indexedDB.databases()).map((d) => d.name).filter((n) => n?.startsWith('examsgraph-journal'))),
  ).toEqual([]);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  await page.getByRole('button', { name: '새로 시작' }).click();
  await expect(page.getByRole('button', { name: '시작하기' })).toBeVisible();
});

test('another tab that deletes or upgrades the database is told of, and nothing is written any more', async ({
  watched: page,
  context,
}) => {
  await begin(page);
  await answer(page, true);
  const other = await context.newPage();
  await other.goto('/icons/icon.svg');
  await other.evaluate(() => new Promise((done) => (indexedDB.open('examsgraph-journal', 9990).onupgradeneeded = done)));
  await expect(page.getByRole('heading', { name: '다른 탭이 이어받았어요' })).toBeVisible();
  await other.close();
});

test('reminders are a calendar file at 19:00 daily, and no permission is ever asked', async ({ watched: page, context }) => {
  await context.grantPermissions([]);
  await begin(page);
  await page.goto('/settings');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: '달력 파일 저장' }).click()]);
  const text = readFileSync((await file.path()) ?? '', 'utf8');
  expect(text).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\n/);
  expect(text).toMatch(/DTSTART:\d{8}T190000\r\n/);
  expect(text).toContain('RRULE:FREQ=DAILY\r\n');
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true);
  expect(await page.evaluate(() => Notification.permission)).not.toBe('granted');
});

/** How every later write of the journal is to fail, planted beneath the app. */
const FAULTS = {
  quota: 'quota',
  abort: 'abort',
  'invalid state': 'state',
  'connection lost': 'lost',
  'never settles': 'hang',
} as const;

interface Planted {
  fault: { kind: string; left: number } | null;
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
    if (mode !== 'readwrite' || !fault || fault.left <= 0) return real.call(this, stores as string, mode, options);
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
const plant = (page: Page, kind: (typeof FAULTS)[keyof typeof FAULTS], times: number) =>
  page.evaluate((fault) => void Object.assign((globalThis as unknown as { planted: Planted }).planted, { fault }), { kind, left: times });

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

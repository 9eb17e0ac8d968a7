import { readFileSync, writeFileSync } from 'node:fs';
import { expect, type Page } from '@playwright/test';
import { unzipSync } from 'fflate';
import type { Frozen } from '../storage/journal-fixtures/freeze.ts';
import { agree, answer, answerMany, begin, rows, saveBackup, standing, test } from './steps.ts';

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
  const epsilon = async () => (await booked.innerText()).match(/(내 ε|지금까지) \d\.\d{3}/g);
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
  await expect(page.getByText('저장했어요.', { exact: true })).toBeVisible();
  expect(sent).toEqual([]);
});

test('the questions are saved as a text file for Anki, with the learner’s notes', async ({ watched: page }) => {
  await begin(page);
  await page.getByRole('button', { name: '이 문제 더 보기' }).click();
  await page.getByLabel('내 메모').fill('내 메모');
  await page.getByRole('button', { name: '메모 저장' }).click();
  await expect(page.locator('dialog').getByText('저장했어요.')).toBeVisible();
  await page.goto('/storage');
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Anki용으로 저장' }).click()]);
  const text = readFileSync((await file.path()) ?? '', 'utf8');
  expect(text).toMatch(/^#separator:tab\n#html:true\n/);
  expect(text.split('\n').filter((line) => line.startsWith('"'))).toHaveLength(240);
  expect(text).toContain('<p>내 메모</p>');
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

test('the database of an older version is folded anew by the browser itself: every answer, every point of its runs', async ({
  watched: page,
}) => {
  const frozen = JSON.parse(readFileSync('client/storage/journal-fixtures/v3.json', 'utf8')) as Frozen;
  const held = (name: string) => frozen.stores.find((s) => s.name === name)?.rows.length ?? 0;
  await page.goto('/icons/icon.svg');
  await page.evaluate(
    ({ version, stores }) =>
      new Promise<void>((done) => {
        const opening = indexedDB.open('examsgraph-journal', version);
        const plain = (_: string, value: unknown) => (value instanceof Object && '$nan' in value ? Number.NaN : value);
        opening.onupgradeneeded = () => {
          for (const { name, keyPath, indexes, rows: all } of stores) {
            const store = opening.result.createObjectStore(name, { keyPath });
            for (const index of indexes) store.createIndex(index.name, index.keyPath, { unique: index.unique });
            for (const row of all) store.put(JSON.parse(JSON.stringify(row), plain));
          }
        };
        opening.onsuccess = () => {
          opening.result.close();
          done();
        };
      }),
    frozen,
  );
  await page.goto('/');
  await expect(page.getByRole('main')).toBeVisible();
  await expect.poll(async () => (await rows(page, 'answers')).length).toBe(held('answers'));
  const steps = await rows(page, 'metric_steps');
  expect(steps.flatMap((row) => row['points'])).toHaveLength(held('metrics'));
  expect(held('metrics')).toBeGreaterThan(50);
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

import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';
import { answerMany, begin, finishSession, rows, setSwitches, standing, studyMore, test } from './steps.ts';

const outcome = (page: Page) => page.getByTestId('training-outcome');
const trainings = async (page: Page) => (await rows(page, 'runs')).filter((r) => String(r['run_name']).startsWith('refit'));
const param = async (page: Page, run: unknown, key: string) =>
  (await rows(page, 'params')).find((p) => p['owner'] === run && p['key'] === key)?.['value'];
const tag = async (page: Page, run: unknown, key: string) =>
  (await rows(page, 'tags')).find((t) => t['owner'] === run && t['key'] === key)?.['value'];

async function trainNow(page: Page): Promise<void> {
  await page.getByRole('link', { name: '내 모델', exact: true }).click();
  await page.getByRole('button', { name: '지금 학습' }).click();
}

test('with ten answers, Train now draws the loss curve on wasm, names backend and time, and replaces nothing', async ({
  watched: page,
}) => {
  await begin(page);
  await finishSession(page);
  await page.getByRole('link', { name: '완료' }).click();
  await trainNow(page);
  await expect(outcome(page)).toContainText('판단하기에는 답이 적어서', { timeout: 60_000 });
  await expect(outcome(page)).toContainText(/wasm, [\d.]+초/);
  await expect(outcome(page)).toContainText('webgpu 제외: 소프트웨어 어댑터뿐이에요');
  await expect(page.getByRole('img', { name: '로그 손실(nat), 학습 단계별' }).first()).toBeVisible();
  const [run] = await trainings(page);
  expect(run?.['status']).toBe('FINISHED');
  expect(await param(page, run?.['run_id'], 'backend')).toBe('wasm');
  expect(await rows(page, 'model_versions')).toHaveLength(0);
});

test('thirty answers by hand: the first refit comes by itself and is marked early; the one that is better serves from then on', async ({
  watched: page,
}) => {
  await begin(page);
  await finishSession(page);
  await studyMore(page, 20);
  expect(await finishSession(page)).toBe(20);
  expect(await standing(page)).toHaveLength(30);
  await expect.poll(async () => (await trainings(page))[0]?.['status'], { timeout: 60_000 }).toBe('FINISHED');
  const [first] = await trainings(page);
  expect(await param(page, first?.['run_id'], 'early')).toBe('true');
  expect(await param(page, first?.['run_id'], 'answers_total')).toBe('30');
  await answerMany(page, 50);
  await expect.poll(async () => (await trainings(page)).filter((r) => r['status'] === 'FINISHED').length, { timeout: 60_000 }).toBe(2);
  const versions = await rows(page, 'model_versions');
  expect(versions.length).toBeGreaterThan(0);
  const latest = Math.max(...versions.map((v) => Number(v['version'])));
  await page.getByRole('link', { name: '완료' }).click();
  await page.getByRole('link', { name: '내 모델', exact: true }).click();
  await expect(page.getByText(`개인 모델, 버전 ${latest}`)).toBeVisible();
  await expect(page.locator('section[aria-labelledby=versions]')).toContainText('사용 중 초기');
  await page.reload();
  await expect(page.getByText(`개인 모델, 버전 ${latest}`)).toBeVisible();
});

test('a planted worse refit is refused, with both numbers, and the old model goes on serving', async ({ watched: page }) => {
  await begin(page);
  await setSwitches(page, { plantWorse: true });
  await page.goto('/');
  await answerMany(page, 29);
  await page.reload();
  await page.getByRole('link', { name: '내 모델', exact: true }).click();
  await answerMany(page, 60);
  await expect.poll(async () => (await trainings(page))[0]?.['status'], { timeout: 60_000 }).toBe('FINISHED');
  const [run] = await trainings(page);
  expect(await tag(page, run?.['run_id'], 'gate')).toBe('rejected');
  expect(['not-better', 'worse-calibrated', 'within-noise']).toContain(await tag(page, run?.['run_id'], 'discard_reason'));
  expect(await rows(page, 'model_versions')).toHaveLength(0);
  await expect(page.getByText('시작 모델 1')).toBeVisible();
});

test('on WebGPU, forced onto the software adapter by a test switch, the same training runs and says so', async ({ watched: page }) => {
  test.setTimeout(300_000);
  await begin(page);
  await setSwitches(page, { forceWebGpu: true });
  await page.goto('/');
  await answerMany(page, 20);
  await trainNow(page);
  await expect(outcome(page)).toContainText(/webgpu, [\d.]+초/, { timeout: 240_000 });
  const [run] = await trainings(page);
  expect(await param(page, run?.['run_id'], 'backend')).toBe('webgpu');
});

test('the worker is killed amid training: no answer is lost, the run says so, and the next one works', async ({ watched: page }) => {
  // The page keeps hold of the worker: ended from outside, it need not find time for its own end.
  await page.addInitScript(() => {
    const Plain = Worker;
    class Held extends Plain {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        Object.assign(globalThis, { held: this });
      }
    }
    Object.assign(globalThis, { Worker: Held });
  });
  await begin(page);
  await page.goto('/');
  await answerMany(page, 28);
  const born = page.waitForEvent('worker');
  await trainNow(page);
  await born;
  await page.evaluate(async () => {
    const isAtWork = async () => (await navigator.locks.query()).held?.some((lock) => lock.name?.startsWith('examsgraph-trainer-'));
    while (!(await isAtWork())) await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    (globalThis as unknown as { held: Worker }).held.terminate();
  });
  await expect(page.getByText('학습이 끊겼어요')).toBeVisible({ timeout: 30_000 });
  expect(await standing(page)).toHaveLength(28);
  expect((await trainings(page)).map((r) => r['status'])).toEqual(['FAILED']);
  await page.getByRole('button', { name: '지금 학습' }).click();
  await expect(outcome(page)).toBeVisible({ timeout: 60_000 });
  expect((await trainings(page)).map((r) => r['status']).sort()).toEqual(['FAILED', 'FINISHED']);
});

test('Stop ends a training at once, and nothing is registered', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/');
  await answerMany(page, 28);
  const born = page.waitForEvent('worker');
  await trainNow(page);
  await born;
  await page.locator('section[aria-labelledby=training]').getByRole('button', { name: '멈추기' }).click();
  await expect(page.getByText('멈췄어요. 이전 모델을 계속 써요.')).toBeVisible();
  await expect.poll(async () => (await trainings(page)).map((r) => r['status'])).toEqual(['KILLED']);
  expect(await rows(page, 'model_versions')).toHaveLength(0);
});

test('a page closed amid training leaves no run behind that still claims to run', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/');
  await answerMany(page, 25);
  const born = page.waitForEvent('worker');
  await trainNow(page);
  await born;
  await page.reload();
  await expect.poll(async () => (await trainings(page)).map((r) => r['status'])).toEqual(['FAILED']);
  expect(await standing(page)).toHaveLength(25);
});

test('studying goes on while training runs, and its answers are kept', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/');
  await answerMany(page, 60);
  await expect.poll(async () => (await trainings(page)).length, { timeout: 30_000 }).toBeGreaterThan(0);
  await answerMany(page, 10);
  await expect.poll(async () => (await trainings(page))[0]?.['status'], { timeout: 60_000 }).toBe('FINISHED');
  expect(await standing(page)).toHaveLength(70);
});

test('the search for better settings goes round by round, says what came of it, and stands among the runs', async ({ watched: page }) => {
  await begin(page);
  await page.goto('/my-model');
  await expect(page.getByRole('button', { name: '지금 찾기' })).toBeDisabled();
  await answerMany(page, 305);
  await page.goto('/my-model');
  await page.getByRole('button', { name: '지금 찾기' }).click();
  await expect(page.getByTestId('tuning-outcome')).toContainText(/로그 손실/, { timeout: 60_000 });
  const automl = (await rows(page, 'runs')).filter((r) => /^(automl|setting) /.test(String(r['run_name'])));
  expect(automl).toHaveLength(28);
  expect(new Set(automl.map((r) => r['status']))).toEqual(new Set(['FINISHED']));
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations.map((v) => v.id)).toEqual([]);
});

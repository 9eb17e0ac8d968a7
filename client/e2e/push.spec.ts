import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { answerMany, begin, rows } from './steps.ts';

const MLFLOW = 'http://localhost:5000';
const TOKEN = 'a secret of the learner';

interface Kept {
  readonly id: string;
  readonly tags: { readonly key: string; readonly value: string }[];
  metrics: number;
  status: string;
}

/** An MLflow server in memory, that asks for a token and lets pages of other origins call it, as a stock one on this machine does. */
async function startMlflow(page: Page): Promise<readonly Kept[]> {
  const runs: Kept[] = [];
  const experiments: string[] = [];
  const cors = {
    'Access-Control-Allow-Origin': new URL(page.url()).origin,
    'Access-Control-Allow-Methods': 'GET, POST, PUT',
    'Access-Control-Allow-Headers': 'authorization, content-type',
  };
  const fault = (status: number, error_code: string) => ({ status, json: { error_code, message: '' } });
  const infoOf = ({ id, status }: Kept) => ({ info: { run_id: id, status, artifact_uri: `mlflow-artifacts:/1/${id}/artifacts` } });
  const reply = (path: string, body: Record<string, never>): { status: number; json: object } => {
    const run = runs.find((r) => r.id === body['run_id']);
    switch (path) {
      case 'experiments/get-by-name':
        return fault(404, 'RESOURCE_DOES_NOT_EXIST');
      case 'experiments/create':
        return { status: 200, json: { experiment_id: String(experiments.push(body['name'] ?? '')) } };
      case 'runs/search': {
        const found = runs.filter((r) => r.tags.some((t) => String(body['filter']).includes(`'${t.value}'`)));
        return { status: 200, json: { runs: found.map(infoOf) } };
      }
      case 'runs/create': {
        const created = { id: String(runs.length), tags: body['tags'] ?? [], metrics: 0, status: 'RUNNING' };
        runs.push(created);
        return { status: 200, json: { run: infoOf(created) } };
      }
      case 'runs/log-batch':
        if (run) run.metrics += (body['metrics'] as unknown[] | undefined)?.length ?? 0;
        return { status: 200, json: {} };
      case 'runs/update':
        if (run) run.status = body['status'] ?? '';
        return { status: 200, json: {} };
      default:
        return fault(404, 'ENDPOINT_NOT_FOUND');
    }
  };
  await page.route(`${MLFLOW}/**`, async (route) => {
    const request = route.request();
    if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors });
    const path = new URL(request.url()).pathname.replace(/^\/api\/2\.0\/mlflow(-artifacts)?\//, '');
    const isKnown = (await request.allHeaders())['authorization'] === `Bearer ${TOKEN}`;
    if (!isKnown) return route.fulfill({ status: 401, headers: cors, body: '' });
    if (request.method() === 'PUT') return route.fulfill({ status: 200, headers: cors, json: {} });
    return route.fulfill({ ...reply(path, (request.postDataJSON() ?? {}) as Record<string, never>), headers: cors });
  });
  return runs;
}

test('the log goes to the MLflow server the learner names, from the one page that may call it', async ({ page }) => {
  await begin(page);
  await answerMany(page, 10);
  await page.goto('/storage');
  const link = page.getByRole('link', { name: 'MLflow 서버로 보내기' });
  await expect(link).toBeVisible();
  const runs = await startMlflow(page);
  const isCalled = await page.evaluate(
    (url) =>
      fetch(`${url}/health`).then(
        () => true,
        () => false,
      ),
    MLFLOW,
  );
  expect(isCalled).toBe(false);
  await page.context().setOffline(true);
  await expect(page.getByText('MLflow 서버로 보내려면 인터넷 연결이 필요해요.')).toBeVisible();
  await page.context().setOffline(false);
  await link.click();
  await expect(page.getByRole('heading', { name: 'MLflow 서버로 보내기' })).toBeVisible();
  const own = await rows(page, 'runs');
  expect(own.length).toBeGreaterThan(1);
  await expect(page.getByText(`실행 ${own.length}건의 지표와 모델이`)).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  expect(violations).toEqual([]);
  const address = page.getByLabel('서버 주소');
  const push = page.getByRole('button', { name: '지금 보내기' });
  await address.fill('http://mlflow.example');
  await push.click();
  await expect(page.getByRole('alert')).toContainText('주소는 https://로 시작하거나');
  await address.fill('https://127.0.0.1:1');
  await push.click();
  await expect(page.getByRole('alert')).toContainText('답하지 않아요');
  // all of it, but for part of a pixel
  await expect(page.getByRole('alert')).toBeInViewport({ ratio: 0.99 });
  await address.fill(`${MLFLOW}/`);
  await push.click();
  await expect(page.getByRole('alert')).toContainText('서버가 누구인지 물어요');
  expect(runs).toEqual([]);
  await page.getByLabel('비밀번호 또는 액세스 토큰').fill(TOKEN);
  for (let again = 0; again < 2; again++) {
    await push.click();
    await expect(page.getByText(`실행 ${own.length}건이 ${MLFLOW}에 있어요.`)).toBeVisible();
    expect(runs).toHaveLength(own.length);
  }
  const points = (await rows(page, 'metric_steps')).reduce((sum, row) => sum + (row['points'] as unknown[]).length, 0);
  // a run that has not ended is brought up to date each time
  expect(runs.reduce((sum, run) => sum + run.metrics, 0)).toBeGreaterThanOrEqual(points);
  expect(new Set(runs.map((run) => run.tags.find((t) => t.key === 'eg.run_id')?.value))).toEqual(new Set(own.map((r) => r['run_id'])));
});

test('a push that is stopped says how far it came', async ({ page }) => {
  await begin(page);
  await answerMany(page, 10);
  await page.goto('/push');
  await startMlflow(page);
  // the server takes its time
  await page.route(`${MLFLOW}/**/runs/log-batch`, () => undefined);
  await page.getByLabel('비밀번호 또는 액세스 토큰').fill(TOKEN);
  await page.getByRole('button', { name: '지금 보내기' }).click();
  await page.getByRole('button', { name: '멈추기' }).click();
  await expect(page.getByText('멈췄어요. 서버에 실행 0건이 있고')).toBeVisible();
  await expect(page.getByRole('button', { name: '지금 보내기' })).toBeEnabled();
});

test('an address where something else answers is told so, and a push that waits for its turn can be stopped', async ({ page }) => {
  await begin(page);
  await answerMany(page, 10);
  await page.goto('/push');
  const cors = { 'Access-Control-Allow-Origin': new URL(page.url()).origin, 'Access-Control-Allow-Headers': 'authorization, content-type' };
  let answer: { status: number; body: string; headers?: Record<string, string> } = { status: 200, body: '<!doctype html><p>Welcome' };
  await page.route(`${MLFLOW}/**`, (route) =>
    route.fulfill({ ...(route.request().method() === 'OPTIONS' ? { status: 204 } : answer), headers: { ...cors, ...answer.headers } }),
  );
  const push = page.getByRole('button', { name: '지금 보내기' });
  for (const body of [answer.body, '{}', '[]']) {
    answer = { status: 200, body };
    await push.click();
    await expect(page.getByRole('alert')).toContainText('MLflow처럼 답하지 않아요');
  }
  answer = { status: 429, body: '{}', headers: { 'Retry-After': '3600', 'Access-Control-Expose-Headers': 'Retry-After' } };
  const asked = page.waitForResponse((response) => response.status() === 429);
  await push.click();
  await asked;
  await page.getByRole('button', { name: '멈추기' }).click();
  await expect(page.getByText('멈췄어요. 서버에 실행 0건이 있고')).toBeVisible();
});

test('where nothing has been answered there is nothing to push', async ({ page }) => {
  await page.goto('/push');
  await expect(page.getByText('아직 실행 기록이 없어요.')).toBeVisible();
  await expect(page.getByRole('button', { name: '지금 보내기' })).toHaveCount(0);
});

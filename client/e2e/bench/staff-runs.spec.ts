import { expect, test } from '@playwright/test';
import { printed } from '../sizes.ts';
import { setUp, staffPage } from '../staff-steps.ts';

const RUNS = 100_000;
const A_REQUEST = 200;

test(`the staff page of runs with ${RUNS.toLocaleString('en')} runs`, async ({ browser }) => {
  test.setTimeout(600_000);
  const { page } = await staffPage(browser, new URL('/dashboard', process.env['EG_BASE_URL']).href);
  await setUp(page, process.env['EG_SETUP_CODE'] ?? '');
  await page.evaluate(
    async ([runs, each]) => {
      const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
        const reply = await fetch(path, {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'Content-Type': 'application/json', ...headers },
        });
        if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
        return reply.json();
      };
      const { token } = await post('/dashboard/api/tokens', { name: 'bench', days: 30, isReadOnly: false });
      const bearer = { Authorization: `Bearer ${token}` };
      const { experiment_id } = await post('/api/2.0/mlflow/experiments/create', { name: 'hundred thousand' }, bearer);
      const id = (n: number) => n.toString(16).padStart(32, '0');
      for (let from = 0; from < runs; from += each) {
        const some = Array.from({ length: each }, (_, i) => {
          const n = from + i;
          const metrics = Array.from({ length: 10 }, (_, k) => ({ key: `m${k}`, value: Math.sin(n * (k + 1)), timestamp: n, step: 0 }));
          const params = Array.from({ length: 8 }, (_, k) => ({ key: `p${k}`, value: String((n * (k + 3)) % 17) }));
          return {
            run_id: id(n + 1),
            experiment_id,
            run_name: `run ${n}`,
            start_time: n,
            end_time: n + 1,
            status: 'FINISHED',
            metrics,
            params,
          };
        });
        await post('/api/eg/v1/runs/import', { runs: some }, bearer);
      }
    },
    [RUNS, A_REQUEST] as const,
  );
  await page.getByRole('link', { name: '실행', exact: true }).click();
  await page.getByRole('combobox', { name: '실험' }).selectOption({ label: 'hundred thousand' });
  await expect(page.getByRole('button', { name: 'run 99999', exact: true })).toBeVisible();
  const loaded = await page.evaluate(async () => {
    const box = document.querySelector('.tall-table') as HTMLElement;
    const table = box.querySelector('table') as HTMLElement;
    const started = performance.now();
    while (table.getAttribute('aria-rowcount') === '-1') {
      box.scrollTop = box.scrollHeight;
      await new Promise((done) => requestAnimationFrame(done));
    }
    return {
      ms: performance.now() - started,
      rows: Number(table.getAttribute('aria-rowcount')) - 1,
      inDocument: table.querySelectorAll('tr').length,
    };
  });
  const frames = await page.evaluate(async () => {
    const box = document.querySelector('.tall-table') as HTMLElement;
    const times: number[] = [];
    let before = await new Promise<number>((done) => requestAnimationFrame(done));
    // up and down through everything, a screenful and more a frame, then in leaps of thousands
    for (const [count, stride] of [
      [600, 900],
      [200, 40_000],
    ] as const) {
      for (let n = 0; n < count; n++) {
        box.scrollTop = (box.scrollTop + stride) % (box.scrollHeight - box.clientHeight);
        const now = await new Promise<number>((done) => requestAnimationFrame(done));
        times.push(now - before);
        before = now;
      }
    }
    return times.sort((a, b) => a - b);
  });
  const at = (share: number) => `${(frames[Math.min(frames.length - 1, Math.floor(share * frames.length))] ?? Number.NaN).toFixed(1)} ms`;
  const row = (what: string, measured: string) => ({ what, measured, target: '–', hard: '–' });
  const table = printed([
    row('Runs loaded by scrolling', `${loaded.rows.toLocaleString('en')} in ${(loaded.ms / 1000).toFixed(1)} s`),
    row('Rows in the document', String(loaded.inDocument)),
    row(`A frame of scrolling, median of ${frames.length}`, at(0.5)),
    row('A frame of scrolling, 95th percentile', at(0.95)),
    row('The longest frame', at(1)),
  ]);
  process.stdout.write(`\n${table}\n`);
  expect(loaded.rows).toBe(RUNS);
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { below, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { parseFilter, parseOrder } from '#shared/tracking/filter.ts';
import { compareRuns, matches, type Searched } from '#shared/tracking/search.ts';
import { batcher } from './batcher.ts';
import { writeEvent } from './registry.ts';
import { newTestTracking, type TestTracking } from './test-installation.ts';

let t: TestTracking;
beforeAll(async () => {
  t = await newTestTracking({ name: 'tracking_laws' });
});
afterAll(() => t.close());

const pick = <T>(all: readonly T[], rng: Rng): T => all[below(all.length, rng)] as T;
const newRun = async (experiment_id = '0'): Promise<string> => (await t.client.call('createRun', { experiment_id })).run.info.run_id;
const dump = async (): Promise<string> => {
  const [row] = await t.db.query<{ text: string }>(
    `SELECT md5(string_agg(x, '|' ORDER BY x)) AS text FROM (
       SELECT m::text AS x FROM metrics m UNION ALL SELECT l::text FROM latest_metrics l UNION ALL SELECT p::text FROM params p
       UNION ALL SELECT g::text FROM tags g UNION ALL SELECT run_id || status || coalesce(end_time, 0) FROM runs) all_rows`,
  );
  return row?.text ?? '';
};

describe('the latest value of a metric', () => {
  test('is that of the greatest step, then timestamp, then value, in whatever order and batches the points come, sent twice or not', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const rng = seededRng(seed);
      const points = Array.from({ length: 40 }, () => ({
        key: pick(['a', 'b'], rng),
        value: pick([0, 1, -2.5, 3e10, Number.NaN, Number.POSITIVE_INFINITY], rng),
        timestamp: below(4, rng),
        step: below(4, rng) - 1,
      }));
      const run = await newRun();
      for (let left = [...points]; left.length > 0; ) {
        const size = 1 + below(12, rng);
        await t.client.call('logBatch', { run_id: run, metrics: left.slice(0, size) });
        if (uniform(rng) < 0.3) await t.client.call('logBatch', { run_id: run, metrics: left.slice(0, size) });
        left = left.slice(size);
      }
      const stored = (v: number) => (Number.isNaN(v) ? 0 : Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, v)));
      const { data } = (await t.client.call('getRun', { run_id: run })).run;
      for (const key of ['a', 'b']) {
        const own = points.filter((p) => p.key === key);
        const [best] = own.sort((x, y) => y.step - x.step || y.timestamp - x.timestamp || stored(y.value) - stored(x.value));
        if (!best) continue;
        const told = data.metrics?.find((m) => m.key === key);
        expect([told?.step, told?.timestamp]).toEqual([best.step, best.timestamp]);
        // 0 and NaN are kept as one number: of two such points at one place either may stand
        if (stored(best.value) !== 0) expect(Number(told?.value)).toBe(stored(best.value));
      }
      const kept = (await t.client.call('getMetricHistory', { run_id: run, metric_key: 'a' })).metrics ?? [];
      const distinct = new Set(
        points.filter((p) => p.key === 'a').map((p) => `${p.timestamp} ${p.step} ${stored(p.value)} ${Number.isNaN(p.value)}`),
      );
      expect(kept).toHaveLength(distinct.size);
    }
  });

  test('NaN is told as "NaN" and an infinity as the largest number', async () => {
    const run = await newRun();
    await t.client.call('logBatch', {
      run_id: run,
      metrics: [
        { key: 'nan', value: Number.NaN, timestamp: 1 },
        { key: 'inf', value: Number.NEGATIVE_INFINITY, timestamp: 1 },
      ],
    });
    const { data } = (await t.client.call('getRun', { run_id: run })).run;
    expect(data.metrics?.map((m) => m.value)).toEqual([-Number.MAX_VALUE, 'NaN']);
  });
});

describe('what is sent twice', () => {
  test('a batch of metrics, params and tags changes no row', async () => {
    const run = await newRun();
    const batch = {
      run_id: run,
      metrics: [{ key: 'm', value: 1, timestamp: 5, step: 2 }],
      params: [{ key: 'p', value: '' }],
      tags: [{ key: 't', value: 'x' }],
    };
    await t.client.call('logBatch', batch);
    const before = await dump();
    await t.client.call('logBatch', batch);
    expect(await dump()).toBe(before);
  });

  test('an import changes no row; a later one adds metrics, keeps the first params and the first end, and overwrites tags', async () => {
    const run_id = 'a'.repeat(32);
    const run = {
      run_id,
      experiment_id: '0',
      start_time: 5,
      end_time: 9,
      status: 'FINISHED' as const,
      metrics: [{ key: 'm', value: 1, timestamp: 5, step: 1 }],
      params: [{ key: 'p', value: 'first' }],
      tags: [{ key: 't', value: 'old' }],
    };
    await t.client.call('importRuns', { runs: [run] });
    const before = await dump();
    await t.client.call('importRuns', { runs: [run] });
    expect(await dump()).toBe(before);
    const later = {
      ...run,
      status: 'FAILED' as const,
      end_time: 99,
      metrics: [{ key: 'm', value: 2, timestamp: 6, step: 2 }],
      params: [{ key: 'p', value: 'second' }],
      tags: [{ key: 't', value: 'new' }],
    };
    await t.client.call('importRuns', { runs: [later] });
    const { info, data } = (await t.client.call('getRun', { run_id })).run;
    expect([info.status, info.end_time]).toEqual(['FINISHED', 9]);
    expect(data.params).toEqual([{ key: 'p', value: 'first' }]);
    expect(data.tags?.find((x) => x.key === 't')?.value).toBe('new');
    expect(data.metrics?.[0]?.value).toBe(2);
    const { model } = await t.client.call('createLoggedModel', { experiment_id: '0', name: 'm' });
    const { model_id } = model.info;
    const scored = { ...later, metrics: [{ key: 'score', value: 0.5, timestamp: 7, step: 3, model_id }] };
    await t.client.call('importRuns', { runs: [scored] });
    expect((await t.client.call('getLoggedModel', { model_id })).model.data?.metrics).toMatchObject([{ key: 'score', value: 0.5 }]);
  });

  test('of two imports of one new run that arrive together the first makes it, and its end stays', async () => {
    const run_id = 'f'.repeat(32);
    const run = { run_id, experiment_id: '0', start_time: 5 };
    const ended = { ...run, run_name: 'first', status: 'FINISHED' as const, end_time: 9 };
    await Promise.all([
      t.client.call('importRuns', { runs: [ended, { ...run, status: 'RUNNING' as const, tags: [{ key: 't', value: 'later' }] }] }),
      t.client.call('importRuns', { runs: [{ ...run, status: 'RUNNING' as const }] }),
    ]);
    const { info, data } = (await t.client.call('getRun', { run_id })).run;
    expect([info.run_name, info.status, info.end_time]).toEqual(['first', 'FINISHED', 9]);
    expect(data.tags?.find((x) => x.key === 't')?.value).toBe('later');
  });

  test('one run imported by many at once is there once, with every point and the first params', async () => {
    const ids = ['d', 'e'].map((c) => c.repeat(32));
    const sent = (n: number) =>
      // half of them the other way round: what two writers hold, each wants of the other
      (n % 2 ? ids : [...ids].reverse()).map((run_id) => ({
        run_id,
        experiment_id: '0',
        start_time: 5,
        metrics: [{ key: 'm', value: n, timestamp: n, step: n }],
        params: [{ key: 'p', value: String(n) }],
      }));
    await Promise.all(Array.from({ length: 60 }, (_, n) => t.client.call('importRuns', { runs: sent(n) })));
    for (const run_id of ids) {
      const { metrics } = await t.client.call('getMetricHistory', { run_id, metric_key: 'm' });
      expect(metrics?.map((m) => m.value)).toEqual(Array.from({ length: 60 }, (_, n) => n));
      const { data } = (await t.client.call('getRun', { run_id })).run;
      expect(data.metrics?.[0]?.value).toBe(59);
      expect(data.params).toHaveLength(1);
    }
  });

  /** What is asked for meets what somebody else has written and not yet committed, and waits for it. */
  async function whileUncommitted(text: string, values: readonly unknown[], path: string, body: object) {
    let asked: Promise<Response> | null = null;
    await t.db.transaction(async (sql) => {
      await sql.query(text, values);
      // once and no more: the typed client would try again after a 500
      asked = fetch(`${t.base}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      const isWaiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      await expect.poll(async () => (await t.db.query(isWaiting)).length, { timeout: 10_000 }).toBe(1);
    });
    const response = await (asked as unknown as Promise<Response>);
    return { status: response.status, ...((await response.json()) as { error_code?: string }) };
  }

  test('a new run that another writer is quicker with is there once, with what both sent', async () => {
    const [known, fresh] = ['c0'.repeat(16), 'c1'.repeat(16)];
    const run = { experiment_id: '0', start_time: 5, metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1 }] };
    await t.client.call('importRuns', { runs: [{ ...run, run_id: known }] });
    const told = await whileUncommitted(
      "INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('run_id', $2::text))).* FROM runs r WHERE run_id = $1",
      [known, fresh],
      '/api/eg/v1/runs/import',
      { runs: [{ ...run, run_id: fresh }] },
    );
    expect(told.status).toBe(200);
    const { metrics } = await t.client.call('getMetricHistory', { run_id: fresh, metric_key: 'm' });
    expect(metrics?.map((m) => m.value)).toEqual([1]);
  });

  test('a name that another renaming is quicker to take is taken', async () => {
    const [first, second] = await Promise.all(
      ['r1', 'r2'].map(async (name) => {
        await t.client.call('createModel', { name });
        return (await t.client.call('createExperiment', { name })).experiment_id;
      }),
    );
    const taken = { status: 400, error_code: 'RESOURCE_ALREADY_EXISTS' };
    const experiments = '/api/2.0/mlflow/experiments/update';
    const own = { experiment_id: second ?? '', new_name: 'wanted' };
    expect(
      await whileUncommitted("UPDATE experiments SET name = 'wanted' WHERE experiment_id = $1", [first], experiments, own),
    ).toMatchObject(taken);
    const models = '/api/2.0/mlflow/registered-models/rename';
    expect(
      await whileUncommitted("UPDATE registered_models SET name = 'wanted' WHERE name = 'r1'", [], models, {
        name: 'r2',
        new_name: 'wanted',
      }),
    ).toMatchObject(taken);
  });

  test('of two ends of one run in one request the first stays', async () => {
    const run = { run_id: '9'.repeat(32), experiment_id: '0', start_time: 5 };
    await t.client.call('importRuns', { runs: [run] });
    const ends = (['FAILED', 'FINISHED', 'KILLED'] as const).map((status, i) => ({ ...run, status, end_time: 10 + i }));
    await t.client.call('importRuns', { runs: ends });
    expect((await t.client.call('getRun', { run_id: run.run_id })).run.info).toMatchObject({ status: 'FAILED', end_time: 10 });
  });

  test('a creation with the same Idempotency-Key makes one run, however often and at once it is sent', async () => {
    const create = () =>
      fetch(`${t.base}/api/2.0/mlflow/runs/create`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k1' },
        body: JSON.stringify({ experiment_id: '0', run_name: 'once' }),
      }).then((r) => r.json() as Promise<{ run: { info: { run_id: string } } }>);
    const made = await Promise.all(Array.from({ length: 8 }, create));
    expect(new Set(made.map((m) => m.run.info.run_id)).size).toBe(1);
    const found = await t.client.call('searchRuns', { experiment_ids: ['0'], filter: "run_name = 'once'" });
    expect(found.runs).toHaveLength(1);
  });
});

describe('one request is all or nothing', () => {
  test('a batch with one param that clashes writes none of its metrics, params and tags, and the others of its transaction stand', async () => {
    const run = await newRun();
    await t.client.call('logParam', { run_id: run, key: 'p', value: '1' });
    const clash = t.client.call('logBatch', {
      run_id: run,
      metrics: [{ key: 'm', value: 1, timestamp: 1 }],
      params: [
        { key: 'q', value: '1' },
        { key: 'p', value: '2' },
      ],
      tags: [{ key: 't', value: 'x' }],
    });
    const others = Array.from({ length: 20 }, (_, i) => t.client.call('logMetric', { run_id: run, key: `k${i}`, value: i, timestamp: 1 }));
    await expect(clash).rejects.toMatchObject({
      code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining('Changing param values'),
    });
    await Promise.all(others);
    const { data } = (await t.client.call('getRun', { run_id: run })).run;
    expect(data.metrics?.map((m) => m.key).sort()).toEqual(Array.from({ length: 20 }, (_, i) => `k${i}`).sort());
    expect(data.params).toEqual([{ key: 'p', value: '1' }]);
    expect(data.tags?.map((x) => x.key)).toEqual(['mlflow.runName']);
  });

  test('a value that Postgres cannot hold fails its own request alone', async () => {
    const run = await newRun();
    const bad = t.client.call('setTag', { run_id: run, key: 'bad', value: 'a\u0000b' });
    const good = Array.from({ length: 10 }, (_, i) => t.client.call('setTag', { run_id: run, key: `g${i}`, value: 'x' }));
    await expect(bad).rejects.toMatchObject({ code: 'INVALID_PARAMETER_VALUE' });
    await Promise.all(good);
    expect((await t.client.call('getRun', { run_id: run })).run.data.tags).toHaveLength(11);
  });
});

describe('search', () => {
  const KEYS = ['acc', 'loss/val', 'k 3'];
  const TEXTS = ['wasm', 'WASM', 'cpu', '100%', '_', '한국어', 'Ä', ''];
  const runs: Searched[] = [];
  let experiments: string[] = [];

  async function made(rng: Rng, experiment: string): Promise<Searched> {
    const metrics = new Map<string, number>();
    const [params, tags] = [new Map<string, string>(), new Map<string, string>()];
    for (const key of KEYS) {
      if (uniform(rng) < 0.6) metrics.set(key, pick([0, 0.5, 0.5, -1, 2, Number.NaN], rng));
      if (uniform(rng) < 0.6) params.set(key, pick(TEXTS, rng));
      if (uniform(rng) < 0.5) tags.set(key, pick(TEXTS, rng));
    }
    const [start_time, name] = [below(5, rng), pick(['a', 'B', 'b'], rng)];
    const { info } = (await t.client.call('createRun', { experiment_id: experiment, start_time, run_name: name })).run;
    const list = (all: Map<string, string>) => [...all].map(([key, value]) => ({ key, value }));
    await t.client.call('logBatch', {
      run_id: info.run_id,
      metrics: [...metrics].map(([key, value]) => ({ key, value, timestamp: 1 })),
      params: list(params),
      tags: list(tags),
    });
    const attributes = new Map<string, string | number>([
      ['run_id', info.run_id],
      ['run_name', name],
      ['user_id', 'unknown'],
      ['status', 'RUNNING'],
      ['artifact_uri', info.artifact_uri],
      ['start_time', start_time],
    ]);
    if (uniform(rng) < 0.5) {
      const end_time = below(4, rng);
      await t.client.call('updateRun', { run_id: info.run_id, status: 'FINISHED', end_time });
      attributes.set('end_time', end_time).set('status', 'FINISHED');
    }
    return { attributes, metrics, params, tags: tags.set('mlflow.runName', name), datasets: [] };
  }

  beforeAll(async () => {
    const rng = seededRng(9);
    experiments = await Promise.all(
      ['one', 'two'].map(async (name) => (await t.client.call('createExperiment', { name: `search ${name}` })).experiment_id),
    );
    for (let i = 0; i < 70; i++) runs.push(await made(rng, pick(experiments, rng)));
  });

  const quoted = (key: string) => `\`${key}\``;
  function clause(rng: Rng): string {
    const key = quoted(pick(KEYS, rng));
    const text = `'${pick([...TEXTS, '%a%', 'w_sm', '%', '1__%'], rng)}'`;
    const kind = below(6, rng);
    if (kind === 0) return `metrics.${key} ${pick(['>', '>=', '=', '!=', '<', '<='], rng)} ${pick(['0', '0.5', '-1'], rng)}`;
    if (kind === 1) return `params.${key} ${pick(['=', '!=', 'LIKE', 'ILIKE'], rng)} ${text}`;
    if (kind === 2) return `tags.${key} ${pick(['IS NULL', 'IS NOT NULL'], rng)}`;
    if (kind === 3) return `attributes.start_time ${pick(['>', '<=', '!='], rng)} ${below(5, rng)}`;
    if (kind === 4) return `attributes.end_time ${pick(['>', '<=', '!='], rng)} ${below(4, rng)}`;
    return `attributes.${pick(['run_name', 'status'], rng)} ${pick(['=', '!=', 'LIKE', 'ILIKE'], rng)} '${pick(['a', 'B', '%', 'FINISHED', 'run%'], rng)}'`;
  }
  const order = (rng: Rng): string =>
    `${pick([`metrics.${quoted(pick(KEYS, rng))}`, `params.${quoted(pick(KEYS, rng))}`, 'start_time', 'end_time', 'run_name', 'status'], rng)} ${pick(['ASC', 'DESC', ''], rng)}`;

  test('300 random filters, orders and page sizes find in Postgres what the device finds in memory, page by page, in the same order', async () => {
    const rng = seededRng(10);
    let found = 0;
    for (let i = 0; i < 300; i++) {
      const filter = Array.from({ length: below(3, rng) }, () => clause(rng)).join(' AND ');
      const orders = [
        ...new Map(
          Array.from({ length: below(3, rng) }, () => order(rng)).map((o) => [o.split(' ASC')[0]?.split(' DESC')[0]?.trim(), o]),
        ).values(),
      ];
      const parsed = parseFilter(filter);
      const sorted = orders.map((o) => parseOrder(o));
      if (!parsed.ok) throw new Error(filter);
      const within = uniform(rng) < 0.5 ? experiments : experiments.slice(0, 1);
      const inMemory = runs
        .filter((run) => within.some((e) => String(run.attributes.get('artifact_uri')).includes(e)) && matches(parsed.value, run))
        .sort(compareRuns(sorted.flatMap((s) => (s.ok ? [s.value] : []))))
        .map((run) => run.attributes.get('run_id'));
      const inPostgres: string[] = [];
      const asked = { experiment_ids: within, filter, order_by: orders, max_results: 1 + below(40, rng) };
      for await (const page of t.client.pages('searchRuns', asked)) inPostgres.push(...(page.runs ?? []).map((r) => r.info.run_id));
      expect(inPostgres, `${filter} ORDER BY ${orders.join(', ')}`).toEqual(inMemory);
      found += inMemory.length;
    }
    expect(found).toBeGreaterThan(1000);
  });

  test('experiments named twice, or in another order, are one search; an id with a nought before it is none', async () => {
    const all = await t.client.call('searchRuns', { experiment_ids: experiments, max_results: 5 });
    const again = { experiment_ids: [...experiments, ...experiments].reverse(), max_results: 5 };
    expect((await t.client.call('searchRuns', again)).runs).toEqual(all.runs);
    const next = await t.client.call('searchRuns', { ...again, page_token: all.next_page_token });
    expect(next.runs).toHaveLength(5);
    expect((await t.client.call('searchRuns', { experiment_ids: ['00'] })).runs ?? []).toEqual([]);
    await expect(t.client.call('getExperiment', { experiment_id: '00' })).rejects.toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' });
  });

  test('prompts are found by whoever asks for them, as models and as versions, and by nobody else', async () => {
    const mark = (value: string) => [{ key: 'mlflow.prompt.is_prompt', value }];
    for (const { name, tags } of [
      { name: 'a model', tags: [] },
      { name: 'a prompt', tags: mark('true') },
      { name: 'no prompt', tags: mark('false') },
    ]) {
      await t.client.call('createModel', { name, tags });
      await t.client.call('createVersion', { name, source: 'mlflow-artifacts:/x', tags });
    }
    const named = ['a model', 'a prompt', 'no prompt'];
    const found = async (filter: string) => {
      const models = (await t.client.call('searchModels', { filter, max_results: 1000 })).registered_models?.map((m) => m.name) ?? [];
      const versions = (await t.client.call('searchVersions', { filter })).model_versions?.map((v) => v.name) ?? [];
      return [models, versions].map((names) => names.filter((n) => named.includes(n)).sort());
    };
    const tag = 'tags.`mlflow.prompt.is_prompt`';
    for (const filter of ['', `${tag} = 'false'`, `${tag} != 'true'`])
      expect(await found(filter), filter).toEqual([
        ['a model', 'no prompt'],
        ['a model', 'no prompt'],
      ]);
    for (const filter of [`${tag} = 'true'`, `${tag} = 'True'`, `${tag} != 'false'`])
      expect(await found(filter), filter).toEqual([['a prompt'], ['a prompt']]);
  });

  test('a token of another search, or one that was touched, is refused', async () => {
    const asked = { experiment_ids: experiments, max_results: 5 };
    const { next_page_token: token = '' } = await t.client.call('searchRuns', asked);
    expect(token).not.toBe('');
    const refused = { code: 'INVALID_PARAMETER_VALUE' };
    await expect(t.client.call('searchRuns', { ...asked, filter: "status = 'RUNNING'", page_token: token })).rejects.toMatchObject(refused);
    await expect(t.client.call('searchRuns', { ...asked, page_token: `${token}x!` })).rejects.toMatchObject(refused);
    await expect(t.client.call('searchRuns', { ...asked, page_token: '{"offset": 5}' })).rejects.toMatchObject(refused);
  });

  test('a page says what a run is now, also after it was serialised once', async () => {
    const [run] = (await t.client.call('searchRuns', { experiment_ids: experiments, max_results: 1 })).runs ?? [];
    await t.client.call('setTag', { run_id: run?.info.run_id ?? '', key: 'later', value: 'yes' });
    const [again] = (await t.client.call('searchRuns', { experiment_ids: experiments, max_results: 1 })).runs ?? [];
    expect(again?.data.tags).toContainEqual({ key: 'later', value: 'yes' });
  });
});

describe('searches of experiments and models', () => {
  test('compare an experiment’s id digit by digit, and a model’s time as a number', async () => {
    const { experiment_id } = await t.client.call('createExperiment', { name: 'by id' });
    const found = async (filter: string) =>
      (await t.client.call('searchExperiments', { filter, max_results: 100 })).experiments?.map((e) => e.name) ?? [];
    const next = `${experiment_id.slice(0, -1)}${experiment_id.endsWith('9') ? 8 : Number(experiment_id.at(-1)) + 1}`;
    expect(await found(`experiment_id = '${experiment_id}'`)).toEqual(['by id']);
    expect(await found(`experiment_id = '${next}'`)).toEqual([]);
    expect(await found(`experiment_id LIKE '${experiment_id.slice(0, 12)}%'`)).toEqual(['by id']);
    await t.client.call('createModel', { name: '9' });
    const later = async (ms: number) =>
      (await t.client.call('searchModels', { filter: `last_updated_timestamp > ${ms}` })).registered_models?.map((m) => m.name) ?? [];
    expect(await later(t.clock.now - 1)).toContain('9');
    expect(await later(t.clock.now + 1)).toEqual([]);
  });

  test('refuse what cannot be ordered by, and a page of less than one', async () => {
    const refused = { code: 'INVALID_PARAMETER_VALUE' };
    await expect(t.client.call('searchRuns', { experiment_ids: ['0'], order_by: ['dataset.name'] })).rejects.toMatchObject(refused);
    const asked = { run_id: [await newRun()], metric_key: 'a', max_results: -1 };
    await expect(t.client.call('getMetricHistoryBulk', asked)).rejects.toMatchObject(refused);
  });
});

test('events of the registry are committed in the order of their ids: who reads on from the last one misses none', async () => {
  const event = (name: string) => ({ name, version: 1, kind: 'alias.set', detail: 'x' });
  const caller = { name: 'test' };
  let open = () => {};
  const gate = new Promise<void>((done) => {
    open = done;
  });
  let written = () => {};
  const isWritten = new Promise<void>((done) => {
    written = done;
  });
  const first = t.db.transaction(async (sql) => {
    await writeEvent(sql, 1, caller, event('first'));
    written();
    await gate;
  });
  await isWritten;
  const second = t.db.transaction((sql) => writeEvent(sql, 2, caller, event('second')));
  const waits = async (): Promise<string> => {
    const [row] = await t.db.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
    return row ? 'waits' : waits();
  };
  expect(await Promise.race([second.then(() => 'committed'), waits()])).toBe('waits');
  open();
  await Promise.all([first, second]);
  const { events } = await t.client.call('registryEvents', {});
  expect(events?.map((e) => e.name).filter((n) => n === 'first' || n === 'second')).toEqual(['first', 'second']);
});

describe('the batcher', () => {
  test('tries a batch again one by one, so that one bad item fails alone; with the database away it fails at once', async () => {
    let calls = 0;
    const write = (cause: Error) => {
      calls = 0;
      return batcher<number, number>(async (items) => {
        calls += 1;
        if (items.includes(3)) throw cause;
        return items.map((item) => ({ ok: item }));
      }, 10);
    };
    const settled = async (one: (item: number) => Promise<number>) =>
      (await Promise.allSettled([1, 2, 3, 4].map(one))).map((s) => s.status);
    expect(await settled(write(new Error('bad')))).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toBe(5);
    expect(await settled(write(Object.assign(new Error('away'), { code: 'ECONNREFUSED' })))).toEqual(Array(4).fill('rejected'));
    expect(calls).toBe(1);
  });
});

describe('the client', () => {
  test('splits what is too much for one request, in order, and the server holds all of it', async () => {
    const run = await newRun();
    const list = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}`, value: String(i) }));
    const metrics = Array.from({ length: 2300 }, (_, i) => ({ key: 'm', value: i, timestamp: i, step: i }));
    await t.client.log(run, { metrics, params: list(230), tags: list(101) });
    const { data } = (await t.client.call('getRun', { run_id: run })).run;
    expect([data.params?.length, data.tags?.length, data.metrics?.[0]?.value]).toEqual([230, 102, 2299]);
    const pages: number[] = [];
    for await (const page of t.client.pages('getMetricHistory', { run_id: run, metric_key: 'm', max_results: 1000 }))
      pages.push(page.metrics?.length ?? 0);
    expect(pages).toEqual([1000, 1000, 300]);
  });
});

test('metric history goes to the partition of the month its run was made in, once there is one, and is found all the same', async () => {
  const { makePartitions } = await import('./partitions.ts');
  t.clock.now = Date.UTC(2031, 11, 30);
  const made = await makePartitions(t.db, t.clock.now);
  expect(made).toEqual(['metrics_2031_12', 'metrics_2032_01']);
  expect(await makePartitions(t.db, t.clock.now)).toEqual(made);
  const run = await newRun();
  await t.client.call('logMetric', { run_id: run, key: 'm', value: 1, timestamp: 1 });
  expect(await t.db.query('SELECT run_id FROM metrics_2031_12')).toEqual([{ run_id: run }]);
  expect((await t.client.call('getMetricHistory', { run_id: run, metric_key: 'm' })).metrics).toHaveLength(1);
  // a month that the default partition holds rows of already stays there
  expect(await makePartitions(t.db, 1_700_000_000_000)).toEqual(['metrics_2023_12']);
});

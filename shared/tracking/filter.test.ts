import { describe, expect, test } from 'vitest';
import { below, type Rng, uniform } from '../maths/rng.ts';
import { forAll } from '../testing/for-all.ts';
import { parseFilter, parseOrder } from './filter.ts';
import { compareRuns, isLike, matches, type Searched } from './search.ts';

const run = (more: Partial<Record<keyof Searched, unknown>> = {}): Searched =>
  ({
    attributes: new Map<string, string | number>([
      ['run_id', 'r1'],
      ['run_name', 'refit Tuesday'],
      ['status', 'FINISHED'],
      ['start_time', 1000],
    ]),
    metrics: new Map([
      ['accuracy', 0.75],
      ['loss/val', 0.5],
      ['broken', Number.NaN],
    ]),
    params: new Map([
      ['backend', 'wasm'],
      ['empty', ''],
    ]),
    tags: new Map([
      ['eg.kind', 'training'],
      ['a b', '100%'],
    ]),
    datasets: [{ name: 'answers', digest: 'abc', context: 'train' }],
    ...more,
  }) as Searched;

const finds = (text: string, entity = run()): boolean => {
  const filter = parseFilter(text);
  if (!filter.ok) throw new Error(`${text}: ${filter.fault.message}`);
  return matches(filter.value, entity);
};

describe('filters that are understood', () => {
  test.each([
    ['', true],
    ['   ', true],
    ['metrics.accuracy > 0.7', true],
    ['metric.accuracy >= .75', true],
    ['metrics.accuracy != 0.75', false],
    ['metrics.accuracy<1e0', true],
    ['metrics.accuracy > -1', true],
    ['metrics.`loss/val` = 0.5', true],
    ['metrics."loss/val" <= 0.5', true],
    ["params.backend = 'wasm'", true],
    ['parameters.backend = "wasm"', true],
    ["param.backend LIKE 'w%'", true],
    ["params.backend like 'W%'", false],
    ["params.backend ILIKE 'W_SM'", true],
    ["params.empty = ''", true],
    ["tags.eg.kind = 'training'", true],
    ["tag.`a b` = '100%'", true],
    ["tags.`a b` LIKE '100%'", true],
    ['params.backend IS NOT NULL', true],
    ['params.other IS NULL', true],
    ['tags.`eg.kind` is null', false],
    ["status = 'FINISHED'", true],
    ["attributes.status != 'FINISHED'", false],
    ["run.run_name ILIKE '%tuesday'", true],
    ["`run name` LIKE 'refit%'", true],
    ['start_time >= 1000', true],
    ['created > 1000', false],
    ["run_id IN ('r0', 'r1')", true],
    ["run_id NOT IN ('r1')", false],
    ["attributes.run_id IN ('x')", false],
    ["datasets.name = 'answers' AND dataset.context IN ('train','eval')", true],
    ["metrics.accuracy > 0.7 AND params.backend = 'wasm' and status = 'FINISHED'", true],
    ["metrics.accuracy > 0.7 AND params.backend = 'cpu'", false],
  ])('%s', (text, expected) => {
    expect(finds(text)).toBe(expected);
  });

  test.each(['=', '!=', '<', '>', '<=', '>='])('NaN matches nothing (%s)', (op) => {
    expect(finds(`metrics.broken ${op} 0`)).toBe(false);
  });

  test.each(["params.other != 'x'", "tags.other LIKE '%'", 'metrics.other != 1', "params.other ILIKE '%'"])(
    '%s needs the key to exist',
    (text) => {
      expect(finds(text)).toBe(false);
    },
  );
});

describe('filters that are refused, with the place', () => {
  test.each([
    ['metrics.accuracy', 16],
    ["metrics.accuracy = '0.5'", 19],
    ["metrics.accuracy LIKE 'x'", 17],
    ['params.backend = wasm', 17],
    ['params.backend = 3', 17],
    ["params.backend > 'a'", 15],
    ['metrics.a > 1 OR metrics.b > 1', 14],
    ['(metrics.a > 1)', 0],
    ["metrics.a > 1 params.b = 'x'", 14],
    ['metrics.a IS NULL', 10],
    ["params.a IN ('x')", 9],
    ['run_id IN ()', 11],
    ["run_id IN ('a' 'b')", 15],
    ["run_id IN ('a'", 14],
    ["run_id NOT = 'a'", 11],
    ["nonsense = 'a'", 0],
    ["foo.bar = 'a'", 0],
    ["'params'.a = 'x'", 8],
    ["params. = 'x'", 8],
    ["params.a = 'it''s'", 15],
    ["params.a = 'open", 11],
    ['metrics.a > 1 AND', 17],
    ['metrics.a > 1 AND AND metrics.b > 1', 18],
    ['metrics.a > 12abc', 12],
    ['datasets.size = 3', 0],
    ['metrics.a == 1', 11],
  ])('%s', (text, at) => {
    const filter = parseFilter(text);
    expect(filter.ok).toBe(false);
    expect(!filter.ok && filter.fault.at).toBe(at);
  });

  test('each kind of entity has its own fields', () => {
    expect(parseFilter("name LIKE 'IT%' AND tags.a = 'b'", 'experiments').ok).toBe(true);
    expect(parseFilter('metrics.a > 1', 'experiments').ok).toBe(false);
    expect(parseFilter("version_number > 3 AND run_id IN ('r')", 'model_versions').ok).toBe(true);
    expect(parseFilter("status = 'x'", 'registered_models').ok).toBe(false);
  });

  forAll('no text makes the parser throw or hang', (rng) => {
    const pieces = [
      'metrics',
      '.',
      'a',
      "'",
      '"',
      '`',
      ' ',
      '=',
      '>',
      'AND',
      'IN',
      '(',
      ')',
      ',',
      '1',
      '-',
      'IS',
      'NULL',
      '\n',
      '한',
      '😀',
      '\\',
    ];
    const text = Array.from({ length: below(24, rng) }, () => pieces[below(pieces.length, rng)]).join('');
    expect(typeof parseFilter(text).ok).toBe('boolean');
    expect(typeof parseOrder(text).ok).toBe('boolean');
  });
});

describe('LIKE', () => {
  /** The same by regular expression: slow on hostile patterns, plain to read. */
  const byRegExp = (text: string, pattern: string) =>
    new RegExp(
      `^${[...pattern].map((c) => (c === '%' ? '[\\s\\S]*' : c === '_' ? '[\\s\\S]' : c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('')}$`,
      'u',
    ).test(text);
  const any = (rng: Rng, of: string, most: number) =>
    Array.from({ length: below(most, rng) }, () => [...of][below([...of].length, rng)]).join('');

  forAll('agrees with its definition', (rng) => {
    const [text, pattern] = [any(rng, 'ab.한😀', 8), any(rng, 'ab.한😀%_', 8)];
    expect([text, pattern, isLike(text, pattern)]).toEqual([text, pattern, byRegExp(text, pattern)]);
  });

  test('knows no escape, and is not slow on many wildcards', () => {
    expect(isLike('a%b', 'a\\%b')).toBe(false);
    expect(isLike('a'.repeat(3000), `${'%a'.repeat(300)}b`)).toBe(false);
  });
});

describe('order', () => {
  const numbered = (id: string, start: number, metric?: number): Searched =>
    run({
      attributes: new Map<string, string | number>([
        ['run_id', id],
        ['start_time', start],
      ]),
      metrics: new Map(metric === undefined ? [] : [['m', metric]]),
    });
  const ids = (all: readonly Searched[]) => all.map((r) => r.attributes.get('run_id'));
  const sorted = (orders: readonly string[], all: readonly Searched[]) =>
    ids(
      all.toSorted(
        compareRuns(
          orders.map((text) => {
            const order = parseOrder(text);
            if (!order.ok) throw new Error(order.fault.message);
            return order.value;
          }),
        ),
      ),
    );

  test('puts values first, then NaN, then missing, in both directions', () => {
    const all = [numbered('missing', 1), numbered('nan', 1, Number.NaN), numbered('low', 1, -1), numbered('high', 1, 2)];
    expect(sorted(['metrics.m ASC'], all)).toEqual(['low', 'high', 'nan', 'missing']);
    expect(sorted(['metrics.m DESC'], all)).toEqual(['high', 'low', 'nan', 'missing']);
  });

  test('breaks ties by start time falling, then by run id', () => {
    const all = [numbered('b', 5, 1), numbered('a', 5, 1), numbered('c', 9, 1)];
    expect(sorted(['metrics.m'], all)).toEqual(['c', 'a', 'b']);
    expect(sorted(['start_time ASC'], all)).toEqual(['a', 'b', 'c']);
    expect(sorted([], all)).toEqual(['c', 'a', 'b']);
  });

  forAll('is a total order, the same whatever order it starts from', (rng) => {
    const all = Array.from({ length: 12 }, (_, i) =>
      numbered(`r${i}`, below(3, rng), [undefined, Number.NaN, uniform(rng)][below(3, rng)]),
    );
    const shuffled = all.toSorted(() => uniform(rng) - 0.5);
    expect(sorted(['metrics.m DESC'], shuffled)).toEqual(sorted(['metrics.m DESC'], all));
  });
});

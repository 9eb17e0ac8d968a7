import { unreachable } from '../domain/result.ts';
import type { Clause, Comparison, Filter, Order } from './filter.ts';

/** What a filter sees of one entity. */
export interface Searched {
  readonly attributes: ReadonlyMap<string, string | number>;
  readonly metrics: ReadonlyMap<string, number>;
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly datasets: readonly Readonly<Record<string, string>>[];
}

/** SQL's LIKE over code points, in time proportional to text × pattern at worst: `%` any run, `_` any one, no escape. */
export function isLike(text: string, pattern: string): boolean {
  const [t, p] = [[...text], [...pattern]];
  let [i, k, star, from] = [0, 0, -1, 0];
  while (i < t.length) {
    if (k < p.length && p[k] === '%') {
      star = k++;
      from = i;
    } else if (k < p.length && (p[k] === '_' || p[k] === t[i])) {
      i++;
      k++;
    } else if (star >= 0) {
      k = star + 1;
      i = ++from;
    } else return false;
  }
  while (p[k] === '%') k++;
  return k === p.length;
}

/** Small letters of A to Z alone, as the server's database folds them: both ends find the same. */
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** By code points, as bytes of UTF-8 compare. */
function compareText(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const gap = ((x[i] as string).codePointAt(0) ?? 0) - ((y[i] as string).codePointAt(0) ?? 0);
    if (gap !== 0) return gap;
  }
  return x.length - y.length;
}

function holds(found: number | string, op: Comparison, wanted: number | string): boolean {
  if (typeof found === 'number' && Number.isNaN(found)) return false;
  switch (op) {
    case '=':
      return found === wanted;
    case '!=':
      return found !== wanted;
    case '>':
      return found > wanted;
    case '>=':
      return found >= wanted;
    case '<':
      return found < wanted;
    case '<=':
      return found <= wanted;
    case 'LIKE':
      return isLike(String(found), String(wanted));
    case 'ILIKE':
      return isLike(lower(String(found)), lower(String(wanted)));
    default:
      return unreachable(op);
  }
}

function valuesOf(entity: Searched, source: Clause['source'], key: string): readonly (string | number)[] {
  if (source === 'dataset') return entity.datasets.flatMap((d) => (d[key] === undefined ? [] : [d[key]]));
  const from = { metric: entity.metrics, param: entity.params, tag: entity.tags, attribute: entity.attributes }[source];
  const value = (from as ReadonlyMap<string, string | number>).get(key);
  return value === undefined ? [] : [value];
}

/** Whether every clause holds. A missing key matches `IS NULL` and nothing else; NaN matches nothing. */
export function matches(filter: Filter, entity: Searched): boolean {
  return filter.every((clause) => {
    const found = valuesOf(entity, clause.source, clause.key);
    switch (clause.op) {
      case 'IS NULL':
        return found.length === 0;
      case 'IS NOT NULL':
        return found.length > 0;
      case 'IN':
        return found.some((value) => clause.values.includes(String(value)));
      case 'NOT IN':
        return found.some((value) => !clause.values.includes(String(value)));
      default:
        return found.some((value) => holds(value, clause.op, clause.value));
    }
  });
}

const rankOf = (value: string | number | undefined): number =>
  value === undefined ? 2 : typeof value === 'number' && Number.isNaN(value) ? 1 : 0;

function byOrder(order: Order, a: Searched, b: Searched): number {
  const [x] = valuesOf(a, order.source, order.key);
  const [y] = valuesOf(b, order.source, order.key);
  const rank = rankOf(x) - rankOf(y);
  if (rank !== 0 || rankOf(x) > 0) return rank;
  const gap = typeof x === 'number' && typeof y === 'number' ? x - y : compareText(String(x), String(y));
  return order.isDescending ? -gap : gap;
}

/** Order of runs: values, then NaN, then missing, in both directions; ties by start_time falling (unless it was named), then run_id. */
export function compareRuns(orders: readonly Order[]): (a: Searched, b: Searched) => number {
  const named = orders.some((o) => o.source === 'attribute' && o.key === 'start_time');
  const ties: readonly Order[] = [
    ...(named ? [] : [{ source: 'attribute' as const, key: 'start_time', isDescending: true }]),
    { source: 'attribute', key: 'run_id', isDescending: false },
  ];
  const all = [...orders, ...ties];
  return (a, b) => {
    for (const order of all) {
      const gap = byOrder(order, a, b);
      if (gap !== 0) return gap;
    }
    return 0;
  };
}

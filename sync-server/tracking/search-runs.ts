import { invalid } from '#shared/tracking/fault.ts';
import { type Clause, type Order, parseFilter, parseOrder } from '#shared/tracking/filter.ts';
import type { FilterTarget } from '#shared/tracking/filter-fields.ts';
import type { Sql } from '../ports/database.ts';
import { isExperimentId } from './ids.ts';
import { fingerprint, type Place, pageSize, placeOf, tokenOf } from './page-token.ts';
import { type RunTexts, runTexts } from './run-json.ts';
import { comesAfter, conditions, type FieldPlace, newStatement, orderBy, type Statement, type Term, tuple } from './statement.ts';
import type { Bounds, Handlers, RawJson, TrackingPorts } from './tracking.ts';

/** A filter as it is understood. @throws TrackingFault saying where it is not */
export function filterOf(text: string | undefined, target: FilterTarget) {
  const parsed = parseFilter(text ?? '', target);
  if (!parsed.ok) throw invalid(`Invalid filter '${text}', at character ${parsed.fault.at + 1}: ${parsed.fault.message}`);
  return parsed.value;
}

/** Fields to order by, none twice. @throws TrackingFault */
export function ordersOf(texts: readonly string[] | undefined, target: FilterTarget): readonly Order[] {
  const orders = (texts ?? []).map((text) => {
    const parsed = parseOrder(text, target);
    if (!parsed.ok) throw invalid(`Invalid order_by '${text}', at character ${parsed.fault.at + 1}: ${parsed.fault.message}`);
    return parsed.value;
  });
  const names = orders.map((o) => `${o.source} ${o.key}`);
  if (new Set(names).size < names.length) throw invalid(`\`order_by\` contains duplicate fields: ${(texts ?? []).join(', ')}`);
  return orders;
}

/** The stages a view shows. */
export const stagesOf = (view: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL' | undefined): readonly string[] =>
  view === 'ALL' ? ['active', 'deleted'] : [view === 'DELETED_ONLY' ? 'deleted' : 'active'];

const COLUMNS: Readonly<Record<string, Omit<Term, 'isDescending'>>> = {
  run_id: { sql: 'r.run_id', type: 'text', isNullable: false },
  run_name: { sql: 'r.run_name', type: 'text', isNullable: false },
  user_id: { sql: 'r.user_id', type: 'text', isNullable: false },
  status: { sql: 'r.status', type: 'text', isNullable: false },
  artifact_uri: { sql: 'r.artifact_uri', type: 'text', isNullable: false },
  start_time: { sql: 'r.start_time', type: 'bigint', isNullable: false },
  end_time: { sql: 'r.end_time', type: 'bigint', isNullable: true },
};

const TABLES = { metric: 'latest_metrics', param: 'params', tag: 'tags' } as const;

/** Where one search looks: an experiment and a stage, as SQL; constants where there is but one of each, so that Postgres can plan for them. */
interface Within {
  readonly experiment: string;
  readonly stage: string;
}

function fieldPlace({ source, key }: Clause, { experiment }: Within, statement: Statement): FieldPlace {
  if (source === 'attribute') {
    const column = COLUMNS[key] as Omit<Term, 'isDescending'>;
    return { kind: 'column', sql: column.sql, isNumber: column.type === 'bigint' };
  }
  if (source === 'dataset') {
    const from = 'FROM inputs i JOIN datasets d USING (dataset_id) WHERE i.run_id = r.run_id';
    if (key !== 'context') return { kind: 'rows', from, value: `d.${key === 'name' ? 'name' : 'digest'}`, isNumber: false };
    const tags = `FROM inputs i, jsonb_array_elements(i.tags) AS t WHERE i.run_id = r.run_id AND t ->> 'key' = 'mlflow.data.context'`;
    return { kind: 'rows', from: tags, value: "(t ->> 'value')", isNumber: false };
  }
  const name = statement.put(key, 'text');
  const from = `FROM ${TABLES[source]} x WHERE x.run_id = r.run_id AND x.experiment_id = ${experiment} AND x.key = ${name}`;
  if (source === 'metric') return { kind: 'rows', from: `${from} AND NOT x.is_nan`, value: 'x.value', isNumber: true };
  return { kind: 'rows', from, value: 'x.value', isNumber: false, isIndexed: true };
}

/** Everything one page is made of. */
interface Query {
  readonly experiments: readonly string[];
  readonly stages: readonly string[];
  readonly filter: readonly Clause[];
  readonly orders: readonly Order[];
}

/** Orders by something that a run may lack are asked in phases, so that an index can serve the first: with a value, with NaN, without. */
type Phase = 'value' | 'nan' | 'missing' | 'all';

const isRows = (order: Order | undefined): order is Order & { source: keyof typeof TABLES } =>
  order !== undefined && order.source in TABLES;

function phasesOf([first]: readonly Order[]): readonly Phase[] {
  if (!isRows(first)) return ['all'];
  return first.source === 'metric' ? ['value', 'nan', 'missing'] : ['value', 'missing'];
}

interface Sorting {
  /** Joins that bring in what is sorted by. */
  readonly joins: string;
  readonly conditions: readonly string[];
  readonly terms: readonly Term[];
}

function sortingOf(orders: readonly Order[], phase: Phase, within: Within, statement: Statement): Sorting {
  const joins: string[] = [];
  const tests: string[] = [];
  const terms: Term[] = [];
  orders.forEach((order, i) => {
    if (!isRows(order)) {
      terms.push({ ...(COLUMNS[order.key] as Omit<Term, 'isDescending'>), isDescending: order.isDescending });
      return;
    }
    const isMetric = order.source === 'metric';
    const name = `o${i}`;
    const on = `${name}.run_id = r.run_id AND ${name}.key = ${statement.put(order.key, 'text')} AND ${name}.experiment_id = ${within.experiment}`;
    const table = `${TABLES[order.source]} ${name}`;
    const term: Term = { sql: `${name}.value`, type: isMetric ? 'float8' : 'text', isDescending: order.isDescending, isNullable: false };
    if (i > 0 || phase === 'all') {
      joins.push(`LEFT JOIN ${table} ON ${on}`);
      const rank = isMetric
        ? `CASE WHEN ${name}.run_id IS NULL THEN 2 WHEN ${name}.is_nan THEN 1 ELSE 0 END`
        : `CASE WHEN ${name}.run_id IS NULL THEN 2 ELSE 0 END`;
      terms.push({ sql: rank, type: 'int', isDescending: false, isNullable: false }, { ...term, isNullable: true });
    } else if (phase === 'missing') {
      tests.push(`NOT EXISTS (SELECT 1 FROM ${table} WHERE ${on})`);
    } else {
      joins.push(`JOIN ${table} ON ${on}`);
      if (isMetric) tests.push(`${name}.is_nan = ${phase === 'nan'}`);
      if (phase === 'value') terms.push(term);
    }
  });
  if (!orders.some((o) => o.source === 'attribute' && o.key === 'start_time'))
    terms.push({ ...(COLUMNS['start_time'] as Term), isDescending: true });
  if (!orders.some((o) => o.source === 'attribute' && o.key === 'run_id'))
    terms.push({ ...(COLUMNS['run_id'] as Term), isDescending: false });
  return { joins: joins.join(' '), conditions: tests, terms };
}

/** Conditions tested one after the other, each only where those before it hold: Postgres, asked for all, would begin with any. */
const inTurn = (conditions: readonly string[]): string =>
  conditions.reduceRight((rest, test) => `CASE WHEN ${test} THEN ${rest} ELSE false END`);

/** Which part of the order is asked, and how far down it is looked. */
interface Stretch {
  readonly phase: Phase;
  /** Sort values of the run it comes after; empty: from the beginning. */
  readonly from: readonly unknown[];
  /** At most so many runs, and one more, which tells that there are more. */
  readonly size: number;
  /** Look at so many runs in their order, one by one; null: let Postgres plan over all. */
  readonly window: number | null;
}

function stretchSql(query: Query, { phase, from, size, window }: Stretch): { text: string; statement: Statement } {
  const statement = newStatement();
  const isOne = query.experiments.length === 1 && query.stages.length === 1;
  const within: Within = isOne
    ? { experiment: statement.put(query.experiments[0], 'bigint'), stage: statement.put(query.stages[0], 'text') }
    : { experiment: 'w.experiment_id', stage: 'w.stage' };
  const { joins, conditions: tests, terms } = sortingOf(query.orders, phase, within, statement);
  const base = [
    `r.experiment_id = ${within.experiment}`,
    `r.lifecycle_stage = ${within.stage}`,
    ...tests,
    ...(from.length > 0 ? [comesAfter(terms, from, statement)] : []),
  ];
  // what stands in the run's own row costs nothing
  const clauses = [...query.filter].sort((a, b) => Number(b.source === 'attribute') - Number(a.source === 'attribute'));
  const wanted = conditions(clauses, (clause) => fieldPlace(clause, within, statement), statement, window !== null);
  const columns = terms.map((t, i) => `${t.sql} AS s${i}`).join(', ');
  const most = statement.put(size + 1, 'int');
  const sorted = (where: readonly string[], limit: string) =>
    `SELECT r.*, ${columns} FROM runs r ${joins} WHERE ${where.join(' AND ')} ORDER BY ${orderBy(terms)} LIMIT ${limit}`;
  const again = orderBy(terms.map((t, i) => ({ ...t, sql: `r.s${i}` })));
  const inner =
    window === null
      ? sorted([...base, ...wanted], most)
      : `SELECT r.* FROM (${sorted(base, statement.put(window, 'int'))}) r WHERE ${inTurn(wanted)} ORDER BY ${again} LIMIT ${most}`;
  // one text for all rows: a thousand of them are parsed in no time
  const last = `max(${tuple(terms, (_, i) => `q.s${i}`)}) FILTER (WHERE q.n = ${statement.put(size, 'int')})`;
  const text = `SELECT string_agg(q.run_id || ' ' || q.rev, ',') AS found, ${last} AS last
    FROM (SELECT p.*, row_number() OVER () AS n FROM (${isOne ? inner : everywhere(inner, terms, most, query, statement)}) p) q`;
  return { text, statement };
}

/** Whether a param or tag is asked for that hardly any run has with this value. @param rare how many are hardly any */
async function asksForRare(sql: Sql, { experiments, filter }: Query, rare: number): Promise<boolean> {
  for (const clause of filter) {
    if (clause.op !== '=' || (clause.source !== 'param' && clause.source !== 'tag')) continue;
    const [row] = await sql.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM (SELECT 1 FROM ${TABLES[clause.source]} x
       WHERE x.experiment_id = $1::bigint AND x.key = $2 AND left(x.value, 200) = left($3, 200) LIMIT ${rare}) f`,
      [experiments[0], clause.key, clause.value],
    );
    if (row && row.n < rare) return true;
  }
  return false;
}

/**
 * A stretch of a search. Where an index gives the order and something else is asked for, a first look goes down the order and stops when the
 * page is full: Postgres, which knows nothing of how keys and values go together, would join all that matches. Rare matches are found by the
 * plan over all.
 */
async function lookAt(sql: Sql, query: Query, stretch: Stretch, rare: number): Promise<{ found: readonly string[]; last: string | null }> {
  const [first] = query.orders;
  const isIndexed = stretch.phase === 'value' ? first?.source === 'metric' : !first || (first.key === 'start_time' && first.isDescending);
  const isFiltered = query.filter.some((clause) => clause.source !== 'attribute');
  // of several places each would end its look elsewhere
  const isOne = query.experiments.length === 1 && query.stages.length === 1;
  const isLookedDown = isIndexed && isFiltered && isOne && !(await asksForRare(sql, query, rare));
  for (const window of isLookedDown ? [stretch.window, null] : [null]) {
    const { text, statement } = stretchSql(query, { ...stretch, window });
    const [row] = await sql.query<{ found: string | null; last: string | null }>(text, statement.values);
    const found = row?.found?.split(',') ?? [];
    if (window === null || found.length > stretch.size) return { found, last: row?.last ?? null };
  }
  throw new Error('a search looked nowhere');
}

/** The same search in every experiment and stage, each by its index, and the best of them. */
function everywhere(inner: string, terms: readonly Term[], most: string, { experiments, stages }: Query, statement: Statement): string {
  const order = orderBy(terms.map((t, i) => ({ ...t, sql: `p.s${i}` })));
  const places = `SELECT e AS experiment_id, s AS stage FROM unnest(${statement.put(experiments, 'bigint[]')}) e, unnest(${statement.put(stages, 'text[]')}) s`;
  return `SELECT p.* FROM (${places}) w CROSS JOIN LATERAL (${inner}) p ORDER BY ${order} LIMIT ${most}`;
}

interface Found {
  readonly runs: { readonly runId: string; readonly rev: string }[];
  readonly next: Place | null;
}

/** Ids and revisions of a page, and where the next one begins. */
async function findRuns(sql: Sql, query: Query, from: Place | null, size: number, { window, rare }: Bounds): Promise<Found> {
  const phases = phasesOf(query.orders);
  const runs: { runId: string; rev: string }[] = [];
  let begin = from?.last ?? [];
  for (let phase = from?.phase ?? 0; phase < phases.length; phase++) {
    const wanted = size - runs.length;
    const { found, last } = await lookAt(sql, query, { phase: phases[phase] as Phase, from: begin, size: wanted, window }, rare);
    for (const part of found.slice(0, wanted)) {
      const [runId = '', rev = ''] = part.split(' ');
      runs.push({ runId, rev });
    }
    // a page that ended with the phase before begins this one anew
    if (found.length > wanted) return { runs, next: { phase, last: wanted === 0 ? [] : (JSON.parse(last ?? '[]') as unknown[]) } };
    begin = [];
  }
  return { runs, next: null };
}

const KEPT_BYTES = 64 * 1024 * 1024;
const COMMA = Buffer.from(',');
const BEGIN = Buffer.from('{"runs":[');

function pageJson(texts: readonly Buffer[], token: string | null): RawJson {
  if (texts.length === 0) return { raw: '{}' };
  const parts: Buffer[] = [BEGIN];
  texts.forEach((text, i) => {
    if (i > 0) parts.push(COMMA);
    parts.push(text);
  });
  parts.push(Buffer.from(token ? `],"next_page_token":${JSON.stringify(token)}}` : ']}'));
  return { raw: parts };
}

/** Search over runs. */
export function searchRunsHandlers({ db, limits }: TrackingPorts): Handlers<'searchRuns'> {
  const texts: RunTexts = runTexts(KEPT_BYTES);
  return {
    async searchRuns({ experiment_ids = [], filter, run_view_type, max_results, page_token, order_by }) {
      const size = pageSize(max_results, 1000, 50_000);
      const query: Query = {
        // in whatever order they are asked for, it is the same search
        experiments: [...new Set(experiment_ids.filter(isExperimentId))].sort(),
        stages: stagesOf(run_view_type),
        filter: filterOf(filter, 'runs'),
        orders: ordersOf(order_by, 'runs'),
      };
      const asked = fingerprint(query);
      const from = placeOf(page_token, asked, 2 * query.orders.length + 3);
      if (query.experiments.length === 0) return { raw: '{}' };
      const { runs, next } = await findRuns(db, query, from, size, limits);
      return pageJson(await texts.of(db, runs), next ? tokenOf(next, asked) : null);
    },
  };
}

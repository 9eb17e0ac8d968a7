import { invalid } from '#shared/tracking/fault.ts';
import type { Clause, Order } from '#shared/tracking/filter.ts';
import type { FilterTarget } from '#shared/tracking/filter-fields.ts';
import type { Sql } from '../ports/database.ts';
import { fingerprint, placeOf, tokenOf } from './page-token.ts';
import { filterOf, ordersOf } from './search-runs.ts';
import { comesAfter, conditions, type FieldPlace, newStatement, orderBy, type Statement, type Term, tuple } from './statement.ts';
import { PROMPT_MARK } from './webhook-events.ts';

/** What is listed: rows of one table as JSON, with where its fields lie. */
export interface Listing {
  readonly target: FilterTarget;
  /** `FROM` and the alias the other parts use. */
  readonly from: string;
  /** One row as an expression of JSON. */
  readonly json: string;
  readonly place: (clause: Clause, statement: Statement) => FieldPlace;
  readonly term: (order: Order) => Omit<Term, 'isDescending'>;
  /** Appended unless the caller has named the same field. */
  readonly ties: (isOrdered: boolean) => readonly Term[];
}

/** A column that may be asked for and ordered by. */
export interface Column extends Omit<Term, 'isDescending'> {
  /** A number that is asked for as a text, digit by digit, as MLflow asks for ids. */
  readonly isAskedAsText?: true;
}

/** A listing of a table whose attributes are columns and whose tags are rows of another. */
export interface TableListing extends Pick<Listing, 'target' | 'from' | 'json'> {
  readonly columns: Readonly<Record<string, Column>>;
  /** `FROM` and `WHERE` of a row's tags, as `t`. */
  readonly tags: string;
  /** Appended unless the caller has named the same field. */
  readonly ties: (column: (key: string) => Column, isOrdered: boolean) => readonly Term[];
}

/** @throws TrackingFault on an order by anything but a column */
export function listingOf({ columns, tags, ties, ...rest }: TableListing): Listing {
  const column = (key: string): Column => {
    const found = columns[key];
    if (!found) throw new Error(`no column for the attribute ${key}`);
    return found;
  };
  return {
    ...rest,
    place({ source, key }, statement) {
      if (source === 'tag')
        return { kind: 'rows', from: `${tags} AND t.key = ${statement.put(key, 'text')}`, value: 't.value', isNumber: false };
      const { sql, type, isAskedAsText } = column(key);
      return isAskedAsText ? { kind: 'column', sql: `${sql}::text`, isNumber: false } : { kind: 'column', sql, isNumber: type !== 'text' };
    },
    term({ source, key }) {
      if (source !== 'attribute') throw invalid(`Invalid order_by entity: ${source}`);
      return column(key);
    },
    ties: (isOrdered) => ties(column, isOrdered),
  };
}

const isPromptMark = ({ source, key }: Clause): boolean => source === 'tag' && key === PROMPT_MARK;

const asksForPrompts = (filter: readonly Clause[]): boolean =>
  filter.some((c) => {
    const value = 'value' in c && typeof c.value === 'string' ? c.value.toLowerCase() : '';
    return isPromptMark(c) && ((c.op === '=' && value === 'true') || (c.op === '!=' && value === 'false'));
  });

/** Prompts are hidden from whoever does not ask for them, as MLflow hides them. @param tags `FROM` and `WHERE` of a row's tags, as `t` */
export const withoutPrompts = (tags: string) => ({
  more: (_: Statement, filter: readonly Clause[]): readonly string[] =>
    asksForPrompts(filter) ? [] : [`NOT EXISTS (SELECT 1 ${tags} AND t.key = '${PROMPT_MARK}' AND lower(t.value) = 'true')`],
  change: (filter: readonly Clause[]): readonly Clause[] =>
    asksForPrompts(filter)
      ? filter.map((c): Clause => (isPromptMark(c) ? { source: 'tag', key: PROMPT_MARK, op: 'ILIKE', value: 'true' } : c))
      : filter.filter((c) => !isPromptMark(c)),
});

/** One page asked for. */
export interface Asked {
  readonly filter?: string | undefined;
  readonly order_by?: readonly string[] | undefined;
  readonly page_token?: string | undefined;
}

/**
 * A page of a listing as JSON text: `{"<name>": […], "next_page_token"}`; empty lists are left out.
 *
 * @param more conditions beside the filter
 * @throws TrackingFault if filter, order or token are not understood
 */
export async function listed(
  sql: Sql,
  listing: Listing,
  name: string,
  asked: Asked,
  size: number,
  more: (statement: Statement, filter: readonly Clause[]) => readonly string[] = () => [],
  change: (filter: readonly Clause[]) => readonly Clause[] = (filter) => filter,
): Promise<string> {
  const filter = filterOf(asked.filter, listing.target);
  const orders = ordersOf(asked.order_by, listing.target);
  const own = orders.map((o): Term => ({ ...listing.term(o), isDescending: o.isDescending }));
  const terms = [...own, ...listing.ties(orders.length > 0).filter((tie) => !own.some((t) => t.sql === tie.sql))];
  const statement = newStatement();
  const extra = more(statement, filter);
  const question = fingerprint(name, filter, orders, statement.values);
  const from = placeOf(asked.page_token, question, terms.length);
  const where = [
    'true',
    ...extra,
    ...conditions(change(filter), (clause) => listing.place(clause, statement), statement),
    ...(from ? [comesAfter(terms, from.last, statement)] : []),
  ].join(' AND ');
  const rows = await sql.query<{ json: string; last: string }>(
    `SELECT json_strip_nulls(${listing.json})::text AS json, ${tuple(terms)} AS last
     FROM ${listing.from} WHERE ${where} ORDER BY ${orderBy(terms)} LIMIT ${statement.put(size + 1, 'int')}`,
    statement.values,
  );
  const page = rows.slice(0, size);
  if (page.length === 0) return '{}';
  const last = page.at(-1)?.last ?? '[]';
  const token =
    rows.length > size ? `,"next_page_token":${JSON.stringify(tokenOf({ phase: 0, last: JSON.parse(last) as unknown[] }, question))}` : '';
  return `{"${name}":[${page.map((r) => r.json).join(',')}]${token}}`;
}

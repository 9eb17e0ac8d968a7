import type { Clause, Order } from '#shared/tracking/filter.ts';
import type { FilterTarget } from '#shared/tracking/filter-fields.ts';
import type { Sql } from '../ports/database.ts';
import { fingerprint, placeOf, tokenOf } from './page-token.ts';
import { filterOf, ordersOf } from './search-runs.ts';
import { comesAfter, conditions, type FieldPlace, newStatement, orderBy, type Statement, type Term, tuple } from './statement.ts';

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
  more: (statement: Statement) => readonly string[] = () => [],
  change: (filter: readonly Clause[]) => readonly Clause[] = (filter) => filter,
): Promise<string> {
  const filter = filterOf(asked.filter, listing.target);
  const orders = ordersOf(asked.order_by, listing.target);
  const own = orders.map((o): Term => ({ ...listing.term(o), isDescending: o.isDescending }));
  const terms = [...own, ...listing.ties(orders.length > 0).filter((tie) => !own.some((t) => t.sql === tie.sql))];
  const statement = newStatement();
  const extra = more(statement);
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

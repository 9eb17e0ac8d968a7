import { unreachable } from '#shared/domain/result.ts';
import type { Clause, Comparison, Filter } from '#shared/tracking/filter.ts';

/** Type a value is sent to Postgres as. */
export type SqlType = 'text' | 'bigint' | 'float8' | 'int' | 'text[]' | 'bigint[]' | 'bool';

/** The values of one statement, as they are put into it. */
export interface Statement {
  readonly values: readonly unknown[];
  /** @returns the value's place in the text, with its type */
  put(value: unknown, type: SqlType): string;
}

/** A statement without values yet. */
export function newStatement(): Statement {
  const values: unknown[] = [];
  return {
    values,
    put(value, type) {
      values.push(value);
      return `$${values.length}::${type}`;
    },
  };
}

/** Where a field's values lie: a column of the searched row, or rows of their own, of which one must fit. */
export type FieldPlace =
  | { readonly kind: 'column'; readonly sql: string; readonly isNumber: boolean }
  | {
      readonly kind: 'rows';
      /** `FROM … WHERE …` that joins them to the searched row. */
      readonly from: string;
      readonly value: string;
      readonly isNumber: boolean;
      /** Whether an index holds the first 200 characters of the value. */
      readonly isIndexed?: boolean;
    };

function compared(value: string, op: Comparison, wanted: string): string {
  switch (op) {
    case 'LIKE':
    case 'ILIKE':
      // no escape character, and A to Z alone are folded: what the device finds, the server finds
      return `${value} COLLATE "C" ${op} ${wanted} ESCAPE ''`;
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return `${value} ${op} ${wanted}`;
    default:
      return unreachable(op);
  }
}

function conditionOf(clause: Clause, place: FieldPlace, statement: Statement, fence: string): string {
  const value = place.kind === 'column' ? place.sql : place.value;
  const within = (test: string): string => (place.kind === 'column' ? `(${test})` : `EXISTS (SELECT 1 ${place.from} AND ${test}${fence})`);
  switch (clause.op) {
    case 'IS NULL':
      return place.kind === 'column' ? `${value} IS NULL` : `NOT EXISTS (SELECT 1 ${place.from}${fence})`;
    case 'IS NOT NULL':
      return place.kind === 'column' ? `${value} IS NOT NULL` : `EXISTS (SELECT 1 ${place.from}${fence})`;
    case 'IN':
      return within(`${value} = ANY(${statement.put(clause.values, 'text[]')})`);
    case 'NOT IN':
      return within(`${value} <> ALL(${statement.put(clause.values, 'text[]')})`);
    default: {
      const wanted = statement.put(clause.value, place.isNumber ? 'float8' : 'text');
      const prefix = place.kind === 'rows' && place.isIndexed && clause.op === '=' ? `left(${value}, 200) = left(${wanted}, 200) AND ` : '';
      return within(prefix + compared(value, clause.op, wanted));
    }
  }
}

/**
 * A filter as conditions of SQL; every one must hold.
 *
 * @param placeOf where a clause's field lies
 * @param isFenced looked up row by row: Postgres may not turn the look-ups into joins
 */
export function conditions(
  filter: Filter,
  placeOf: (clause: Clause) => FieldPlace,
  statement: Statement,
  isFenced = false,
): readonly string[] {
  return filter.map((clause) => conditionOf(clause, placeOf(clause), statement, isFenced ? ' OFFSET 0' : ''));
}

/** One thing to sort by. `rank` puts values before NaN before missing, in both directions. */
export interface Term {
  readonly sql: string;
  readonly type: SqlType;
  readonly isDescending: boolean;
  readonly isNullable: boolean;
}

/** `ORDER BY` of the terms. */
export const orderBy = (terms: readonly Term[]): string =>
  terms.map((t) => `${t.sql} ${t.isDescending ? 'DESC' : 'ASC'}${t.isNullable ? ' NULLS LAST' : ''}`).join(', ');

/** The sort values of a row as JSON; large integers as text, which no reader of JSON rounds. @param name of a term in the row; its own SQL if left out */
export const tuple = (terms: readonly Term[], name: (term: Term, i: number) => string = (t) => t.sql): string =>
  `json_build_array(${terms.map((t, i) => (t.type === 'bigint' ? `(${name(t, i)})::text` : name(t, i))).join(', ')})::text`;

function after(term: Term, last: unknown, place: string): string {
  const gap = `${term.sql} ${term.isDescending ? '<' : '>'} ${place}`;
  // missing values come last, in both directions
  if (!term.isNullable) return gap;
  return last === null ? 'false' : `(${gap} OR ${term.sql} IS NULL)`;
}

/** The condition of coming after a row, in the order of the terms. @param last that row's values, one per term */
export function comesAfter(terms: readonly Term[], last: readonly unknown[], statement: Statement): string {
  const places = terms.map((term, i) => statement.put(last[i], term.type));
  const ways = terms.map((term, i) => {
    const same = terms.slice(0, i).map((t, k) => `${t.sql} IS NOT DISTINCT FROM ${places[k]}`);
    const equal = terms.slice(0, i).map((t, k) => (t.isNullable ? same[k] : `${t.sql} = ${places[k]}`));
    return `(${[...equal, after(term, last[i], places[i] ?? '')].join(' AND ')})`;
  });
  const [first] = terms;
  // said again so that an index can begin where the last page ended
  const bound = first && !first.isNullable ? `${first.sql} ${first.isDescending ? '<=' : '>='} ${places[0]} AND ` : '';
  return `${bound}(${ways.join(' OR ')})`;
}

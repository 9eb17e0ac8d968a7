import { fail, type Result, succeed } from '../domain/result.ts';
import { type FieldKind, type FilterTarget, fieldOf, type Source } from './filter-fields.ts';

/** A comparison; LIKE and ILIKE know `%` and `_` and no escape. */
export type Comparison = '>' | '>=' | '=' | '!=' | '<' | '<=' | 'LIKE' | 'ILIKE';

/** One condition of a filter. */
export type Clause = { readonly source: Source; readonly key: string } & (
  | { readonly op: Comparison; readonly value: number | string }
  | { readonly op: 'IS NULL' | 'IS NOT NULL' }
  | { readonly op: 'IN' | 'NOT IN'; readonly values: readonly string[] }
);

/** A filter that was understood: every clause must hold. Empty matches all. */
export type Filter = readonly Clause[];

/** One field to order by. */
export interface Order {
  readonly source: Source;
  readonly key: string;
  readonly isDescending: boolean;
}

/** What is wrong with a filter: MLflow's INVALID_PARAMETER_VALUE. */
export interface FilterFault {
  readonly message: string;
  /** Character at which it was noticed. */
  readonly at: number;
}

type Token = { readonly at: number } & (
  | { readonly kind: 'word' | 'quoted' | 'number' | 'operator' | 'mark'; readonly text: string; readonly quote?: string }
  | { readonly kind: 'end'; readonly text: '' }
);

class Misfit extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const TOKEN =
  /\s*(?:(-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])|([A-Za-z_][\w.]*)|(>=|<=|!=|=|>|<)|([(),])|'([^']*)'|"([^"]*)"|`([^`]*)`)/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let place = 0;
  while (/\S/.test(text.slice(place))) {
    TOKEN.lastIndex = place;
    const m = TOKEN.exec(text);
    const at = place + (/^\s*/.exec(text.slice(place))?.[0].length ?? 0);
    if (!m) throw new Misfit(`unexpected "${text.slice(at, at + 20)}"`, at);
    place = TOKEN.lastIndex;
    const [, number, word, operator, mark, single, double, back] = m;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word, at });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator, at });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark, at });
    else
      tokens.push({
        kind: 'quoted',
        text: single ?? double ?? back ?? '',
        quote: single !== undefined ? "'" : double !== undefined ? '"' : '`',
        at,
      });
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }];
}

/** Walks over the tokens of one text. */
class Reader {
  private place = 0;
  private readonly tokens: readonly Token[];
  private readonly target: FilterTarget;
  constructor(text: string, target: FilterTarget) {
    this.tokens = tokensOf(text);
    this.target = target;
  }

  get next(): Token {
    return this.tokens[this.place] as Token;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.place += 1;
    return token;
  }

  isWord(word: string): boolean {
    return this.next.kind === 'word' && this.next.text.toUpperCase() === word;
  }

  takeWord(word: string): boolean {
    const isIt = this.isWord(word);
    if (isIt) this.place += 1;
    return isIt;
  }

  expect(kind: Token['kind'], text: string): void {
    const token = this.take();
    if (token.kind !== kind || token.text !== text) throw new Misfit(`expected "${text}"`, token.at);
  }

  /** `[entity "."] key`, split at the first dot; a key may be quoted by back-ticks or double quotes. */
  field(): { readonly source: Source; readonly key: string; readonly kind: FieldKind; readonly at: number } {
    const token = this.take();
    const isKey = token.kind === 'word' || (token.kind === 'quoted' && token.quote !== "'");
    if (!isKey) throw new Misfit('expected a name, such as metrics.accuracy', token.at);
    let [entity, key] = [null as string | null, token.text];
    if (token.kind === 'word') {
      const dot = token.text.indexOf('.');
      if (dot >= 0) [entity, key] = [token.text.slice(0, dot), token.text.slice(dot + 1)];
      if (dot >= 0 && key === '') {
        const quoted = this.take();
        if (quoted.kind !== 'quoted' || quoted.quote === "'") throw new Misfit('expected a key after the dot', quoted.at);
        key = quoted.text;
      }
    }
    const field = fieldOf(this.target, entity, key);
    if (typeof field === 'string') throw new Misfit(field, token.at);
    return { ...field, at: token.at };
  }

  strings(): readonly string[] {
    this.expect('mark', '(');
    const values: string[] = [];
    for (;;) {
      const token = this.take();
      if (token.kind !== 'quoted' || token.quote === '`') throw new Misfit('expected quoted texts within the brackets', token.at);
      values.push(token.text);
      if (this.next.kind !== 'mark' || this.next.text !== ',') break;
      this.take();
    }
    this.expect('mark', ')');
    return values;
  }
}

function comparisonOf(reader: Reader, kind: FieldKind): Comparison {
  const token = reader.take();
  const op = token.kind === 'word' ? token.text.toUpperCase() : token.text;
  const allowed = kind.isNumber ? ['>', '>=', '=', '!=', '<', '<='] : ['=', '!=', 'LIKE', 'ILIKE'];
  const isOperator = token.kind === 'operator' || (token.kind === 'word' && ['LIKE', 'ILIKE'].includes(op));
  if (!isOperator) throw new Misfit('expected a comparison, such as = or >', token.at);
  if (!allowed.includes(op)) throw new Misfit(`"${op}" does not fit here; use one of ${allowed.join(' ')}`, token.at);
  return op as Comparison;
}

function clauseOf(reader: Reader): Clause {
  const { source, key, kind } = reader.field();
  const at = reader.next.at;
  if (reader.takeWord('IS')) {
    const isNot = reader.takeWord('NOT');
    if (!reader.takeWord('NULL')) throw new Misfit('expected NULL', reader.next.at);
    if (!kind.mayBeNull) throw new Misfit('IS NULL is for params and tags', at);
    return { source, key, op: isNot ? 'IS NOT NULL' : 'IS NULL' };
  }
  const isNot = reader.takeWord('NOT');
  if (reader.takeWord('IN')) {
    if (!kind.mayBeIn) throw new Misfit('IN does not fit here', at);
    return { source, key, op: isNot ? 'NOT IN' : 'IN', values: reader.strings() };
  }
  if (isNot) throw new Misfit('expected IN after NOT', reader.next.at);
  const op = comparisonOf(reader, kind);
  const token = reader.take();
  if (kind.isNumber) {
    if (token.kind !== 'number') throw new Misfit('expected a number', token.at);
    return { source, key, op, value: Number(token.text) };
  }
  if (token.kind !== 'quoted' || token.quote === '`') throw new Misfit("expected a quoted text, such as 'wasm'", token.at);
  return { source, key, op, value: token.text };
}

function guarded<T>(read: () => T): Result<T, FilterFault> {
  try {
    return succeed(read());
  } catch (cause) {
    if (cause instanceof Misfit) return fail({ message: cause.message, at: cause.at });
    throw cause;
  }
}

/**
 * Read a filter of MLflow's search grammar: clauses joined by AND, no OR, no grouping; keywords ignore case, names and values do not.
 *
 * @param target what is searched: it decides which fields there are
 * @see https://mlflow.org/docs/latest/search-runs.html
 */
export function parseFilter(text: string, target: FilterTarget = 'runs'): Result<Filter, FilterFault> {
  return guarded(() => {
    const reader = new Reader(text, target);
    const clauses: Clause[] = [];
    while (reader.next.kind !== 'end') {
      if (clauses.length > 0 && !reader.takeWord('AND')) throw new Misfit('expected AND', reader.next.at);
      clauses.push(clauseOf(reader));
    }
    return clauses;
  });
}

/** Read `ident [ASC|DESC]`. */
export function parseOrder(text: string, target: FilterTarget = 'runs'): Result<Order, FilterFault> {
  return guarded(() => {
    const reader = new Reader(text, target);
    const { source, key } = reader.field();
    if (source === 'dataset') throw new Misfit('a run may have several data sets: they cannot be ordered by', 0);
    const isDescending = reader.takeWord('DESC');
    if (!isDescending) reader.takeWord('ASC');
    if (reader.next.kind !== 'end') throw new Misfit('expected ASC or DESC', reader.next.at);
    return { source, key, isDescending };
  });
}

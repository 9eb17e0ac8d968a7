/** A JSON value as it was written: numbers keep their digits, so that `9.0` is not told as `9`. */
type Literal =
  | { readonly kind: 'number'; readonly digits: string }
  | { readonly kind: 'list'; readonly items: readonly Literal[] }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, Literal> }
  | { readonly kind: 'other'; readonly value: string | boolean | null };

const TOKEN = /[\s,:]*([[\]{}]|"(?:[^"\\]|\\.)*"|[^\s,:[\]{}"]+)/y;

/** Reads the literals of a text that JSON.parse has understood already. */
function literalOf(json: string): Literal {
  const tokens = new RegExp(TOKEN);
  const next = (): string => tokens.exec(json)?.[1] ?? '';
  const read = (token: string): Literal => {
    if (token === '[') {
      const items: Literal[] = [];
      for (let t = next(); t !== ']'; t = next()) items.push(read(t));
      return { kind: 'list', items };
    }
    if (token === '{') {
      const fields = new Map<string, Literal>();
      for (let t = next(); t !== '}'; t = next()) fields.set(JSON.parse(t), read(next()));
      return { kind: 'object', fields };
    }
    return /^[-\d]/.test(token) ? { kind: 'number', digits: token } : { kind: 'other', value: JSON.parse(token) };
  };
  return read(next());
}

const ascii = (text: string): string =>
  JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

function printed(literal: Literal): string {
  switch (literal.kind) {
    case 'number':
      return literal.digits;
    case 'list':
      return `[${literal.items.map(printed).join(',')}]`;
    case 'object':
      return `{${[...literal.fields]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `${ascii(key)}:${printed(value)}`)
        .join(',')}}`;
    case 'other':
      return typeof literal.value === 'string' ? ascii(literal.value) : String(literal.value);
  }
}

function typeOf(literal: Literal): string {
  if (literal.kind === 'number') return /[.eE]/.test(literal.digits) ? 'float' : 'int';
  if (literal.kind === 'list') return 'list';
  if (literal.kind === 'object') return 'dict';
  return literal.value === null ? 'NoneType' : typeof literal.value === 'boolean' ? 'bool' : 'str';
}

/** A value as MLflow's messages print it (compact, keys sorted, ASCII), and the name of its type there. */
export interface Echo {
  readonly json: string;
  readonly type: string;
}

/**
 * The value at a path of a JSON text, as MLflow echoes it.
 *
 * @param json a text that JSON.parse accepts
 * @param path keys and indices; a missing place reads as null
 */
export function echoOf(json: string, path: readonly PropertyKey[]): Echo {
  let literal: Literal = literalOf(json);
  for (const step of path) {
    const below =
      literal.kind === 'list' ? literal.items[Number(step)] : literal.kind === 'object' ? literal.fields.get(String(step)) : undefined;
    literal = below ?? { kind: 'other', value: null };
  }
  return { json: printed(literal), type: typeOf(literal) };
}

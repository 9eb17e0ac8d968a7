import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkRow, type OrderSets, type ReferenceRow } from '#shared/privacy/reference-rows.ts';

const HELP = `Hold the privacy accountant against published values.

  npm run accountant -- --rows FILE [--json]

  --rows FILE  reference values: { "meta": { "order_sets" }, "rows": [{ "id", "kind", "inputs", "expected", "tolerance" }] }
  --json       print JSON instead of a table

Ends with 1 if a supported row lies outside its tolerance or cannot be computed; kinds not supported yet are listed, never counted as right.
`;

const { values } = parseArgs({ options: { rows: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } });
if (values.help || !values.rows) {
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

function readRows(path: string): { readonly rows: readonly ReferenceRow[]; readonly sets: OrderSets } {
  try {
    const { rows, meta } = JSON.parse(readFileSync(path, 'utf8')) as { rows?: ReferenceRow[]; meta?: { order_sets?: OrderSets } };
    if (!Array.isArray(rows)) throw new Error('it has no list "rows"');
    return { rows, sets: meta?.order_sets ?? {} };
  } catch (cause) {
    console.error(`${path} cannot be read as reference rows: ${cause instanceof Error ? cause.message : cause}`);
    process.exit(2);
  }
}

const { rows, sets } = readRows(values.rows);
const results = rows.map((row) => ({ ...row, verdict: checkRow(row, sets) }));
const isBad = ({ verdict }: (typeof results)[number]) => verdict.kind === 'failed' || (verdict.kind === 'computed' && !verdict.isWithin);
const bad = results.filter(isBad);
const open = results.filter((r) => r.verdict.kind === 'not-supported');

if (values.json) {
  const list = results.map(({ id, kind, expected, verdict }) => {
    const said = verdict.kind === 'computed' ? (verdict.isWithin ? 'within' : 'outside') : verdict.kind;
    const numbers = verdict.kind === 'computed' ? { value: verdict.value, difference: verdict.difference } : {};
    return { id, kind, reference: expected, ...numbers, verdict: said, ...(verdict.kind === 'failed' ? { message: verdict.message } : {}) };
  });
  console.log(
    JSON.stringify({ rows: list, within: rows.length - bad.length - open.length, outside: bad.length, notSupported: open.length }),
  );
} else {
  console.log(
    `${'row'.padEnd(8)}${'kind'.padEnd(40)}${'value'.padStart(18)}${'reference'.padStart(18)}${'difference'.padStart(14)}  verdict`,
  );
  for (const { id, kind, expected, compare, verdict } of results) {
    const said =
      verdict.kind === 'computed'
        ? `${verdict.value.toPrecision(10).padStart(18)}${`${compare === '<' ? '< ' : ''}${expected.toPrecision(9)}`.padStart(18)}${verdict.difference.toExponential(2).padStart(14)}  ${verdict.isWithin ? 'within tolerance' : 'OUTSIDE TOLERANCE'}`
        : `${''.padStart(50)}  ${verdict.kind === 'failed' ? `FAILED: ${verdict.message}` : 'kind not supported yet'}`;
    console.log(id.padEnd(8) + kind.padEnd(40) + said);
  }
  console.log(
    `${rows.length - bad.length - open.length} within tolerance, ${bad.length} outside, ${open.length} of kinds not supported yet`,
  );
}
process.exit(bad.length === 0 ? 0 : 1);

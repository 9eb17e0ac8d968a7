import { discreteGaussianDelta } from './discrete-delta.ts';
import { gaussianDelta, gaussianEpsilon, renyiEpsilon } from './gaussian-dp.ts';
import { treeDepth, treeSensitivity } from './tree.ts';

/** One published or computed value to hold an accountant to; fields as in the reference file's own description. */
export interface ReferenceRow {
  readonly id: string;
  readonly kind: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly expected: number;
  readonly tolerance?: number | null;
  readonly compare?: string;
}

/** Named sets of Rényi orders; a set may also be written as a text. */
export type OrderSets = Readonly<Record<string, string | readonly number[]>>;

/** What became of a row. */
export type RowVerdict =
  | { readonly kind: 'computed'; readonly value: number; readonly difference: number; readonly isWithin: boolean }
  | { readonly kind: 'not-supported' }
  | { readonly kind: 'failed'; readonly message: string };

/** Thrown where a row's inputs cannot be read. */
class BadInput extends Error {}

function numberOf(inputs: ReferenceRow['inputs'], name: string, otherwise?: number): number {
  const value = inputs[name] ?? otherwise;
  if (typeof value !== 'number') throw new BadInput(`"${name}" is not a number`);
  return value;
}

function numbersOf(inputs: ReferenceRow['inputs'], name: string): readonly number[] {
  const value = inputs[name] ?? [];
  if (!Array.isArray(value) || !value.every((v) => typeof v === 'number')) throw new BadInput(`"${name}" is not a list of numbers`);
  return value;
}

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Orders written as text: parts such as `12..63`, `256`, `1+x/10 (1..99)`, `0.001*i, i=1000..99999`. */
function ordersOfText(text: string): readonly number[] {
  const scaled = /^\s*([\d.]+)\*(\w),\s*\2=(\d+)\.\.(\d+)\s*$/.exec(text);
  if (scaled) return range(Number(scaled[3]), Number(scaled[4])).map((i) => i * Number(scaled[1]));
  return text.split(',').flatMap((part) => {
    const shifted = /^\s*([\d.]+)\+x\/([\d.]+)\s*\((\d+)\.\.(\d+)\)\s*$/.exec(part);
    if (shifted) return range(Number(shifted[3]), Number(shifted[4])).map((x) => Number(shifted[1]) + x / Number(shifted[2]));
    const plain = /^\s*(\d+)\.\.(\d+)\s*$/.exec(part);
    if (plain) return range(Number(plain[1]), Number(plain[2]));
    const one = Number(part);
    if (!Number.isFinite(one) || part.trim() === '') throw new BadInput(`cannot read the orders "${text}"`);
    return [one];
  });
}

const ALIASES: Readonly<Record<string, string>> = {
  'dp_accounting default': 'dp_accounting',
  tfp: 'tfp_legacy',
};

function ordersOf(inputs: ReferenceRow['inputs'], sets: OrderSets): readonly number[] {
  const wanted = inputs['orders'] ?? 'dp_accounting';
  if (Array.isArray(wanted)) return numbersOf(inputs, 'orders');
  if (typeof wanted !== 'string') throw new BadInput('"orders" is neither a name nor a list');
  const found = sets[wanted] ?? sets[ALIASES[wanted] ?? ''] ?? wanted;
  return typeof found === 'string' ? ordersOfText(found) : found;
}

/** Rényi divergences given as a list beside the orders, or as "c at every order". */
function rdpOf(inputs: ReferenceRow['inputs'], orders: readonly number[]): (order: number) => number {
  const text = inputs['rdp'];
  if (typeof text === 'number') return () => text;
  if (typeof text === 'string') {
    const constant = /^\s*([\d.eE+-]+)\s+at every order\s*$/.exec(text);
    if (!constant) throw new BadInput(`cannot read the divergences "${text}"`);
    return () => Number(constant[1]);
  }
  const list = numbersOf(inputs, 'rdp');
  if (list.length !== orders.length) throw new BadInput('"rdp" and "orders" differ in length');
  const byOrder = new Map(orders.map((order, i) => [order, list[i] as number]));
  return (order) => byOrder.get(order) as number;
}

type Compute = (inputs: ReferenceRow['inputs'], sets: OrderSets) => number;

const rho = (inputs: ReferenceRow['inputs']): number => numberOf(inputs, 'steps', 1) / (2 * numberOf(inputs, 'sigma') ** 2);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function discreteDelta(inputs: ReferenceRow['inputs']): number {
  const { truncation } = inputs;
  return discreteGaussianDelta({
    sigma: numberOf(inputs, 'sigma'),
    sensitivity: numberOf(inputs, 'sensitivity', 1),
    epsilon: numberOf(inputs, 'epsilon'),
    truncation: typeof truncation === 'number' ? truncation : null,
    q: numberOf(inputs, 'q', 1),
    adjacency: inputs['adjacency'] === 'ADD' ? 'ADD' : 'REM',
  });
}

/** One calculation per kind. Sampled mechanisms belong to the cross-check accountant, not to this table. */
const KINDS: Readonly<Record<string, Compute>> = {
  'zcdp-epsilon': (i, sets) => renyiEpsilon(ordersOf(i, sets), (order) => order * numberOf(i, 'rho'), numberOf(i, 'delta')),
  'zcdp-rdp': (i) => sum(numbersOf(i, 'xi')) + sum(numbersOf(i, 'rho')) * numberOf(i, 'order'),
  'rdp-conversion': (i, sets) => {
    const orders = ordersOf(i, sets);
    return renyiEpsilon(orders, rdpOf(i, orders), numberOf(i, 'delta'));
  },
  'gaussian-rdp-epsilon': (i, sets) => renyiEpsilon(ordersOf(i, sets), (order) => order * rho(i), numberOf(i, 'delta')),
  'gaussian-exact-epsilon': (i) => gaussianEpsilon(rho(i), numberOf(i, 'delta')),
  'gaussian-exact-delta': (i) =>
    gaussianDelta(numberOf(i, 'epsilon'), (numberOf(i, 'sensitivity', 1) * Math.sqrt(numberOf(i, 'steps', 1))) / numberOf(i, 'sigma')),
  'discrete-gaussian-rdp': (i) => (numberOf(i, 'order') * numberOf(i, 'sensitivity', 1) ** 2) / (2 * numberOf(i, 'sigma') ** 2),
  'discrete-gaussian-delta': discreteDelta,
  'discrete-gaussian-calibration': discreteDelta,
  'tree-epsilon': (i, sets) => {
    const depth = sum(numbersOf(i, 'step_counts').map(treeDepth));
    return renyiEpsilon(ordersOf(i, sets), (a) => (a * depth) / (2 * numberOf(i, 'sigma') ** 2), numberOf(i, 'delta'));
  },
  'tree-sensitivity': (i) => treeSensitivity(numberOf(i, 'max_participation'), numberOf(i, 'min_separation'), numberOf(i, 'steps')),
};

/** Compute one row and hold it against its reference: `<` strictly less, else within the absolute tolerance. */
export function checkRow(row: ReferenceRow, sets: OrderSets): RowVerdict {
  const compute = Object.hasOwn(KINDS, row.kind) ? KINDS[row.kind] : undefined;
  if (!compute) return { kind: 'not-supported' };
  try {
    const value = compute(row.inputs, sets);
    const difference = value - row.expected;
    const isWithin = row.compare === '<' ? value < row.expected : Math.abs(difference) <= (row.tolerance ?? 0);
    return { kind: 'computed', value, difference, isWithin };
  } catch (cause) {
    if (cause instanceof BadInput) return { kind: 'failed', message: cause.message };
    throw cause;
  }
}

import { unreachable } from '../domain/result.ts';
import type { Item } from './schema.ts';

/**
 * What a learner answered: option ids in the order chosen (for an order item, all steps), the text typed, or what was put into each
 * place (a gap's text, or the id of the pair whose right-hand side was put beside a left-hand one).
 */
export type Choice =
  | { readonly kind: 'options'; readonly ids: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'filled'; readonly values: Readonly<Record<string, string>> };

/** Nothing answered yet; the steps of an order item stand as shuffled from the first. */
export function emptyChoice(item: Item): Choice {
  if (item.type === 'numeric' || item.type === 'short') return { kind: 'text', text: '' };
  if (item.type === 'cloze' || item.type === 'match') return { kind: 'filled', values: {} };
  return { kind: 'options', ids: item.type === 'order' ? shuffled(item.steps, item.id).map((s) => s.id) : [] };
}

/** The same order for the same seed, on every device, and never the order given (unless all orders are). */
export function shuffled<T extends { readonly id: string }>(all: readonly T[], seed: string): readonly T[] {
  const rank = (id: string) => [...`${seed}/${id}`].reduce((h, c) => Math.imul(h ^ (c.codePointAt(0) ?? 0), 0x01000193) >>> 0, 0x811c9dc5);
  const mixed = [...all].sort((a, b) => rank(a.id) - rank(b.id));
  return mixed.every((entry, i) => entry === all[i]) ? [...mixed.slice(1), ...mixed.slice(0, 1)] : mixed;
}

/** A typed term as it is compared: width, case and spaces folded (NFKC), a final full stop cut. */
export function foldTerm(text: string): string {
  return text.normalize('NFKC').toLocaleLowerCase('en').replace(/\s+/g, ' ').trim().replace(/\.$/, '');
}

const isAccepted = (accepted: readonly string[], text: string): boolean => accepted.some((a) => foldTerm(a) === foldTerm(text));

/** A typed number: full-width digits folded, spaces cut, comma groups and decimal commas told apart. NaN if it is none. */
export function parseTypedNumber(text: string): number {
  const folded = text.normalize('NFKC').replace(/[\s_]/g, '').replace(/−/g, '-');
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(folded) ? folded.replaceAll(',', '') : folded.replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : Number.NaN;
}

/** Whether a choice can be marked at all: something chosen, everything filled, or a number typed. */
export function isComplete(item: Item, choice: Choice): boolean {
  if (item.type === 'numeric') return choice.kind === 'text' && Number.isFinite(parseTypedNumber(choice.text));
  if (choice.kind === 'text') return foldTerm(choice.text) !== '';
  if (choice.kind === 'options') return choice.ids.length > 0;
  const places = item.type === 'cloze' ? item.gaps : item.type === 'match' ? item.pairs : [];
  return places.length > 0 && places.every(({ id }) => foldTerm(choice.values[id] ?? '') !== '');
}

/** 1 for full marks, else 0. A multiple-choice item needs exactly its correct options; gaps, pairs and steps must all be right. */
export function grade(item: Item, choice: Choice): 0 | 1 {
  return isRight(item, choice) ? 1 : 0;
}

function isRight(item: Item, choice: Choice): boolean {
  switch (item.type) {
    case 'numeric': {
      if (choice.kind !== 'text') return false;
      const { value, tolerance } = item.answer;
      // 0.4 is within 0.1 of 0.3, whatever binary fractions say.
      const slack = 1e-9 * Math.max(1, Math.abs(value));
      return Math.abs(parseTypedNumber(choice.text) - value) <= tolerance + slack;
    }
    case 'short':
      return choice.kind === 'text' && isAccepted(item.answer.accepted, choice.text);
    case 'cloze':
      return choice.kind === 'filled' && item.gaps.every((gap) => isAccepted(gap.accepted, choice.values[gap.id] ?? ''));
    case 'match':
      return choice.kind === 'filled' && item.pairs.every((pair) => choice.values[pair.id] === pair.id);
    case 'order':
      return choice.kind === 'options' && item.steps.every((step, i) => choice.ids[i] === step.id);
    case 'single':
    case 'truefalse':
    case 'multiple': {
      if (choice.kind !== 'options') return false;
      const chosen = new Set(choice.ids);
      return item.options.every((option) => option.correct === chosen.has(option.id));
    }
    default:
      return unreachable(item);
  }
}

/** A choice as the log keeps it: a list of texts. Places are kept as `id=value`. */
export function choiceToList(choice: Choice): string[] {
  const MAX_TYPED = 200;
  if (choice.kind === 'options') return [...choice.ids];
  if (choice.kind === 'text') return [choice.text.slice(0, MAX_TYPED)];
  return Object.entries(choice.values).map(([id, value]) => `${id}=${value.slice(0, MAX_TYPED)}`);
}

/** What `choiceToList` wrote, for the item it was an answer to. */
export function choiceFromList(item: Item, list: readonly string[]): Choice {
  const empty = emptyChoice(item);
  if (list.length === 0) return empty;
  if (empty.kind === 'options') return { kind: 'options', ids: list };
  if (empty.kind === 'text') return { kind: 'text', text: list[0] ?? '' };
  const entries = list.map((entry): [string, string] => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
  return { kind: 'filled', values: Object.fromEntries(entries) };
}

/** An answer that is right. */
export function rightChoice(item: Item): Choice {
  switch (item.type) {
    case 'numeric':
      return { kind: 'text', text: String(item.answer.value) };
    case 'short':
      return { kind: 'text', text: item.answer.accepted[0] ?? '' };
    case 'cloze':
      return { kind: 'filled', values: Object.fromEntries(item.gaps.map((g) => [g.id, g.accepted[0] ?? ''])) };
    case 'match':
      return { kind: 'filled', values: Object.fromEntries(item.pairs.map((p) => [p.id, p.id])) };
    case 'order':
      return { kind: 'options', ids: item.steps.map((s) => s.id) };
    default:
      return { kind: 'options', ids: item.options.filter((o) => o.correct).map((o) => o.id) };
  }
}

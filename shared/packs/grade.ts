import { unreachable } from '../domain/result.ts';
import type { Item } from './schema.ts';

/** What a learner answered: option ids in the order chosen, or the text typed. */
export type Choice = { readonly kind: 'options'; readonly ids: readonly string[] } | { readonly kind: 'text'; readonly text: string };

/** A typed number: full-width digits folded, spaces cut, comma groups and decimal commas told apart. NaN if it is none. */
export function parseTypedNumber(text: string): number {
  const folded = text.normalize('NFKC').replace(/[\s_]/g, '').replace(/−/g, '-');
  const plain = /^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(folded) ? folded.replaceAll(',', '') : folded.replace(',', '.');
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : Number.NaN;
}

/** Whether a choice can be marked at all: something chosen, or a number typed. */
export function isComplete(item: Item, choice: Choice): boolean {
  if (item.type === 'numeric') return choice.kind === 'text' && Number.isFinite(parseTypedNumber(choice.text));
  return choice.kind === 'options' && choice.ids.length > 0;
}

/** 1 for full marks, else 0. A multiple-choice item needs exactly its correct options. */
export function grade(item: Item, choice: Choice): 0 | 1 {
  switch (item.type) {
    case 'numeric': {
      if (choice.kind !== 'text') return 0;
      const { value, tolerance } = item.answer;
      // 0.4 is within 0.1 of 0.3, whatever binary fractions say.
      const slack = 1e-9 * Math.max(1, Math.abs(value));
      return Math.abs(parseTypedNumber(choice.text) - value) <= tolerance + slack ? 1 : 0;
    }
    case 'single':
    case 'truefalse':
    case 'multiple': {
      if (choice.kind !== 'options') return 0;
      const chosen = new Set(choice.ids);
      return item.options.every((option) => option.correct === chosen.has(option.id)) ? 1 : 0;
    }
    default:
      return unreachable(item);
  }
}

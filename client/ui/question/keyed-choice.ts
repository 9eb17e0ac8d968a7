import type { Choice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';

function optionOf(item: Item, key: string): string | null {
  if (!('options' in item)) return null;
  const index = /^[1-8]$/.test(key) ? Number(key) - 1 : /^[a-e]$/i.test(key) ? key.toLowerCase().charCodeAt(0) - 97 : -1;
  return item.options[index]?.id ?? null;
}

/** The choice after a key: 1–8 or A–E for an option, taken back where several may be chosen. Null for a key that chooses nothing. */
export function keyedChoice(item: Item, choice: Choice, key: string): Choice | null {
  const id = optionOf(item, key);
  if (!id || choice.kind !== 'options') return null;
  const rest = choice.ids.filter((other) => other !== id);
  return { kind: 'options', ids: item.type === 'multiple' ? (rest.length < choice.ids.length ? rest : [...rest, id]) : [id] };
}

/** Where a key was pressed, as the screen's own keys see it. `not-ours`: in a dialog or a list, which have keys of their own, or held or combined. */
export function keyPlace(event: KeyboardEvent): 'not-ours' | 'field' | 'control' | 'page' {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return 'not-ours';
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (target?.closest('dialog, select')) return 'not-ours';
  if (target instanceof HTMLInputElement && target.type === 'text') return 'field';
  return target?.closest('button, a, summary') ? 'control' : 'page';
}

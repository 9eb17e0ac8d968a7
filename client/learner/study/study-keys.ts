import { useEffect, useEffectEvent } from 'react';
import type { Confidence } from '#shared/domain/confidence.ts';
import type { Choice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';

interface Actions {
  readonly answer: (confidence: Confidence) => Promise<void>;
  readonly next: () => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly choose: (choice: Choice) => void;
}

function optionOf(item: Item, key: string): string | null {
  if (item.type === 'numeric') return null;
  const index = /^[1-8]$/.test(key) ? Number(key) - 1 : /^[a-h]$/i.test(key) ? key.toLowerCase().charCodeAt(0) - 97 : -1;
  return item.options[index]?.id ?? null;
}

/** 1–5 or A–E choose, Enter is Sure or Next, Shift+Enter is Not sure, U undoes. Keys typed into a field or while composing are left alone. */
export function useStudyKeys(item: Item, choice: Choice, phase: string, actions: Actions): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    const isTyping = target instanceof HTMLInputElement && target.inputMode === 'decimal';
    if (event.key === 'Enter') {
      if (target?.closest('button, a, summary')) return;
      event.preventDefault();
      void (phase === 'checked' ? actions.next() : actions.answer(event.shiftKey ? 'notSure' : 'sure'));
      return;
    }
    if (isTyping) return;
    if (event.key.toLowerCase() === 'u') void actions.undo();
    const id = phase === 'open' ? optionOf(item, event.key) : null;
    if (!id || choice.kind !== 'options') return;
    const rest = choice.ids.filter((other) => other !== id);
    actions.choose({ kind: 'options', ids: item.type === 'multiple' ? (rest.length < choice.ids.length ? rest : [...rest, id]) : [id] });
  });
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

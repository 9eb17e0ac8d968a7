import { useEffect, useEffectEvent } from 'react';
import type { Confidence } from '#shared/domain/confidence.ts';
import type { Choice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';

interface Actions {
  readonly flag: () => Promise<void>;
  readonly help: () => void;
  readonly answer: (confidence: Confidence) => Promise<void>;
  readonly next: () => Promise<void>;
  readonly undo: () => Promise<void>;
  readonly grade: (place: number) => Promise<void>;
  readonly choose: (choice: Choice) => void;
}

function optionOf(item: Item, key: string): string | null {
  if (!('options' in item)) return null;
  const index = /^[1-8]$/.test(key) ? Number(key) - 1 : /^[a-e]$/i.test(key) ? key.toLowerCase().charCodeAt(0) - 97 : -1;
  return item.options[index]?.id ?? null;
}

/** 1–5 or A–E choose, 1–4 grade a review, U undoes, F flags, ? tells (these can be off); Enter is Sure or Next, Shift+Enter Not sure. Keys typed into a field or while composing are left alone. */
export function useStudyKeys(item: Item, choice: Choice, phase: string, actions: Actions, isOn: boolean): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (target?.closest('dialog')) return;
    const isTyping = target instanceof HTMLSelectElement || (target instanceof HTMLInputElement && target.type === 'text');
    if (event.key === 'Enter') {
      if (target?.closest('button, a, summary, select')) return;
      event.preventDefault();
      void (phase === 'checked' ? actions.next() : actions.answer(event.shiftKey ? 'notSure' : 'sure'));
      return;
    }
    if (isTyping || !isOn) return;
    const key = event.key.toLowerCase();
    if (key === 'u') void actions.undo();
    if (key === 'f') void actions.flag();
    if (key === '?') actions.help();
    if (phase === 'checked' && /^[1-4]$/.test(key)) void actions.grade(Number(key) - 1);
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

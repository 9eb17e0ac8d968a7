import { useEffect, useEffectEvent } from 'react';
import { keyedChoice, keyPlace } from '#client/ui/question/keyed-choice.ts';
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

/** 1–5 or A–E choose, 1–4 grade a review, U undoes, F flags, ? tells (these can be off); Enter is Sure or Next, Shift+Enter Not sure. Keys typed into a field or while composing are left alone. */
export function useStudyKeys(item: Item, choice: Choice, phase: string, actions: Actions, isOn: boolean): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const place = keyPlace(event);
    if (place === 'not-ours') return;
    if (event.key === 'Enter') {
      if (place === 'control') return;
      event.preventDefault();
      void (phase === 'checked' ? actions.next() : actions.answer(event.shiftKey ? 'notSure' : 'sure'));
      return;
    }
    if (place === 'field' || !isOn) return;
    const key = event.key.toLowerCase();
    if (key === 'u') void actions.undo();
    if (key === 'f') void actions.flag();
    if (key === '?') actions.help();
    if (phase === 'checked' && /^[1-4]$/.test(key)) void actions.grade(Number(key) - 1);
    const chosen = phase === 'open' ? keyedChoice(item, choice, event.key) : null;
    if (chosen) actions.choose(chosen);
  });
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}

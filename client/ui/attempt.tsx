import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { Notice } from './states.tsx';
import { storageWords } from './storage-words.ts';

/** Writes of something that lies over the page, such as a dialog: what goes wrong with one is told there. @returns runs a write, and draws its fault */
export function useAttempt() {
  const { t } = useSpeech();
  const [fault, setFault] = useState<unknown>(null);
  /** @returns whether it went through */
  const attempt = async (write: () => Promise<unknown>): Promise<boolean> => {
    try {
      await write();
      setFault(null);
      return true;
    } catch (cause) {
      setFault(cause);
      return false;
    }
  };
  const told = fault === null ? null : <Notice tone="bad">{storageWords(t, fault)}</Notice>;
  return { attempt, told };
}

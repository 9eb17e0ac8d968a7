import type { ReactNode } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { Loaded } from '#shared/domain/loaded.ts';
import { Notice, Waiting } from './states.tsx';
import { storageWords } from './storage-words.ts';

interface Props<T> {
  readonly loaded: Loaded<T>;
  /** Stands where the value will, while it is read. */
  readonly waiting?: ReactNode;
  readonly children: (value: T) => ReactNode;
}

/** A value that is read, drawn in each of its states: on its way, failed with the reason, there. */
export function Read<T>({ loaded, waiting, children }: Props<T>) {
  const { t } = useSpeech();
  if (loaded.kind === 'failed') return <Notice tone="bad">{storageWords(t, loaded.fault)}</Notice>;
  if (loaded.kind === 'waiting') return waiting === undefined ? <Waiting text={t.common.loading} /> : waiting;
  return children(loaded.value);
}

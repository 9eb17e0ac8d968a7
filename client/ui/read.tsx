import type { ReactNode } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { Loaded } from '#shared/domain/loaded.ts';
import { Notice, Waiting } from './states.tsx';
import { fetchWords, storageWords } from './storage-words.ts';

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

/** What is read of a pack, drawn in each of its states; null stands for a pack that is not on this device and could not be fetched. */
export function ReadPack<T>({ loaded, children }: { readonly loaded: Loaded<T | null>; readonly children: (value: T) => ReactNode }) {
  const { t } = useSpeech();
  if (loaded.kind === 'waiting') return <Waiting text={t.common.loading} />;
  if (loaded.kind === 'failed') return <Notice tone="bad">{fetchWords(t, loaded.fault)}</Notice>;
  return loaded.value === null ? <Notice tone="bad">{t.packs.unavailable}</Notice> : children(loaded.value);
}

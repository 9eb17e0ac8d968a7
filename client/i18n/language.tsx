import { createContext, type ReactNode, useContext } from 'react';
import type { Messages } from './en.ts';
import { maybePseudo } from './pseudo.ts';

/** Languages the app speaks. */
export const LANGUAGES = [
  { tag: 'ko', name: '한국어' },
  { tag: 'en', name: 'English' },
] as const;

/** Tag of a language the app speaks. */
export type LanguageTag = (typeof LANGUAGES)[number]['tag'];

/** The texts of a language: fetched alone, for a phone needs but one. On the device once installed. @throws Error when it cannot be had */
export async function messagesFor(tag: LanguageTag): Promise<Messages> {
  return maybePseudo(tag === 'ko' ? (await import('./ko.ts')).ko : (await import('./en.ts')).en);
}

interface Speech {
  readonly language: LanguageTag;
  readonly t: Messages;
  /** Goes on in another language; no reload. */
  readonly speak: (tag: LanguageTag) => void;
}

const SpeechContext = createContext<Speech | null>(null);

interface Props extends Omit<Speech, 'speak'> {
  /** Absent where the language cannot be changed. */
  readonly speak?: Speech['speak'];
  readonly children: ReactNode;
}

/** Gives everything inside the texts of one language; switching needs no reload. */
export function LanguageProvider({ language, t, speak = () => undefined, children }: Props) {
  return <SpeechContext value={{ language, t, speak }}>{children}</SpeechContext>;
}

/** The texts of the language in use, its tag, and how to change it. @throws Error outside a LanguageProvider */
export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (!speech) throw new Error('useSpeech needs a LanguageProvider');
  return speech;
}

/** The first language of the device that the app speaks, else English. */
export function deviceLanguage(preferred: readonly string[]): LanguageTag {
  for (const tag of preferred) {
    const found = LANGUAGES.find((l) => tag.toLowerCase().startsWith(l.tag));
    if (found) return found.tag;
  }
  return 'en';
}

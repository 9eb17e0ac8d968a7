import { createContext, type ReactNode, useContext } from 'react';
import { en, type Messages } from './en.ts';
import { ko } from './ko.ts';

/** Languages the app speaks. */
export const LANGUAGES = [
  { tag: 'ko', name: '한국어', messages: ko },
  { tag: 'en', name: 'English', messages: en },
] as const;

/** Tag of a language the app speaks. */
export type LanguageTag = (typeof LANGUAGES)[number]['tag'];

interface Speech {
  readonly language: LanguageTag;
  readonly t: Messages;
}

const SpeechContext = createContext<Speech>({ language: 'en', t: en });

/** Gives everything inside the texts of one language; switching needs neither reload nor network. */
export function LanguageProvider({ language, children }: { readonly language: LanguageTag; readonly children: ReactNode }) {
  const messages = LANGUAGES.find((l) => l.tag === language)?.messages ?? en;
  return <SpeechContext value={{ language, t: messages }}>{children}</SpeechContext>;
}

/** The texts of the language in use, and its tag. */
export function useSpeech(): Speech {
  return useContext(SpeechContext);
}

/** The first language of the device that the app speaks, else English. */
export function deviceLanguage(preferred: readonly string[]): LanguageTag {
  for (const tag of preferred) {
    const found = LANGUAGES.find((l) => tag.toLowerCase().startsWith(l.tag));
    if (found) return found.tag;
  }
  return 'en';
}

import { type LanguageTag, useSpeech } from './language.tsx';
import { maybePseudo } from './pseudo.ts';

/** The texts of one page that is fetched when first opened. A text missing in either language fails the build. @returns a hook: the texts in the language in use */
export function bilingual<T>(texts: { readonly en: T; readonly ko: NoInfer<T> }): () => T {
  const spoken = maybePseudo(texts);
  const inTag = (tag: LanguageTag): T => spoken[tag];
  return () => inTag(useSpeech().language);
}

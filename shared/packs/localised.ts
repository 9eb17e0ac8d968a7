import type { Localised } from './schema.ts';

/** The text in the wanted language, or in the first the pack has, with the language it is in. */
export function inLanguage(texts: Localised, language: string): { readonly text: string; readonly lang: string } {
  const wanted = texts[language];
  if (wanted !== undefined) return { text: wanted, lang: language };
  const [lang, text] = Object.entries(texts)[0] ?? ['und', ''];
  return { text, lang };
}

import { enSharing, type SharingWords } from './en-sharing.ts';
import { koSharing } from './ko-sharing.ts';
import type { LanguageTag } from './language.tsx';
import { maybePseudo } from './pseudo.ts';

/** Texts of the sharing page in a language. */
export function sharingWords(language: LanguageTag): SharingWords {
  return maybePseudo(language === 'ko' ? koSharing : enSharing);
}

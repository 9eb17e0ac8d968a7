const PLAIN = 'aAbBcCdDeEgGhHiIjJkKlLnNoOrRsStTuUwWyYzZ';
const ACCENTED = 'áÁƀƁçÇðÐéÉĝĜĥĤíÍĵĴķĶļĻñÑóÓŕŔšŠţŢúÚŵŴýÝžŽ';

/** A text as a translator's tool makes it: `en-XA` accented and a third longer, `ar-XB` turned to run from right to left. */
function inPseudo(text: string, locale: string): string {
  if (locale === 'ar-XB') return text.replace(/\S+/g, (word) => `\u202e${word}\u202c`);
  return `[${text.replace(/[a-z]/gi, (c) => ACCENTED[PLAIN.indexOf(c)] ?? c)}${' ~'.repeat(Math.ceil(text.length / 6))}]`;
}

/** The pseudo-locale a test has asked for; none in the app as it is built for learners. */
export function pseudoLocale(): string | null {
  return import.meta.env.VITE_EG_TEST === '1' ? localStorage.getItem('examsgraph.pseudo') : null;
}

/** Texts in the pseudo-locale that is asked for, if one is: what stays as it was is no text of the catalogue. */
export function maybePseudo<T>(texts: T): T {
  if (import.meta.env.VITE_EG_TEST !== '1') return texts;
  const locale = pseudoLocale();
  if (!locale) return texts;
  const turned = (value: unknown): unknown => {
    if (typeof value === 'string') return inPseudo(value, locale);
    if (typeof value === 'function') return (...values: unknown[]) => turned((value as (...v: unknown[]) => unknown)(...values));
    if (Array.isArray(value)) return value.map(turned);
    if (value instanceof Object) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, turned(inner)]));
    return value;
  };
  return turned(texts) as T;
}

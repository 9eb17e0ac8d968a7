import * as z from 'zod/mini';
import { deviceLanguage } from '#client/i18n/language.tsx';
import { pseudoLocale } from '#client/i18n/pseudo.ts';
import { type Appearance, LOOKS, SPACINGS, TEXT_SIZES } from '#client/ports/look.ts';

const KEY = 'examsgraph.appearance';
const schema = z.object({
  language: z.enum(['ko', 'en']),
  look: z.enum(LOOKS),
  textSize: z.enum(TEXT_SIZES),
  spacing: z._default(z.enum(SPACINGS), 'normal'),
});

/** How the app looked last, or as the device is set. */
export function storedAppearance(): Appearance {
  const fallback: Appearance = { language: deviceLanguage(navigator.languages), look: 'system', textSize: '100', spacing: 'normal' };
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
    return parsed.success ? parsed.data : fallback;
  } catch {
    return fallback;
  }
}

/** Keeps it for the next first paint; where storage is refused it lasts until the page closes. */
export function keepAppearance(appearance: Appearance): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(appearance));
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
  }
}

/** Puts language, colours and text size on the page. */
export function applyAppearance({ language, look, textSize, spacing }: Appearance): void {
  const root = document.documentElement;
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  root.lang = language;
  root.dir = pseudoLocale() === 'ar-XB' ? 'rtl' : 'ltr';
  root.dataset.look = look === 'system' ? (isDark ? 'dark' : 'light') : look;
  root.dataset.spacing = spacing;
  root.style.fontSize = `${textSize}%`;
  const paper = getComputedStyle(root).getPropertyValue('--paper').trim();
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', paper);
}

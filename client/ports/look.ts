/** Colour schemes a learner may choose. */
export const LOOKS = ['system', 'light', 'dark', 'black'] as const;

/** A chosen colour scheme. */
export type Look = (typeof LOOKS)[number];

/** Text sizes offered, in percent. */
export const TEXT_SIZES = ['85', '100', '115', '130', '150', '175', '200'] as const;

/** Spacing of letters, words and lines; wide helps some readers with dyslexia. */
export const SPACINGS = ['normal', 'wide'] as const;

/** How the app looks and speaks: kept beside the log so that the first paint is right. */
export interface Appearance {
  readonly language: 'ko' | 'en';
  readonly look: Look;
  /** Percent. */
  readonly textSize: (typeof TEXT_SIZES)[number];
  readonly spacing: (typeof SPACINGS)[number];
}

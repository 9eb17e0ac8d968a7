/** What the learner said of their own answer, and the number logged for it (probability of being right). */
export const CONFIDENCE = { sure: 0.9, notSure: 0.6, guess: 0.4 } as const;

/** The buttons below a question; Guess is off unless switched on. */
export type Confidence = keyof typeof CONFIDENCE;

/** Visible time beyond this many seconds is not study; the uncut figure is kept beside it. */
export const MAX_TIME_SPENT_S = 300;

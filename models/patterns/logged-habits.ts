import type { PatternAnswer } from './habits.ts';

const WINDOW_HOURS = 2;
const BIN_MINUTES = 5;
const FIRST_MINUTES = 10;
const DROP = 0.05;
/** Fewest answers of a window or a bin; as many stand for "as expected" when a mean is shrunk. */
const ENOUGH = 30;
const ENOUGH_CHOSEN = 20;

/** Mean of y − p, shrunk by n / (n + 30); null below thirty answers. */
function shrunkMean(answers: readonly PatternAnswer[]): number | null {
  const n = answers.length;
  return n < ENOUGH ? null : answers.reduce((sum, a) => sum + a.residual, 0) / (n + ENOUGH);
}

/** `peak_performance_time`: start of the two-hour local window with the greatest shrunk mean, hour 0–22; null where none has thirty answers. */
export function bestWindow(answers: readonly PatternAnswer[]): number | null {
  let best: { readonly start: number; readonly mean: number } | null = null;
  for (let start = 0; start < 24; start += WINDOW_HOURS) {
    const mean = shrunkMean(answers.filter((a) => a.hour >= start && a.hour < start + WINDOW_HOURS));
    if (mean !== null && (best === null || mean > best.mean)) best = { start, mean };
  }
  return best?.start ?? null;
}

/**
 * `optimal_session_length`: minutes up to the end of the last five-minute bin before the shrunk mean falls .05 below that of the first ten
 * minutes; null where no bin of thirty answers or more does.
 */
export function minutesBeforeDrop(answers: readonly PatternAnswer[]): number | null {
  const base = shrunkMean(answers.filter((a) => a.minute < FIRST_MINUTES));
  if (base === null) return null;
  const longest = answers.reduce((most, a) => Math.max(most, a.minute), 0);
  for (let start = FIRST_MINUTES; start <= longest; start += BIN_MINUTES) {
    const mean = shrunkMean(answers.filter((a) => a.minute >= start && a.minute < start + BIN_MINUTES));
    if (mean !== null && mean < base - DROP) return start;
  }
  return null;
}

/** `difficulty_preference`: mean chance of the questions opened by free choice; null below twenty. */
export const meanChosen = (chances: readonly number[]): number | null =>
  chances.length < ENOUGH_CHOSEN ? null : chances.reduce((a, b) => a + b, 0) / chances.length;

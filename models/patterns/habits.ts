import { remembered } from '#shared/domain/remembered.ts';
import { below, type Rng, seededRng } from '#shared/maths/rng.ts';

/** One answer as the pattern analyser sees it. */
export interface PatternAnswer {
  /** y − p: right or wrong, less the chance given before. */
  readonly residual: number;
  /** Study day. */
  readonly day: number;
  /** Local hour, 0–24, with fractions. */
  readonly hour: number;
  readonly sessionId: string;
  /** Minutes since the session's first answer. */
  readonly minute: number;
}

/** A finding with its interval and basis, or what is missing for one. */
export type Finding<T> =
  | { readonly kind: 'too-few'; readonly have: number; readonly need: number }
  | { readonly kind: 'unclear'; readonly n: number }
  | { readonly kind: 'found'; readonly value: T; readonly effect: number; readonly low: number; readonly high: number; readonly n: number };

const RESAMPLES = 400;
const WINDOW_HOURS = 2;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** A 90 % interval, and whether there is anything to say. */
interface Interval {
  readonly low: number;
  readonly high: number;
  /** The estimate lies further from zero than on pure noise in one case of forty, both ways together. */
  readonly isAbove: boolean;
  readonly isBelow: boolean;
}

/** Sum and count of one kind of answers, then of another; the statistic is the difference of their means. */
type Sums = readonly [number, number, number, number];

const difference = ([a, n, b, m]: Sums): number => a / n - b / m;

function sumsOf<T>(all: readonly T[], value: (one: T) => number, isOne: (one: T) => boolean, isOther: (one: T) => boolean): Sums {
  let [a, n, b, m] = [0, 0, 0, 0];
  for (const one of all) {
    if (isOne(one)) [a, n] = [a + value(one), n + 1];
    else if (isOther(one)) [b, m] = [b + value(one), m + 1];
  }
  return [a, n, b, m];
}

function total(groups: readonly Sums[], pick: (i: number) => Sums): Sums {
  let [a, n, b, m] = [0, 0, 0, 0];
  for (let i = 0; i < groups.length; i++) {
    const group = pick(i);
    a += group[0];
    n += group[1];
    b += group[2];
    m += group[3];
  }
  return [a, n, b, m];
}

/** Student's t by its normal quantile and the first term in 1 / df, to two digits: the 97.5 % point, and the 98.75 % one where both ways count. */
const CRITICAL = { one: [1.96, 2.4], two: [2.241, 3.6] } as const;

/** Groups drawn again with replacement; percentiles of the difference over them. NaN draws are left out. @param ways in which it may speak */
function interval(groups: readonly Sums[], rng: Rng, ways: keyof typeof CRITICAL): Interval {
  const draws: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const value = difference(total(groups, () => groups[below(groups.length, rng)] as Sums));
    if (Number.isFinite(value)) draws.push(value);
  }
  draws.sort((a, b) => a - b);
  const at = (share: number) => draws[Math.min(draws.length - 1, Math.floor(draws.length * share))] ?? Number.NaN;
  const n = groups.length;
  const middle = mean(draws);
  const variance = mean(draws.map((d) => (d - middle) ** 2)) * (n / (n - 1));
  // few groups: the bootstrap's spread is too small, and the normal quantile too
  const [normal, more] = CRITICAL[ways];
  const margin = (normal + more / (n - 1)) * Math.sqrt(variance);
  const estimate = difference(total(groups, (i) => groups[i] as Sums));
  return { low: at(0.05), high: at(0.95), isAbove: estimate > margin, isBelow: estimate < -margin };
}

function grouped<T>(all: readonly T[], key: (one: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const one of all) remembered(groups, key(one), () => []).push(one);
  return [...groups.values()];
}

const isIn = (hour: number, start: number): boolean => (hour - start + 24) % 24 < WINDOW_HOURS;

const residual = (a: PatternAnswer): number => a.residual;

/** Answers within a window of hours against all others. */
const contrast = (all: readonly PatternAnswer[], start: number): Sums =>
  sumsOf(
    all,
    residual,
    (a) => isIn(a.hour, start),
    () => true,
  );

/**
 * The two-hour window in which answers were better than expected, against all others; interval over days. The window is chosen on every other
 * day of study and judged on the rest: the best of many windows always looks good on the days that chose it.
 */
export function peakTime(answers: readonly PatternAnswer[]): Finding<number> {
  const days = [...new Set(answers.map((a) => a.day))].sort((a, b) => a - b);
  const counts = Array.from({ length: 12 }, (_, i) => answers.filter((a) => isIn(a.hour, 2 * i)).length);
  const windows = counts.flatMap((n, i) => (n >= 40 ? [2 * i] : []));
  if (answers.length < 200 || days.length < 10 || windows.length < 2) return { kind: 'too-few', have: answers.length, need: 200 };
  const toChoose = new Set(days.filter((_, i) => i % 2 === 0));
  const choosing = answers.filter((a) => toChoose.has(a.day));
  const judging = answers.filter((a) => !toChoose.has(a.day));
  const shrunk = (start: number) => {
    const own = choosing.filter((a) => isIn(a.hour, start));
    return own.length === 0 ? Number.NEGATIVE_INFINITY : mean(own.map((a) => a.residual)) * (own.length / (own.length + 30));
  };
  const best = windows.reduce((a, b) => (shrunk(b) > shrunk(a) ? b : a));
  const { low, high, isAbove } = interval(
    grouped(judging, (a) => String(a.day)).map((day) => contrast(day, best)),
    seededRng(best + 1),
    'one',
  );
  if (!isAbove) return { kind: 'unclear', n: answers.length };
  return { kind: 'found', value: best, effect: difference(contrast(judging, best)), low, high, n: answers.length };
}

/** Answers from a minute on against those of the first ten. */
const dropFrom = (all: readonly PatternAnswer[], start: number): Sums =>
  sumsOf(
    all,
    residual,
    (a) => a.minute >= start,
    (a) => a.minute < 10,
  );

/** How well one step down at a minute explains the answers: the sum of squares it takes away; 0 for a step up. */
function stepDown(all: readonly PatternAnswer[], start: number): number {
  const before = all.filter((a) => a.minute < start).map((a) => a.residual);
  const after = all.filter((a) => a.minute >= start).map((a) => a.residual);
  const drop = mean(before) - mean(after);
  return drop > 0 ? ((before.length * after.length) / all.length) * drop ** 2 : 0;
}

/**
 * Minutes after which answers fall at least .05 behind those of the first ten; interval over sessions. The minute is chosen on every other
 * session and judged on the rest, as with the time of day.
 */
export function sessionLength(answers: readonly PatternAnswer[]): Finding<number> {
  const sessions = grouped(answers, (a) => a.sessionId);
  if (sessions.length < 20) return { kind: 'too-few', have: sessions.length, need: 20 };
  const starts = Array.from({ length: 11 }, (_, i) => 10 + 5 * i).filter((start) => {
    const within = answers.filter((a) => a.minute >= start && a.minute < start + 5);
    return within.length >= 30 && new Set(within.map((a) => a.sessionId)).size >= 5;
  });
  const choosing = sessions.filter((_, i) => i % 2 === 0).flat();
  const judging = sessions.filter((_, i) => i % 2 !== 0);
  const [first, ...others] = starts;
  if (first === undefined) return { kind: 'unclear', n: sessions.length };
  const start = others.reduce((best, next) => (stepDown(choosing, next) > stepDown(choosing, best) ? next : best), first);
  const effect = difference(dropFrom(judging.flat(), start));
  const { low, high, isBelow } = interval(
    judging.map((session) => dropFrom(session, start)),
    seededRng(start),
    'one',
  );
  if (!isBelow || effect > -0.05) return { kind: 'unclear', n: sessions.length };
  return { kind: 'found', value: start, effect, low, high, n: sessions.length };
}

/** Mean chance of the questions opened by own choice, against the setting. */
export function difficultyChoice(chosenP: readonly number[], targetP: number): Finding<number> {
  if (chosenP.length < 30) return { kind: 'too-few', have: chosenP.length, need: 30 };
  const { low, high, isAbove, isBelow } = interval(
    chosenP.map((p) => [p, 1, targetP, 1]),
    seededRng(7),
    'two',
  );
  if (!isAbove && !isBelow) return { kind: 'unclear', n: chosenP.length };
  return { kind: 'found', value: mean(chosenP), effect: mean(chosenP) - targetP, low, high, n: chosenP.length };
}

/** How somebody studies, as observed; not a cognitive style. */
export type Habit = 'reviewer' | 'explorer' | 'sprinter' | 'marathoner' | 'balanced';

/** What a habit is read from. */
export interface HabitBasis {
  readonly answers: number;
  /** Shares of the answers that were due again, and that were on questions never seen. */
  readonly dueShare: number;
  readonly newShare: number;
  readonly medianSessionMinutes: number;
  readonly daysAWeek: number;
}

/** The first label that fits; null below 100 answers. */
export function habitOf({ answers, dueShare, newShare, medianSessionMinutes, daysAWeek }: HabitBasis): Habit | null {
  if (answers < 100) return null;
  if (dueShare >= 0.5) return 'reviewer';
  if (newShare >= 0.5) return 'explorer';
  if (medianSessionMinutes < 20 && daysAWeek >= 4) return 'sprinter';
  return medianSessionMinutes >= 45 ? 'marathoner' : 'balanced';
}

import type { Branded } from './branded.ts';

/** Milliseconds since 1970-01-01 UTC, an integer. */
export type EpochMs = Branded<number, 'EpochMs'>;

/** Source of the present moment; an argument everywhere, so that tests hold the hands. */
export type Clock = () => EpochMs;

/** @throws RangeError unless `ms` is a finite, non-negative number; fractions are cut */
export function epochMs(ms: number): EpochMs {
  if (!(ms >= 0 && ms < Number.MAX_SAFE_INTEGER)) throw new RangeError(`epoch ms must be >= 0 and finite, got ${ms}`);
  return Math.floor(ms) as EpochMs;
}

const DAY_MS = 86_400_000;
const STUDY_DAY_STARTS_MS = 4 * 3_600_000;

/**
 * The study day an instant belongs to, as days since 1970-01-01; a study day runs from 04:00 to 04:00 local time,
 * so that an answer at half past midnight still counts for the evening it belongs to.
 *
 * @param tz minutes east of UTC at that instant
 */
export function studyDay(at: number, tz: number): number {
  return Math.floor((at + tz * 60_000 - STUDY_DAY_STARTS_MS) / DAY_MS);
}

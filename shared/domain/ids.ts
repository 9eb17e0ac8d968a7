import type { EpochMs } from './time.ts';

const hex = (word: number, digits: number): string =>
  (word >>> 0)
    .toString(16)
    .padStart(8, '0')
    .slice(8 - digits);

/**
 * A UUID version 7 (RFC 9562, section 5.7): sorts by time of making.
 *
 * @param rng source of uint32 words; cryptographic in production
 */
export function uuidv7(at: EpochMs, rng: () => number): string {
  const time = at.toString(16).padStart(12, '0');
  const randA = hex(rng(), 3);
  const randB = hex((rng() & 0x3fffffff) | 0x80000000, 8);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randA}-${randB.slice(0, 4)}-${randB.slice(4)}${hex(rng(), 8)}`;
}

/** An MLflow run id: 32 hexadecimal digits. */
export function newRunId(rng: () => number): string {
  return hex(rng(), 8) + hex(rng(), 8) + hex(rng(), 8) + hex(rng(), 8);
}

/** An MLflow experiment id: 18 decimal digits, the first not 0. */
export function newExperimentId(rng: () => number): string {
  const digits = Array.from({ length: 17 }, () => (rng() >>> 8) % 10).join('');
  return `${1 + ((rng() >>> 8) % 9)}${digits}`;
}

import type { Moment } from '#client/ports/numbering.ts';
import { epochMs } from '#shared/domain/time.ts';
import { knownClockLead } from './clock-lead.ts';

/** The present, by this device's clock and its source of randomness, and how wrong that clock is known to be. */
export function now(): Moment {
  const word = new Uint32Array(1);
  return {
    at: epochMs(Date.now()),
    tz: -new Date().getTimezoneOffset(),
    rng: () => crypto.getRandomValues(word)[0] ?? 0,
    clockLead: knownClockLead(),
  };
}

import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Refusal } from '../ports/fault.ts';

/** Token buckets by what is limited. */
export interface Limits {
  /** Spend one token of the bucket. @throws Refusal 429 with the seconds to wait */
  spend(bucket: 'enrol' | 'report' | 'login' | 'trial', key: string): Promise<void>;
}

/** Tokens and seconds of each bucket; reliability section 11. */
const BUCKETS = { enrol: [120, 60], report: [10, 60], login: [10, 900], trial: [6, 60] } as const;

/** @param isOff true in tests and simulations, which say so */
export function newLimits(isOff: boolean): Limits {
  const limiters = Object.fromEntries(
    Object.entries(BUCKETS).map(([name, [points, duration]]) => [name, new RateLimiterMemory({ points, duration, keyPrefix: name })]),
  );
  return {
    async spend(bucket, key) {
      if (isOff) return;
      try {
        await limiters[bucket]?.consume(key);
      } catch (refused) {
        if (refused instanceof Error) throw refused;
        const wait = Math.ceil(((refused as { msBeforeNext?: number }).msBeforeNext ?? 60_000) / 1000);
        throw new Refusal(429, 'rate', 'Too many requests. Wait a moment.', { retryAfterS: wait, retryAfterMs: wait * 1000 });
      }
    },
  };
}

import { randomFillSync } from 'node:crypto';
import type { Rng } from '#shared/maths/rng.ts';

const POOL_WORDS = 4096;

/** uint32 words from the operating system's generator, drawn in pools; used words are zeroed. */
export function secureRng(): Rng {
  const pool = new Uint32Array(POOL_WORDS);
  let at = POOL_WORDS;
  return () => {
    if (at === POOL_WORDS) {
      randomFillSync(pool);
      at = 0;
    }
    const word = pool[at] as number;
    pool[at++] = 0;
    return word;
  };
}

import { expect, test } from 'vitest';
import { type Rng, seededRng } from '../maths/rng.ts';

/**
 * A law, tried on many seeded cases; the failing seed is in the message and may be kept as a regression.
 *
 * @param title a sentence of the specification
 * @param law throws (by expect) where it does not hold; draws its case from the rng
 */
export function forAll(title: string, law: (rng: Rng) => void, cases = 100): void {
  test(`${title} (${cases} cases)`, () => {
    for (let seed = 1; seed <= cases; seed++) {
      try {
        law(seededRng(seed));
      } catch (cause) {
        throw new Error(`fails for seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
    expect(cases).toBeGreaterThan(0);
  });
}

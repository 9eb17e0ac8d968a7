/** Source of uniformly distributed uint32 words: cryptographic in production, seeded in tests and training. */
export type Rng = () => number;

/** A uniform float in [0, 1) with 32 random bits. */
export function uniform(rng: Rng): number {
  return (rng() >>> 0) / 4_294_967_296;
}

/** A uniform integer in [0, n), by rejection, so without bias. @throws RangeError unless n is an integer in [1, 2^32] */
export function below(n: number, rng: Rng): number {
  if (!(Number.isInteger(n) && n >= 1 && n <= 4_294_967_296)) throw new RangeError(`n must be an integer in [1, 2^32], got ${n}`);
  const limit = 4_294_967_296 - (4_294_967_296 % n);
  for (;;) {
    const word = rng() >>> 0;
    if (word < limit) return word % n;
  }
}

/** A standard normal draw (Box and Muller 1958). */
export function normal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(rng)));
  return radius * Math.cos(2 * Math.PI * uniform(rng));
}

/** Shuffles in place (Fisher and Yates) and returns the same array. */
export function shuffle<T extends { length: number; [index: number]: unknown }>(items: T, rng: Rng): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(i + 1, rng);
    const kept = items[i];
    items[i] = items[j];
    items[j] = kept;
  }
  return items;
}

/** An index drawn with the given probabilities, which must sum to 1; rounding falls to the last. */
export function drawIndex(probabilities: ArrayLike<number>, rng: Rng): number {
  let rest = uniform(rng);
  for (let i = 0; i < probabilities.length - 1; i++) {
    rest -= probabilities[i] ?? 0;
    if (rest < 0) return i;
  }
  return probabilities.length - 1;
}

/** A seeded, reproducible Rng: xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32 from the seed. Not for secrets. */
export function seededRng(seed: number): Rng {
  const state = new Uint32Array(4);
  let x = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    state[i] = z ^ (z >>> 15);
  }
  let [a, b, c, d] = [state[0] ?? 1, state[1] ?? 2, state[2] ?? 3, state[3] ?? 4];
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

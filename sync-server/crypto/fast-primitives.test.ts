import { describe, expect, test } from 'vitest';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { below, seededRng } from '#shared/maths/rng.ts';
import { fastPrimitives } from './fast-primitives.ts';
import { secureRng } from './secure-rng.ts';

const fast = await fastPrimitives();
const rng = seededRng(4);
const bytes = (n: number) => Uint8Array.from({ length: n }, () => below(256, rng));

describe('the server’s fast primitives give TweetNaCl’s bytes', () => {
  test.each([0, 1, 31, 64, 6564])('for a message of %i bytes', (length) => {
    const [message, nonce, own, other, seed] = [bytes(length), bytes(24), bytes(32), bytes(32), bytes(32)];
    const theirs = tweetnacl.boxPublicKey(other);
    expect(fast.sha512(message)).toEqual(tweetnacl.sha512(message));
    expect(fast.boxPublicKey(own)).toEqual(tweetnacl.boxPublicKey(own));
    const sealed = tweetnacl.box(message, nonce, theirs, own);
    expect(fast.box(message, nonce, theirs, own)).toEqual(sealed);
    expect(fast.openBox(sealed, nonce, tweetnacl.boxPublicKey(own), other)).toEqual(message);
    expect(fast.signPublicKey(seed)).toEqual(tweetnacl.signPublicKey(seed));
    const signature = tweetnacl.sign(message, seed);
    expect(fast.sign(message, seed)).toEqual(signature);
    expect(fast.verify(message, signature, tweetnacl.signPublicKey(seed))).toBe(true);
  });

  test('what was changed or is malformed is refused, never thrown', () => {
    const [message, nonce, own, seed] = [bytes(40), bytes(24), bytes(32), bytes(32)];
    const pk = tweetnacl.boxPublicKey(own);
    const sealed = tweetnacl.box(message, nonce, pk, own);
    sealed[20] = (sealed[20] as number) ^ 1;
    expect(fast.openBox(sealed, nonce, pk, own)).toBeNull();
    expect(fast.openBox(new Uint8Array(3), nonce, pk, own)).toBeNull();
    const signature = tweetnacl.sign(message, seed);
    expect(fast.verify(bytes(40), signature, tweetnacl.signPublicKey(seed))).toBe(false);
    expect(fast.verify(message, signature.subarray(1), tweetnacl.signPublicKey(seed))).toBe(false);
    expect(fast.verify(message, signature, new Uint8Array(32).fill(255))).toBe(false);
  });
});

test('the secure generator’s words are spread over all bits', () => {
  const secure = secureRng();
  let ones = 0;
  for (let i = 0; i < 10_000; i++) for (let word = secure(); word !== 0; word = (word & (word - 1)) >>> 0) ones++;
  expect(Math.abs(ones / 320_000 - 0.5)).toBeLessThan(0.005);
});

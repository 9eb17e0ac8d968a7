import { sha256 } from '#shared/crypto/sha256.ts';
import type { Rng } from '#shared/maths/rng.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Fresh bytes. @param bytes a multiple of 4 */
export const random = (rng: Rng, bytes: number): Uint8Array => new Uint8Array(Uint32Array.from({ length: bytes / 4 }, rng).buffer);

/** 128 random bits in Crockford's base 32, in groups of four. */
export function newCode(rng: Rng): string {
  let bits = 0n;
  for (const word of Uint32Array.from({ length: 4 }, rng)) bits = (bits << 32n) | BigInt(word);
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = ALPHABET[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return (text.match(/.{1,4}/g) ?? []).join('-');
}

/** A code as a person may have typed it, without what does not matter. */
export const bare = (code: string): string =>
  code
    .toUpperCase()
    .replace(/[^0-9A-Z]/g, '')
    .replaceAll('O', '0')
    .replace(/[IL]/g, '1');

/** What is stored of a secret. [32] */
export const hashOf = (text: string): Uint8Array => sha256(utf8(text));

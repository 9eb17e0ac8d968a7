import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { concat, dom } from '#shared/domain/bytes.ts';

/** The two boxes of a report. */
export type BoxFor = 'leader' | 'helper';

/** Bytes a sealed message is longer than itself: the fresh public key and the authenticator. */
export const SEAL_OVERHEAD = 48;

function nonceOf(crypto: Primitives, to: BoxFor, fresh: Uint8Array, theirPublic: Uint8Array): Uint8Array {
  return crypto.sha512(concat(dom(`examsgraph/v1/seal/${to}`), fresh, theirPublic)).subarray(0, 24);
}

/** `epk(32) | box`; @param freshSecret [32], random and used once */
export function seal(crypto: Primitives, to: BoxFor, message: Uint8Array, theirPublic: Uint8Array, freshSecret: Uint8Array): Uint8Array {
  const fresh = crypto.boxPublicKey(freshSecret);
  return concat(fresh, crypto.box(message, nonceOf(crypto, to, fresh, theirPublic), theirPublic, freshSecret));
}

/** The message, or null if it was sealed otherwise. */
export function open(crypto: Primitives, to: BoxFor, sealed: Uint8Array, ownSecret: Uint8Array, ownPublic: Uint8Array): Uint8Array | null {
  if (sealed.length < SEAL_OVERHEAD) return null;
  const fresh = sealed.subarray(0, 32);
  return crypto.openBox(sealed.subarray(32), nonceOf(crypto, to, fresh, ownPublic), fresh, ownSecret);
}

/** First 4 bytes of SHA-256 of a box key: names the key a report was sealed for. */
export function keyId(publicKey: Uint8Array): Uint8Array {
  return sha256(publicKey).subarray(0, 4);
}

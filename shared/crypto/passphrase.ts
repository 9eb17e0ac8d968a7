import { argon2idAsync } from '@noble/hashes/argon2.js';
import nacl from 'tweetnacl';

/** Cost of a key from a passphrase: Argon2id (RFC 9106), memory in KiB. OWASP's second recommended choice. */
export const PASSPHRASE_COST = { t: 2, m: 19_456, p: 1 } as const;

/** The most a file may ask for, so that a hostile one cannot freeze the device. */
export const PASSPHRASE_MOST = { t: 8, m: 131_072, p: 4 } as const;

/** How a key is derived. */
export interface PassphraseCost {
  readonly t: number;
  readonly m: number;
  readonly p: number;
}

/** A secretbox key [32] from a passphrase (NFKC) and a salt [16]; yields to the page. @param onProgress share done, 0–1 */
export function keyFromPassphrase(
  passphrase: string,
  salt: Uint8Array,
  cost: PassphraseCost,
  onProgress: (share: number) => void = () => undefined,
): Promise<Uint8Array> {
  return argon2idAsync(passphrase.normalize('NFKC'), salt, { ...cost, dkLen: 32, asyncTick: 16, onProgress });
}

/** XSalsa20-Poly1305: 16 bytes longer than the message. Nonce [24], key [32]. */
export function sealSecret(message: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  return nacl.secretbox(message, nonce, key);
}

/** @returns null if it was not sealed with this key and nonce */
export function openSecret(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null {
  return nacl.secretbox.open(sealed, nonce, key);
}

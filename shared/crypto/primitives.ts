import nacl from 'tweetnacl';

/**
 * The cryptography the protocol is built on. One implementation is below; a server may bring a faster one whose bytes agree
 * (`primitives.contract.ts` says so).
 */
export interface Primitives {
  /** SHA-512, 64 bytes. */
  sha512(message: Uint8Array): Uint8Array;
  /** X25519 public key [32] of a secret key [32]. */
  boxPublicKey(secret: Uint8Array): Uint8Array;
  /** X25519-XSalsa20-Poly1305: 16 bytes longer than the message. Nonce [24], keys [32]. */
  box(message: Uint8Array, nonce: Uint8Array, theirPublic: Uint8Array, ownSecret: Uint8Array): Uint8Array;
  /** @returns null if it was not sealed so */
  openBox(sealed: Uint8Array, nonce: Uint8Array, theirPublic: Uint8Array, ownSecret: Uint8Array): Uint8Array | null;
  /** Ed25519 public key [32] of a seed [32]. */
  signPublicKey(seed: Uint8Array): Uint8Array;
  /** Ed25519 signature [64]. */
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
  /** Never throws: wrong lengths are just not valid. */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** XSalsa20 key stream from its first byte; nonce [24], key [32]. */
  stream(length: number, nonce: Uint8Array, key: Uint8Array): Uint8Array;
}

/** The low-level part of TweetNaCl that its type declarations leave out. */
interface LowLevel {
  readonly lowlevel: {
    crypto_stream(into: Uint8Array, from: number, length: number, nonce: Uint8Array, key: Uint8Array): void;
  };
}

/** TweetNaCl (public domain, audited): runs anywhere, the same bytes everywhere. */
export const tweetnacl: Primitives = {
  sha512: (message) => nacl.hash(message),
  boxPublicKey: (secret) => nacl.scalarMult.base(secret),
  box: (message, nonce, theirPublic, ownSecret) => nacl.box(message, nonce, theirPublic, ownSecret),
  openBox: (sealed, nonce, theirPublic, ownSecret) => nacl.box.open(sealed, nonce, theirPublic, ownSecret),
  signPublicKey: (seed) => nacl.sign.keyPair.fromSeed(seed).publicKey,
  sign: (message, seed) => nacl.sign.detached(message, nacl.sign.keyPair.fromSeed(seed).secretKey),
  verify: (message, signature, publicKey) =>
    signature.length === 64 && publicKey.length === 32 && nacl.sign.detached.verify(message, signature, publicKey),
  stream(length, nonce, key) {
    const words = new Uint8Array(length);
    (nacl as unknown as LowLevel).lowlevel.crypto_stream(words, 0, length, nonce, key);
    return words;
  },
};

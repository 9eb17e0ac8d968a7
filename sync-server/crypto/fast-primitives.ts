import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import sodium from 'libsodium-wrappers';
import { type Primitives, tweetnacl } from '#shared/crypto/primitives.ts';

const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex');

const privateKey = (seed: Uint8Array) => createPrivateKey({ key: Buffer.concat([PRIVATE_DER, seed]), format: 'der', type: 'pkcs8' });
const publicKey = (key: Uint8Array) => createPublicKey({ key: Buffer.concat([PUBLIC_DER, key]), format: 'der', type: 'spki' });

/** A plain view, so that bytes compare equal whoever made them. */
const plain = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

/** The same bytes as TweetNaCl's, several times faster: boxes by libsodium (WebAssembly), hashes and signatures by node:crypto. */
export async function fastPrimitives(): Promise<Primitives> {
  await sodium.ready;
  return {
    sha512: (message) => plain(createHash('sha512').update(message).digest()),
    boxPublicKey: (secret) => sodium.crypto_scalarmult_base(secret),
    box: (message, nonce, theirPublic, ownSecret) => sodium.crypto_box_easy(message, nonce, theirPublic, ownSecret),
    openBox(sealed, nonce, theirPublic, ownSecret) {
      try {
        return sodium.crypto_box_open_easy(sealed, nonce, theirPublic, ownSecret);
      } catch {
        return null;
      }
    },
    signPublicKey: (seed) => plain(Buffer.from(createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(12))),
    sign: (message, seed) => plain(sign(null, message, privateKey(seed))),
    verify(message, signature, key) {
      if (signature.length !== 64 || key.length !== 32) return false;
      try {
        return verify(null, message, publicKey(key), signature);
      } catch {
        return false;
      }
    },
    stream: tweetnacl.stream,
  };
}

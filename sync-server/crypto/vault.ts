import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Seals small secrets under one key: AES-256-GCM, a fresh nonce each, `nonce 12 ‖ tag 16 ‖ ciphertext`. @param key 32 bytes */
export function newVault(key: Uint8Array) {
  return {
    seal(text: string): Uint8Array {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    /** @throws Error if it was not sealed under this key */
    open(sealed: Uint8Array): string {
      const bytes = Buffer.from(sealed);
      const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      cipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([cipher.update(bytes.subarray(28)), cipher.final()]).toString('utf8');
    },
  };
}

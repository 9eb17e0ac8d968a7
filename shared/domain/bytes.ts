/** All parts, one after the other, in a fresh array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Whether both hold the same bytes; not constant in time, so for public values only. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Orders byte strings as numbers, shorter first on a tie. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** @throws RangeError unless the text is an even number of hexadecimal digits */
export function fromHex(text: string): Uint8Array {
  if (!/^([0-9a-fA-F]{2})*$/.test(text)) throw new RangeError('expected hexadecimal digits');
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const word = ((a ?? 0) << 16) | (b << 8) | c;
    const digits = [18, 12, 6, 0].map((shift) => STANDARD[(word >>> shift) & 63]);
    const known = Math.min(3, bytes.length - i) + 1;
    text += digits.map((digit, k) => (k < known ? digit : '=')).join('');
  }
  return text;
}

/** @throws RangeError unless the text is canonical base64 with padding */
export function fromBase64(text: string): Uint8Array {
  const bare = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((bare.length * 6) / 8));
  let [word, bits, at] = [0, 0, 0];
  for (const digit of bare) {
    const value = STANDARD.indexOf(digit);
    if (value < 0) throw new RangeError('expected base64');
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (word >>> bits) & 255;
  }
  if (toBase64(bytes) !== text) throw new RangeError('expected canonical base64');
  return bytes;
}

/** Base64 for URLs, without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws RangeError unless the text is canonical base64url without padding */
export function fromBase64Url(text: string): Uint8Array {
  if (/[+/=]/.test(text)) throw new RangeError('expected base64url');
  return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4));
}

/** The characters' codes. @throws RangeError for any beyond ASCII */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 127) throw new RangeError(`expected ASCII, got "${character}"`);
    return code;
  });
}

/** Domain separation: one length byte, then the ASCII text. @throws RangeError beyond 255 characters */
export function dom(text: string): Uint8Array {
  if (text.length > 255) throw new RangeError(`a domain string holds at most 255 characters, got ${text.length}`);
  return concat(Uint8Array.of(text.length), ascii(text));
}

/** Little-endian bytes of uint32 words. */
export function bytesOfWords(words: Uint32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * 4));
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  return new Uint8Array(view.buffer);
}

/** uint32 words of little-endian bytes. @throws RangeError unless their number is a multiple of 4 */
export function wordsOfBytes(bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) throw new RangeError(`expected whole words, got ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { ascii, concat, dom, fromBase64Url, sameBytes, toBase64Url } from '#shared/domain/bytes.ts';

/** Bytes of an enrolment. */
export const ENROLMENT_BYTES = 216;

const HEAD = concat(ascii('EGE1'), Uint8Array.of(1, 0, 0, 0));

const deviceMessage = (crypto: Primitives, first88: Uint8Array): Uint8Array =>
  concat(dom('examsgraph/v1/sign/enrol-device'), crypto.sha512(first88));
const accountMessage = (crypto: Primitives, first152: Uint8Array): Uint8Array =>
  concat(dom('examsgraph/v1/sign/enrol-account'), crypto.sha512(first152));

/** The account as the leader names it: 16 bytes, so that the key itself need not be shown. */
export function accountIdOf(accountPk: Uint8Array): Uint8Array {
  return sha256(accountPk).slice(0, 16);
}

/** Enrolment body: device and account vouch for each other over a fresh challenge. Seeds [32], challenge [16]. */
export function makeEnrolment(crypto: Primitives, accountSeed: Uint8Array, deviceSeed: Uint8Array, challenge: Uint8Array): Uint8Array {
  const first = concat(HEAD, crypto.signPublicKey(accountSeed), crypto.signPublicKey(deviceSeed), challenge);
  const second = concat(first, crypto.sign(deviceMessage(crypto, first), deviceSeed));
  return concat(second, crypto.sign(accountMessage(crypto, second), accountSeed));
}

/** Who asks to be enrolled. */
export interface Enrolment {
  readonly accountPk: Uint8Array;
  readonly devicePk: Uint8Array;
  readonly challenge: Uint8Array;
}

/** @returns null unless the layout is right and both signatures hold; whether the challenge is still good is the server's to say */
export function readEnrolment(crypto: Primitives, body: Uint8Array): Enrolment | null {
  if (body.length !== ENROLMENT_BYTES || !sameBytes(body.subarray(0, 8), HEAD)) return null;
  const at = (from: number, length: number) => body.slice(from, from + length);
  const [accountPk, devicePk, challenge] = [at(8, 32), at(40, 32), at(72, 16)];
  const isDevice = crypto.verify(deviceMessage(crypto, at(0, 88)), at(88, 64), devicePk);
  const isAccount = crypto.verify(accountMessage(crypto, at(0, 152)), at(152, 64), accountPk);
  return isDevice && isAccount ? { accountPk, devicePk, challenge } : null;
}

/** What a signed request stands for. */
export interface RequestToSign {
  readonly method: string;
  /** From the root, without query, at most 255 characters. */
  readonly path: string;
  readonly body: Uint8Array;
}

/** The bytes under the signature of a state-changing request. */
export function requestMessage(crypto: Primitives, { method, path, body }: RequestToSign, challenge: Uint8Array): Uint8Array {
  return concat(dom('examsgraph/v1/sign/request'), dom(method), dom(path), crypto.sha512(body), challenge);
}

/** Value of the `EG-Signature` header. */
export function signRequest(crypto: Primitives, request: RequestToSign, challenge: Uint8Array, seed: Uint8Array): string {
  const signature = crypto.sign(requestMessage(crypto, request, challenge), seed);
  return toBase64Url(concat(crypto.signPublicKey(seed), challenge, signature));
}

/** Who signed a request, over which challenge; null unless the signature holds. */
export function readSignedRequest(
  crypto: Primitives,
  request: RequestToSign,
  header: string,
): { readonly pk: Uint8Array; readonly challenge: Uint8Array } | null {
  try {
    const bytes = fromBase64Url(header);
    if (bytes.length !== 112 || request.path.length > 255) return null;
    const [pk, challenge, signature] = [bytes.slice(0, 32), bytes.slice(32, 48), bytes.slice(48)];
    return crypto.verify(requestMessage(crypto, request, challenge), signature, pk) ? { pk, challenge } : null;
  } catch {
    return null;
  }
}

import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { ascii, bytesOfWords, compareBytes, concat, dom, sameBytes, wordsOfBytes } from '#shared/domain/bytes.ts';
import { leafHash, rootOf } from '#shared/transparency/merkle.ts';
import { HELPER_BOX_BYTES } from './report.ts';

/** What request and response of a flush share. */
export interface FlushHead {
  readonly taskId: Uint8Array;
  /** The slot. */
  readonly t: number;
  /** Number of reports K. */
  readonly k: number;
  readonly dim: number;
  readonly configHash: Uint8Array;
  /** RFC 6962 root over `report_id | SHA-256(leader_box)`, ascending by report id. */
  readonly setRoot: Uint8Array;
}

/** One report as the helper is shown it. */
export interface FlushMember {
  readonly reportId: Uint8Array;
  readonly leaderBoxHash: Uint8Array;
  readonly helperBox: Uint8Array;
}

const HEAD_BYTES = 104;
const MEMBER_BYTES = 48 + HELPER_BOX_BYTES;
const SIGNATURE_BYTES = 64;

function headOf(magic: string, head: FlushHead): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(ascii(magic), 0);
  bytes[4] = 1;
  bytes.set(head.taskId, 8);
  view.setUint32(24, head.t, true);
  view.setUint32(28, head.k, true);
  view.setUint32(32, head.dim, true);
  bytes.set(head.configHash, 40);
  bytes.set(head.setRoot, 72);
  return bytes;
}

function readHead(magic: string, bytes: Uint8Array): FlushHead | null {
  if (bytes.length < HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head: FlushHead = {
    taskId: bytes.slice(8, 24),
    t: view.getUint32(24, true),
    k: view.getUint32(28, true),
    dim: view.getUint32(32, true),
    configHash: bytes.slice(40, 72),
    setRoot: bytes.slice(72, 104),
  };
  return sameBytes(headOf(magic, head), bytes.subarray(0, HEAD_BYTES)) ? head : null;
}

/** Root of a set of reports; the order they come in does not matter. */
export function setRootOf(members: readonly Pick<FlushMember, 'reportId' | 'leaderBoxHash'>[]): Uint8Array {
  const sorted = [...members].sort((a, b) => compareBytes(a.reportId, b.reportId));
  return rootOf(sorted.map((m) => leafHash(concat(m.reportId, m.leaderBoxHash))));
}

const signedPart = (crypto: Primitives, what: 'flush-request' | 'flush-response', before: Uint8Array): Uint8Array =>
  concat(dom(`examsgraph/v1/sign/${what}`), crypto.sha512(before));

/** The leader's request: exactly these K reports, signed. */
export function makeFlushRequest(
  crypto: Primitives,
  head: Omit<FlushHead, 'k' | 'setRoot'>,
  members: readonly FlushMember[],
  leaderSeed: Uint8Array,
): Uint8Array {
  const sorted = [...members].sort((a, b) => compareBytes(a.reportId, b.reportId));
  const whole = { ...head, k: members.length, setRoot: setRootOf(sorted) };
  const before = concat(headOf('EGF1', whole), ...sorted.flatMap((m) => [m.reportId, m.leaderBoxHash, m.helperBox]));
  return concat(before, crypto.sign(signedPart(crypto, 'flush-request', before), leaderSeed));
}

/** @returns null unless lengths, order, set root and the leader's signature hold */
export function readFlushRequest(
  crypto: Primitives,
  bytes: Uint8Array,
  leaderPk: Uint8Array,
): { readonly head: FlushHead; readonly members: readonly FlushMember[] } | null {
  const head = readHead('EGF1', bytes);
  if (!head || bytes.length !== HEAD_BYTES + head.k * MEMBER_BYTES + SIGNATURE_BYTES) return null;
  const end = bytes.length - SIGNATURE_BYTES;
  if (!crypto.verify(signedPart(crypto, 'flush-request', bytes.subarray(0, end)), bytes.subarray(end), leaderPk)) return null;
  const members = Array.from({ length: head.k }, (_, i): FlushMember => {
    const at = HEAD_BYTES + i * MEMBER_BYTES;
    return {
      reportId: bytes.slice(at, at + 16),
      leaderBoxHash: bytes.slice(at + 16, at + 48),
      helperBox: bytes.slice(at + 48, at + MEMBER_BYTES),
    };
  });
  const isAscending = members.every((m, i) => i === 0 || compareBytes((members[i - 1] as FlushMember).reportId, m.reportId) < 0);
  return isAscending && sameBytes(setRootOf(members), head.setRoot) ? { head, members } : null;
}

/** The helper's answer: noise minus the sum of masks, mod 2^32, signed. */
export function makeFlushResponse(crypto: Primitives, head: FlushHead, words: Uint32Array, helperSeed: Uint8Array): Uint8Array {
  const before = concat(headOf('EGN1', head), bytesOfWords(words));
  return concat(before, crypto.sign(signedPart(crypto, 'flush-response', before), helperSeed));
}

/** @returns null unless lengths and the helper's signature hold */
export function readFlushResponse(
  crypto: Primitives,
  bytes: Uint8Array,
  helperPk: Uint8Array,
): { readonly head: FlushHead; readonly words: Uint32Array } | null {
  const head = readHead('EGN1', bytes);
  if (!head || bytes.length !== HEAD_BYTES + 4 * head.dim + SIGNATURE_BYTES) return null;
  const end = bytes.length - SIGNATURE_BYTES;
  if (!crypto.verify(signedPart(crypto, 'flush-response', bytes.subarray(0, end)), bytes.subarray(end), helperPk)) return null;
  return { head, words: wordsOfBytes(bytes.subarray(HEAD_BYTES, end)) };
}

/** SHA-256 of a leader's box, as it stands in requests and roots. */
export function leaderBoxHash(box: Uint8Array): Uint8Array {
  return sha256(box);
}

import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { bytesOfWords, concat, dom, sameBytes, wordsOfBytes } from '#shared/domain/bytes.ts';
import { HEADER_BYTES, headerBytes, MAX_DIM, parseHeader, type ReportHeader } from './header.ts';
import { masked, maskWords } from './mask.ts';
import { type BoxFor, open, SEAL_OVERHEAD, seal } from './seal.ts';

/** Bytes of the helper's box. */
export const HELPER_BOX_BYTES = HEADER_BYTES + 96 + SEAL_OVERHEAD;
/** Bytes of the leader's box for a vector of length d. */
export const leaderBoxBytes = (dim: number): number => HEADER_BYTES + 4 * dim + SEAL_OVERHEAD;
/** Bytes of a whole report: 4d + 672. */
export const reportBytes = (dim: number): number => 4 * dim + 672;

/** Randomness of one report; every part [32], fresh, used once. */
export interface ReportSecrets {
  readonly maskSeed: Uint8Array;
  readonly leaderFresh: Uint8Array;
  readonly helperFresh: Uint8Array;
}

/** What a report is made of. */
export interface ReportDraft {
  readonly header: ReportHeader;
  /** The sanitised, noised vector, grid steps, shape [dim]. */
  readonly q: Int32Array;
  /** [32] */
  readonly accountTag: Uint8Array;
  readonly leaderBoxKey: Uint8Array;
  readonly helperBoxKey: Uint8Array;
  /** Ed25519 seed of the device, [32]. */
  readonly deviceSeed: Uint8Array;
}

const signedPart = (crypto: Primitives, before: Uint8Array): Uint8Array => concat(dom('examsgraph/v1/sign/report'), crypto.sha512(before));

/** Mask, seal for both servers, sign: the bytes that are uploaded, made once and resent as they are. */
export function makeReport(crypto: Primitives, draft: ReportDraft, secrets: ReportSecrets): Uint8Array {
  const { header, q } = draft;
  if (q.length !== header.dim) throw new RangeError(`the header says ${header.dim} numbers, the vector has ${q.length}`);
  const head = headerBytes(header);
  const x = masked(q, maskWords(crypto, secrets.maskSeed, header.taskId, header.reportId, header.dim));
  const leaderBox = seal(crypto, 'leader', concat(head, bytesOfWords(x)), draft.leaderBoxKey, secrets.leaderFresh);
  const inside = concat(head, sha256(leaderBox), draft.accountTag, secrets.maskSeed);
  const helperBox = seal(crypto, 'helper', inside, draft.helperBoxKey, secrets.helperFresh);
  const before = concat(head, leaderBox, helperBox);
  const signature = crypto.sign(signedPart(crypto, before), draft.deviceSeed);
  return concat(before, crypto.signPublicKey(draft.deviceSeed), signature);
}

/** A report taken apart; nothing in it is trusted yet but its lengths. */
export interface ReportParts {
  readonly header: ReportHeader;
  readonly leaderBox: Uint8Array;
  readonly helperBox: Uint8Array;
  readonly devicePk: Uint8Array;
  readonly signature: Uint8Array;
  readonly signedBytes: Uint8Array;
}

/** @returns null unless lengths and header are as the layout says */
export function parseReport(bytes: Uint8Array): ReportParts | null {
  const header = parseHeader(bytes);
  if (!header || header.dim < 1 || header.dim > MAX_DIM || bytes.length !== reportBytes(header.dim)) return null;
  const leaderEnd = HEADER_BYTES + leaderBoxBytes(header.dim);
  const helperEnd = leaderEnd + HELPER_BOX_BYTES;
  return {
    header,
    leaderBox: bytes.subarray(HEADER_BYTES, leaderEnd),
    helperBox: bytes.subarray(leaderEnd, helperEnd),
    devicePk: bytes.subarray(helperEnd, helperEnd + 32),
    signature: bytes.subarray(helperEnd + 32),
    signedBytes: bytes.subarray(0, helperEnd),
  };
}

/** Whether the device named in the report signed it. */
export function isSignedByDevice(crypto: Primitives, parts: ReportParts): boolean {
  return crypto.verify(signedPart(crypto, parts.signedBytes), parts.signature, parts.devicePk);
}

/** A server's own box keys. */
export interface BoxKeys {
  readonly secret: Uint8Array;
  readonly public: Uint8Array;
}

function openWithHeader(crypto: Primitives, to: BoxFor, box: Uint8Array, keys: BoxKeys, header: ReportHeader): Uint8Array | null {
  const inside = open(crypto, to, box, keys.secret, keys.public);
  return inside && sameBytes(inside.subarray(0, HEADER_BYTES), headerBytes(header)) ? inside.subarray(HEADER_BYTES) : null;
}

/** The masked vector, shape [dim], or null if the box is another's or says another header. */
export function openLeaderBox(crypto: Primitives, header: ReportHeader, box: Uint8Array, keys: BoxKeys): Uint32Array | null {
  const rest = openWithHeader(crypto, 'leader', box, keys, header);
  return rest?.length === 4 * header.dim ? wordsOfBytes(rest) : null;
}

/** What the helper learns of a report: never its sender, never its vector. */
export interface HelperShare {
  readonly header: ReportHeader;
  readonly leaderBoxHash: Uint8Array;
  readonly accountTag: Uint8Array;
  readonly maskSeed: Uint8Array;
}

/** The helper's share, or null if the box is damaged or another's. */
export function openHelperBox(crypto: Primitives, box: Uint8Array, keys: BoxKeys): HelperShare | null {
  const inside = open(crypto, 'helper', box, keys.secret, keys.public);
  const header = inside ? parseHeader(inside) : null;
  if (!inside || !header || inside.length !== HEADER_BYTES + 96) return null;
  const at = (from: number) => inside.slice(HEADER_BYTES + from, HEADER_BYTES + from + 32);
  return { header, leaderBoxHash: at(0), accountTag: at(32), maskSeed: at(64) };
}

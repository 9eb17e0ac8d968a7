import { ascii, sameBytes } from '#shared/domain/bytes.ts';

/** What a report may carry. */
export type ReportKind = 'model-delta' | 'cohort-statistics';

/** In place of a base: statistics are made from no model. */
export const NO_BASE = { version: 0, sha256: new Uint8Array(32) } as const;

/** The head of a report: in clear, and again inside both boxes. */
export interface ReportHeader {
  readonly kind: ReportKind;
  /** [16] */
  readonly taskId: Uint8Array;
  /** [16], random. */
  readonly reportId: Uint8Array;
  /** [32], SHA-256 of the canonical JSON of the signed configuration. */
  readonly configHash: Uint8Array;
  /** [32], SHA-256 of the weights trained from; zeros for statistics. */
  readonly baseHash: Uint8Array;
  readonly baseVersion: number;
  /** Length d of the vector. */
  readonly dim: number;
  /** [4], the first bytes of SHA-256 of the leader's box key. */
  readonly leaderKeyId: Uint8Array;
  /** [4], the same of the helper's. */
  readonly helperKeyId: Uint8Array;
}

/** Bytes of a header. */
export const HEADER_BYTES = 128;
/** The largest vector any configuration may ask for. */
export const MAX_DIM = 65_536;

const MAGIC = ascii('EGR1');
const VERSION = 1;
const SCHEME = 1;
const KINDS: readonly ReportKind[] = ['model-delta', 'cohort-statistics'];

/** Header bytes, shape [128]; see federation-and-privacy section 2. */
export function headerBytes(header: ReportHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  bytes.set([VERSION, SCHEME, KINDS.indexOf(header.kind) + 1, 0], 4);
  bytes.set(header.taskId, 8);
  bytes.set(header.reportId, 24);
  bytes.set(header.configHash, 40);
  bytes.set(header.baseHash, 72);
  view.setUint32(104, header.baseVersion, true);
  view.setUint32(108, header.dim, true);
  bytes.set(header.leaderKeyId, 112);
  bytes.set(header.helperKeyId, 116);
  return bytes;
}

/** @returns null unless the bytes are a header of this version, every unused byte zero */
export function parseHeader(bytes: Uint8Array): ReportHeader | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (from: number, length: number) => bytes.slice(from, from + length);
  const kind = KINDS[(bytes[6] ?? 0) - 1];
  if (!kind) return null;
  const header: ReportHeader = {
    kind,
    taskId: at(8, 16),
    reportId: at(24, 16),
    configHash: at(40, 32),
    baseHash: at(72, 32),
    baseVersion: view.getUint32(104, true),
    dim: view.getUint32(108, true),
    leaderKeyId: at(112, 4),
    helperKeyId: at(116, 4),
  };
  return sameBytes(headerBytes(header), bytes.subarray(0, HEADER_BYTES)) ? header : null;
}

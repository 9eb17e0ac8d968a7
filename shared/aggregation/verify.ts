import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { concat, dom, fromBase64, fromHex, toHex } from '#shared/domain/bytes.ts';
import { cosignedAt, isSignedBy, parseNote } from '#shared/transparency/checkpoint.ts';
import { isConsistent, isIncluded, leafHash } from '#shared/transparency/merkle.ts';
import { configHash, keepsPreset, readConfig, type TaskConfig } from './config.ts';
import { entryBytes, isReleaseSigned, type LogEntry, type ModelRelease } from './log-entry.ts';
import { capEpsilon } from './personal-ledger.ts';

/** The keys a device has pinned, hexadecimal; a server that shows others is not the one that was agreed to. */
export interface Pins {
  readonly release_key: string;
  readonly leader_key: string;
  readonly helper_key: string;
}

/** The last tree a device has seen. */
export interface SeenTree {
  readonly size: number;
  /** Hexadecimal. */
  readonly root: string;
}

/** Something in the log with what proves it. */
export interface Proven {
  readonly log_index: number;
  /** The cosigned note. */
  readonly checkpoint: string;
  /** Audit path, base64. */
  readonly proof: readonly string[];
}

/** A task as the leader offers it. */
export interface OfferedTask extends Proven {
  readonly config: unknown;
  readonly helper_signature: string;
  readonly logged_at: number;
}

/** A version as the leader offers it. */
export interface OfferedModel extends Proven {
  readonly release: ModelRelease;
  readonly signature: string;
  /** Versions that were taken back. */
  readonly revoked: readonly number[];
}

/** Why a device keeps what it has (section 12). */
export type Distrust = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6' | 'R7';

/** What a check found. */
export type Verified<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly rule: Distrust };

const COSIGNATURE_DAYS = 30;
const refuse = (rule: Distrust): { readonly ok: false; readonly rule: Distrust } => ({ ok: false, rule });

/** R2: the note is signed by the leader and cosigned by the pinned helper within 30 days. @param now epoch ms */
export function verifyCheckpoint(crypto: Primitives, noteText: string, pins: Pins, now: number): Verified<SeenTree> {
  const note = parseNote(noteText);
  if (!note || !isSignedBy(crypto, note, { name: 'examsgraph/leader', publicKey: fromHex(pins.leader_key) })) return refuse('R2');
  const at = cosignedAt(crypto, note, { name: 'examsgraph/helper', publicKey: fromHex(pins.helper_key) });
  if (at === null || now / 1000 - at > COSIGNATURE_DAYS * 86_400) return refuse('R2');
  return { ok: true, value: { size: note.checkpoint.size, root: toHex(note.checkpoint.root) } };
}

/** R3: the new tree continues the one seen before. @param proof consistency proof, base64; empty where sizes are equal */
export function verifyGrowth(before: SeenTree | null, now: SeenTree, proof: readonly string[]): Verified<SeenTree> {
  if (!before) return { ok: true, value: now };
  const isGrown = isConsistent(before.size, fromHex(before.root), now.size, fromHex(now.root), proof.map(fromBase64));
  return isGrown ? { ok: true, value: now } : refuse('R3');
}

function isLogged(entry: LogEntry, { log_index, proof }: Proven, tree: SeenTree): boolean {
  try {
    return isIncluded(leafHash(entryBytes(entry)), log_index, tree.size, proof.map(fromBase64), fromHex(tree.root));
  } catch {
    return false;
  }
}

/**
 * R5: the configuration is sound, in the log, approved by the pinned helper, by the pinned leader, and promises no more than was agreed to.
 *
 * @param consentedEpsilon greatest worst case agreed to; null on a trial, which claims none and is the only place `demo` is allowed
 */
export function verifyTask(
  crypto: Primitives,
  offered: OfferedTask,
  pins: Pins,
  tree: SeenTree,
  consentedEpsilon: number | null,
): Verified<TaskConfig> {
  const read = readConfig(offered.config);
  if (!read.ok) return refuse('R5');
  const config = read.value;
  const { leader, helper } = config;
  if (leader.sign_key !== pins.leader_key || helper.sign_key !== pins.helper_key || leader.release_key !== pins.release_key)
    return refuse('R5');
  const hash = configHash(config);
  const isApproved =
    /^[0-9a-f]{128}$/.test(offered.helper_signature) &&
    crypto.verify(concat(dom('examsgraph/v1/sign/config'), hash), fromHex(offered.helper_signature), fromHex(pins.helper_key));
  if (!isApproved) return refuse('R5');
  const entry: LogEntry = { type: 'config', at: offered.logged_at, config, config_hash: toHex(hash) };
  if (!isLogged(entry, offered, tree)) return refuse('R5');
  if (!keepsPreset(config)) return refuse('R5');
  if (config.preset === 'demo') return consentedEpsilon === null ? { ok: true, value: config } : refuse('R5');
  return consentedEpsilon !== null && capEpsilon(config) > consentedEpsilon ? refuse('R5') : { ok: true, value: config };
}

/** R1, R7 and R4: the release is signed by the pinned key, was not taken back, and is in the log. */
export function verifyRelease(crypto: Primitives, offered: OfferedModel, pins: Pins, tree: SeenTree): Verified<ModelRelease> {
  if (!isReleaseSigned(crypto, offered.release, offered.signature, fromHex(pins.release_key))) return refuse('R1');
  if (offered.revoked.includes(offered.release.version)) return refuse('R7');
  return isLogged(offered.release, offered, tree) ? { ok: true, value: offered.release } : refuse('R4');
}

/** A version's weights, shape [dim] each: what is served, and what devices train from. */
export interface VersionWeights {
  readonly served: Float32Array;
  readonly base: Float32Array;
  /** SHA-256 of the bytes of `base`, hexadecimal. */
  readonly baseSha256: string;
}

/** R6: the file has the released hash and length, and every number in it is finite. */
export function verifyWeights(release: ModelRelease, bytes: Uint8Array, dim: number): Verified<VersionWeights> {
  if (bytes.length !== release.weights_bytes || bytes.length !== 8 * dim || sha256Hex(bytes) !== release.weights_sha256)
    return refuse('R6');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const floats = (from: number) => Float32Array.from({ length: dim }, (_, i) => view.getFloat32(from + 4 * i, true));
  const [served, base] = [floats(0), floats(4 * dim)];
  if (!served.every(Number.isFinite) || !base.every(Number.isFinite)) return refuse('R6');
  return { ok: true, value: { served, base, baseSha256: sha256Hex(bytes.subarray(4 * dim)) } };
}

import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { concat, fromBase64, sameBytes, toBase64 } from '#shared/domain/bytes.ts';
import { utf8 } from './canonical-json.ts';

/** State of the log at one size. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** [32] */
  readonly root: Uint8Array;
}

/** Somebody who signs checkpoints. */
export interface NoteSigner {
  readonly name: string;
  /** Ed25519 seed [32]. */
  readonly seed: Uint8Array;
}

/** Somebody whose signatures are looked for. */
export interface NoteVerifier {
  readonly name: string;
  readonly publicKey: Uint8Array;
}

/** Signature types of C2SP signed notes: the log's own, and a witness's cosignature. */
const TYPE = { log: 0x01, cosignature: 0x04 } as const;

/** The text that is signed (C2SP tlog-checkpoint): origin, size, base64 root, each on a line. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

function noteKeyId(name: string, type: number, publicKey: Uint8Array): Uint8Array {
  return sha256(concat(utf8(name), Uint8Array.of(10, type), publicKey)).subarray(0, 4);
}

const line = (name: string, blob: Uint8Array): string => `\u2014 ${name} ${toBase64(blob)}\n`;

/** The checkpoint as a note signed by the log. */
export function signedNote(crypto: Primitives, checkpoint: Checkpoint, signer: NoteSigner): string {
  const text = checkpointText(checkpoint);
  const id = noteKeyId(signer.name, TYPE.log, crypto.signPublicKey(signer.seed));
  return `${text}\n${line(signer.name, concat(id, crypto.sign(utf8(text), signer.seed)))}`;
}

const cosigned = (text: string, seconds: number): Uint8Array => utf8(`cosignature/v1\ntime ${seconds}\n${text}`);

function bigEndian64(seconds: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(seconds));
  return new Uint8Array(view.buffer);
}

/** A witness's signature line (C2SP tlog-cosignature). @param seconds POSIX time of the cosigning */
export function cosignature(crypto: Primitives, checkpoint: Checkpoint, signer: NoteSigner, seconds: number): string {
  const id = noteKeyId(signer.name, TYPE.cosignature, crypto.signPublicKey(signer.seed));
  const signature = crypto.sign(cosigned(checkpointText(checkpoint), seconds), signer.seed);
  return line(signer.name, concat(id, bigEndian64(seconds), signature));
}

/** A note taken apart. */
export interface Note {
  readonly checkpoint: Checkpoint;
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly blob: Uint8Array }[];
}

/** @returns null unless the text is a checkpoint note */
export function parseNote(note: string): Note | null {
  const cut = note.indexOf('\n\n');
  const text = note.slice(0, cut + 1);
  const found = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  if (cut < 0 || !found) return null;
  const lines = note.slice(cut + 2).split('\n');
  if (lines.pop() !== '') return null;
  try {
    const signatures = lines.map((l) => {
      const parts = /^\u2014 (\S+) (\S+)$/.exec(l);
      if (!parts) throw new RangeError('not a signature line');
      return { name: parts[1] as string, blob: fromBase64(parts[2] as string) };
    });
    return { checkpoint: { origin: found[1] as string, size: Number(found[2]), root: fromBase64(found[3] as string) }, text, signatures };
  } catch {
    return null;
  }
}

/** Whether the log itself signed the note. */
export function isSignedBy(crypto: Primitives, note: Note, { name, publicKey }: NoteVerifier): boolean {
  const id = noteKeyId(name, TYPE.log, publicKey);
  return note.signatures.some(
    (s) => s.name === name && sameBytes(s.blob.subarray(0, 4), id) && crypto.verify(utf8(note.text), s.blob.subarray(4), publicKey),
  );
}

/** When the witness last cosigned the note, POSIX seconds; null if it did not. */
export function cosignedAt(crypto: Primitives, note: Note, { name, publicKey }: NoteVerifier): number | null {
  const id = noteKeyId(name, TYPE.cosignature, publicKey);
  const times = note.signatures.flatMap(({ name: by, blob }) => {
    if (by !== name || blob.length !== 76 || !sameBytes(blob.subarray(0, 4), id)) return [];
    const seconds = Number(new DataView(blob.buffer, blob.byteOffset + 4, 8).getBigUint64(0));
    return crypto.verify(cosigned(note.text, seconds), blob.subarray(12), publicKey) ? [seconds] : [];
  });
  return times.length > 0 ? Math.max(...times) : null;
}

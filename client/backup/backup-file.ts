import * as z from 'zod/mini';
import type { ArtifactBytes } from '#client/ports/experiment-log.ts';
import type { AccountKeys, ContributionRow } from '#client/ports/federation-store.ts';
import { keyFromPassphrase, openSecret, PASSPHRASE_COST, PASSPHRASE_MOST, sealSecret } from '#shared/crypto/passphrase.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { concat, fromBase64, fromHex, toBase64, toHex } from '#shared/domain/bytes.ts';
import { fail, type Result, succeed } from '#shared/domain/result.ts';
import type { Pack } from '#shared/packs/schema.ts';
import { validatePack } from '#shared/packs/validate.ts';
import { type LogEvent, parseEvent } from '#shared/tracking/event.ts';

/** What is kept in no backup without a passphrase. The keys of the device itself are never copied. */
export interface Secrets {
  readonly account: Pick<AccountKeys, 'accountSeed' | 'tagSecret'> | null;
  /** The personal budget ledger. */
  readonly ledger: readonly ContributionRow[];
}

/** All a backup holds. */
export interface BackupContent {
  readonly events: readonly LogEvent[];
  readonly artifacts: readonly ArtifactBytes[];
  /** Packs the app cannot fetch again. */
  readonly packs: readonly Pack[];
  /** Null in a backup without a passphrase. */
  readonly secrets: Secrets | null;
}

/** Why a file is no backup that can be read. */
export type BackupFault = 'not-a-backup' | 'newer' | 'damaged' | 'passphrase-needed' | 'wrong-passphrase';

const hex = (n: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${n}}$`)));
const count = z.number().check(z.int(), z.gte(0));
const cost = (most: number) => z.number().check(z.int(), z.gte(1), z.lte(most));
const headerSchema = z.object({
  format: z.literal('examsgraph-backup'),
  version: z.number(),
  created_at: z.number(),
  counts: z.object({ events: count, answers: count, artifacts: count }),
  /** Of the bytes after this line. */
  sha256: hex(64),
  sealed: z.nullable(
    z.object({
      kdf: z.literal('argon2id'),
      t: cost(PASSPHRASE_MOST.t),
      m: cost(PASSPHRASE_MOST.m),
      p: cost(PASSPHRASE_MOST.p),
      salt: hex(32),
      nonce: hex(48),
    }),
  ),
});
const ledgerRow = z.looseObject({
  report_id: z.string().check(z.minLength(1)),
  task_id: z.string(),
  budget_family: z.string(),
  config_hash: z.string(),
  sealed_slot: z.number(),
  landed_slot: z.nullable(z.number()),
  sigma: z.number().check(z.gt(0)),
  band: z.number().check(z.gte(1)),
  status: z.string(),
  sealedAt: z.number(),
});
const bodySchema = z.object({
  events: z.array(z.unknown()),
  artifacts: z.array(z.object({ run_id: z.string(), path: z.string(), base64: z.string() })),
  packs: z.array(z.unknown()),
  secrets: z.nullable(
    z.object({ account: z.nullable(z.object({ accountSeed: hex(64), tagSecret: hex(64) })), ledger: z.array(ledgerRow) }),
  ),
});

/** First line of a backup: what it is, in plain text. */
export type BackupHeader = z.infer<typeof headerSchema>;

/** Version of the file this code writes, and the highest it reads. */
export const BACKUP_VERSION = 1;

const MOST_UNPACKED = 400e6;
const MOST_RATIO = 200;

const utf8 = (message: string): Uint8Array => new TextEncoder().encode(message);
const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

/** All that comes out of a stream when bytes are put in. @throws Error once more than `most` bytes have come */
async function piped(bytes: Uint8Array, through: CompressionStream | DecompressionStream, most: number): Promise<Uint8Array> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(through).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > most) {
      await reader.cancel();
      throw new Error('unpacks to too much');
    }
    parts.push(part.value);
  }
  return concat(...parts);
}

/** With which passphrase, and with which random bytes [40]: salt, then nonce. */
export interface Sealing {
  readonly passphrase: string;
  readonly random: Uint8Array;
  readonly onProgress: (share: number) => void;
}

/**
 * Write a backup: one line of JSON, then the gzipped content, sealed if a passphrase is given.
 *
 * @param createdAt epoch ms
 * @throws RangeError if there are secrets and no passphrase (a bug: nothing is written)
 */
export async function writeBackup(content: BackupContent, createdAt: number, sealing: Sealing | null): Promise<Uint8Array> {
  if (content.secrets && !sealing) throw new RangeError('secrets are never written without a passphrase');
  const body = {
    events: content.events,
    artifacts: content.artifacts.map(({ run_id, path, bytes }) => ({ run_id, path, base64: toBase64(bytes) })),
    packs: content.packs,
    secrets: content.secrets,
  };
  const packed = await piped(utf8(JSON.stringify(body)), new CompressionStream('gzip'), Number.POSITIVE_INFINITY);
  const [salt, nonce] = [sealing?.random.subarray(0, 16), sealing?.random.subarray(16, 40)];
  let bytes: Uint8Array = packed;
  if (sealing && salt && nonce) {
    const key = await keyFromPassphrase(sealing.passphrase, salt, PASSPHRASE_COST, sealing.onProgress);
    bytes = sealSecret(packed, nonce, key);
  }
  const answers = content.events.filter((e) => e.kind === 'answer.recorded').length;
  const header: BackupHeader = {
    format: 'examsgraph-backup',
    version: BACKUP_VERSION,
    created_at: createdAt,
    counts: { events: content.events.length, answers, artifacts: content.artifacts.length },
    sha256: sha256Hex(bytes),
    sealed: salt && nonce ? { kdf: 'argon2id', ...PASSPHRASE_COST, salt: toHex(salt), nonce: toHex(nonce) } : null,
  };
  return concat(utf8(`${JSON.stringify(header)}\n`), bytes);
}

/** What a file says it is; its bytes are checked against the header. */
export function readBackupHeader(file: Uint8Array): Result<BackupHeader, BackupFault> {
  const end = file.subarray(0, 4096).indexOf(10);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text(file.subarray(0, Math.max(0, end))));
  } catch {
    return fail('not-a-backup');
  }
  const { format, version } = (parsed ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format !== 'examsgraph-backup') return fail('not-a-backup');
  if (typeof version === 'number' && version > BACKUP_VERSION) return fail('newer');
  const header = headerSchema.safeParse(parsed);
  if (!header.success || sha256Hex(file.subarray(end + 1)) !== header.data.sha256) return fail('damaged');
  return succeed(header.data);
}

/** @throws Error if it breaks a rule of packs */
function packOf(value: unknown): Pack {
  const { manifest, items } = value as { readonly manifest?: unknown; readonly items?: readonly unknown[] };
  const pack = validatePack(JSON.stringify(manifest), (items ?? []).map((item) => JSON.stringify(item)).join('\n'));
  if (!pack.ok) throw new Error('not a pack');
  return pack.value;
}

async function unpack(packed: Uint8Array): Promise<Result<BackupContent, BackupFault>> {
  const most = Math.min(MOST_UNPACKED, MOST_RATIO * packed.length);
  try {
    const body = bodySchema.parse(JSON.parse(text(await piped(packed, new DecompressionStream('gzip'), most))));
    return succeed({
      events: body.events.map(parseEvent),
      artifacts: body.artifacts.map(({ run_id, path, base64 }) => ({ run_id, path, bytes: fromBase64(base64) })),
      packs: body.packs.map(packOf),
      secrets: body.secrets as Secrets | null,
    });
  } catch {
    return fail('damaged');
  }
}

/** Read a backup. @param passphrase null where none was given @param onProgress share of the key's derivation, 0–1 */
export async function readBackup(
  file: Uint8Array,
  passphrase: string | null,
  onProgress: (share: number) => void = () => undefined,
): Promise<Result<BackupContent, BackupFault>> {
  const header = readBackupHeader(file);
  if (!header.ok) return header;
  const bytes = file.slice(file.indexOf(10) + 1);
  const { sealed } = header.value;
  if (!sealed) return unpack(bytes);
  if (passphrase === null) return fail('passphrase-needed');
  const key = await keyFromPassphrase(passphrase, fromHex(sealed.salt), sealed, onProgress);
  const packed = openSecret(bytes, fromHex(sealed.nonce), key);
  return packed ? unpack(packed) : fail('wrong-passphrase');
}

import { entryBytes, type LogEntry } from '#shared/aggregation/log-entry.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import { canonicalJson, type Json } from '#shared/transparency/canonical-json.ts';
import { signedNote } from '#shared/transparency/checkpoint.ts';
import { consistencyProof, inclusionProof, leafHash, rootOf } from '#shared/transparency/merkle.ts';
import type { Database, Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import type { TransparencyLog } from '../ports/transparency-log.ts';

/** The helper, as the log needs it. */
export interface Witness {
  size(): Promise<number>;
  /** The cosignature line for a note, shown the entries from `from` on. */
  cosign(note: string, from: number, entries: readonly string[]): Promise<string>;
}

/** The log with all that is read from it. */
export interface OpenLog extends TransparencyLog {
  /** Sign a checkpoint of what is there, have it cosigned, and keep it. @returns the newest cosigned note, or null before the first */
  publish(): Promise<string | null>;
  /** The newest cosigned note. */
  checkpoint(): Promise<string | null>;
  inclusion(index: number, size: number): Promise<readonly Uint8Array[]>;
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** Texts of the entries in [from, to). */
  entries(from: number, to: number): Promise<readonly string[]>;
}

/** Who the log's origin is. */
export const LOG_ORIGIN = 'examsgraph/log/v1';
/** A checkpoint is cosigned anew after this long, so that devices never meet a stale one. */
const RENEW_MS = 86_400_000;
/** Name under which the leader signs checkpoints. */
export const LEADER_NAME = 'examsgraph/leader';

async function hold(sql: Sql): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', ['transparency log']);
}

async function append(sql: Sql, entry: LogEntry): Promise<number> {
  await hold(sql);
  const [row] = await sql.query<{ n: string }>('SELECT coalesce(max(idx) + 1, 0) AS n FROM log_leaf');
  const index = Number(row?.n ?? 0);
  await sql.query('INSERT INTO log_leaf (idx, entry, leaf_hash) VALUES ($1, $2, $3)', [
    index,
    canonicalJson(entry as unknown as Json),
    leafHash(entryBytes(entry)),
  ]);
  return index;
}

/** The installation's log. @param signSeed the leader's Ed25519 seed */
export function openLog(db: Database, crypto: Primitives, now: () => number, signSeed: Uint8Array, witness: Witness): OpenLog {
  const leaves: Uint8Array[] = [];
  const load = async (size: number): Promise<readonly Uint8Array[]> => {
    if (leaves.length < size) {
      const rows = await db.query<{ idx: string; leaf_hash: Buffer }>('SELECT idx, leaf_hash FROM log_leaf WHERE idx >= $1 ORDER BY idx', [
        leaves.length,
      ]);
      for (const { idx, leaf_hash } of rows) if (Number(idx) === leaves.length) leaves.push(new Uint8Array(leaf_hash));
    }
    if (leaves.length < size) throw new Refusal(404, 'no-entry', 'The log has no such entry.');
    return leaves.slice(0, size);
  };
  const size = async (): Promise<number> => Number((await db.query<{ n: string }>('SELECT count(*) AS n FROM log_leaf'))[0]?.n ?? 0);
  const entries = async (from: number, to: number): Promise<readonly string[]> =>
    (await db.query<{ entry: string }>('SELECT entry FROM log_leaf WHERE idx >= $1 AND idx < $2 ORDER BY idx', [from, to])).map(
      (r) => r.entry,
    );
  const checkpoint = async (): Promise<string | null> =>
    (await db.query<{ note: string }>('SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1'))[0]?.note ?? null;
  let publishing: Promise<string | null> | null = null;
  async function publishNow(): Promise<string | null> {
    const n = await size();
    const [known] = await db.query<{ note: string }>('SELECT note FROM checkpoints WHERE size = $1 AND cosigned_at > $2', [
      n,
      now() - RENEW_MS,
    ]);
    if (n === 0) return null;
    if (known && (await witness.size()) >= n) return known.note;
    const note = signedNote(crypto, { origin: LOG_ORIGIN, size: n, root: rootOf(await load(n)) }, { name: LEADER_NAME, seed: signSeed });
    const from = await witness.size();
    const line = await witness.cosign(note, from, await entries(from, n));
    await db.query(
      'INSERT INTO checkpoints (size, note, cosigned_at) VALUES ($1, $2, $3) ON CONFLICT (size) DO UPDATE SET note = $2, cosigned_at = $3',
      [n, note + line, now()],
    );
    return checkpoint();
  }
  return {
    hold,
    append,
    entries,
    checkpoint,
    publish() {
      // One at a time: whoever asks meanwhile gets the same answer.
      publishing ??= publishNow().finally(() => {
        publishing = null;
      });
      return publishing;
    },
    async inclusion(index, of) {
      if (!(Number.isInteger(index) && index >= 0 && index < of)) throw new Refusal(404, 'no-entry', 'The log has no such entry.');
      return inclusionProof(await load(of), index);
    },
    async consistency(from, to) {
      if (!(Number.isInteger(from) && from >= 0 && from <= to)) throw new Refusal(404, 'no-entry', 'The log never had that size.');
      return consistencyProof(await load(to), from);
    },
  };
}

import { readEntry } from '#shared/aggregation/log-entry.ts';
import { fromHex, toHex } from '#shared/domain/bytes.ts';
import { utf8 } from '#shared/transparency/canonical-json.ts';
import { cosignature, isSignedBy, parseNote } from '#shared/transparency/checkpoint.ts';
import { leafHash, rootOf } from '#shared/transparency/merkle.ts';
import type { Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { HELPER_NAME, type HelperPorts } from './helper.ts';

const inconsistent = (message: string): Refusal => new Refusal(409, 'inconsistent', message);

/** Whether a logged release is one this helper answered, word for word. Null if it never did. */
async function agrees(sql: Sql, text: string): Promise<boolean | null> {
  const entry = readEntry(JSON.parse(text));
  if (entry?.type === 'config') {
    const rows = await sql.query('SELECT 1 FROM approved_configs WHERE config_hash = $1', [fromHex(entry.config_hash)]);
    return rows.length > 0;
  }
  if (entry?.type !== 'flush') return true;
  const [own] = await sql.query<{ k: number; config_hash: Buffer; set_root: Buffer; response_sha256: Buffer }>(
    'SELECT k, config_hash, set_root, response_sha256 FROM answered WHERE task_id = $1 AND t = $2',
    [fromHex(entry.task_id), entry.t],
  );
  if (!own) return null;
  return (
    own.k === entry.k &&
    toHex(own.config_hash) === entry.config_hash &&
    toHex(own.set_root) === entry.set_root &&
    toHex(own.response_sha256) === entry.response_sha256
  );
}

async function markRewound(ports: HelperPorts, text: string): Promise<void> {
  const entry = readEntry(JSON.parse(text));
  if (entry?.type !== 'flush') return;
  await ports.db.query('INSERT INTO rewound (task_id, logged_t) VALUES ($1, $2) ON CONFLICT DO NOTHING', [fromHex(entry.task_id), entry.t]);
}

/**
 * Cosign a checkpoint: the leader signed it, it continues the log seen so far, and every release in it is one this helper answered.
 *
 * @param entries texts of the entries after the last cosigned size
 * @returns the cosignature line
 * @throws Refusal 409 `inconsistent`; nothing is stored then
 */
export async function witness(ports: HelperPorts, noteText: string, from: number, entries: readonly string[]): Promise<string> {
  const note = parseNote(noteText);
  if (!note || !isSignedBy(ports.crypto, note, { name: 'examsgraph/leader', publicKey: ports.leaderKey })) {
    throw new Refusal(403, 'signature', 'The leader did not sign this checkpoint.');
  }
  const { size, root } = note.checkpoint;
  await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', ['witness']);
    const known = await sql.query<{ leaf_hash: Buffer }>('SELECT leaf_hash FROM witnessed ORDER BY idx');
    if (size < known.length) throw inconsistent(`The log has ${size} entries, ${known.length} were cosigned.`);
    if (from > known.length) throw new Refusal(409, 'gap', 'Entries before these were never shown.', { size: known.length });
    const fresh = entries.slice(known.length - from);
    const leaves = [...known.map((r) => new Uint8Array(r.leaf_hash)), ...fresh.map((text) => leafHash(utf8(text)))];
    if (leaves.length !== size || toHex(rootOf(leaves)) !== toHex(root)) throw inconsistent('The entries do not lead to this root.');
    for (const text of fresh) {
      const isAgreed = await agrees(sql, text);
      if (isAgreed === null) await markRewound(ports, text);
      if (!isAgreed) throw inconsistent('A release in the log is not as this helper answered it.');
    }
    for (const [i, leaf] of leaves.slice(known.length).entries()) {
      await sql.query('INSERT INTO witnessed (idx, leaf_hash) VALUES ($1, $2)', [known.length + i, leaf]);
    }
    await sql.query('INSERT INTO cosigned (size, root, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [size, root, ports.now()]);
  });
  const signer = { name: HELPER_NAME, seed: ports.signSeed };
  return cosignature(ports.crypto, note.checkpoint, signer, Math.floor(ports.now() / 1000));
}

/** How many entries were cosigned; where a leader goes on from. */
export async function cosignedSize({ db }: HelperPorts): Promise<number> {
  const [row] = await db.query<{ n: string }>('SELECT count(*) AS n FROM witnessed');
  return Number(row?.n ?? 0);
}

import * as z from 'zod/mini';
import { toHex } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Database } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import type { TransparencyLog } from '../ports/transparency-log.ts';

/** What a learner agreed to, or took back; section 15. */
const record = z.strictObject({
  /** Each purpose is agreed to by itself. */
  purposes: z.union([z.strictObject({ training: z.boolean() }), z.strictObject({ analytics: z.boolean() })]),
  text_sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  text_version: z.string().check(z.maxLength(20)),
  language: z.string().check(z.maxLength(10)),
  epsilon_cap: z.nullable(z.number().check(z.gte(0))),
  age_band: z.enum(['14-15', '16+']),
  at: z.number().check(z.int(), z.gte(0)),
});

/** Keep a signed consent record. @throws Refusal 422 */
export async function recordConsent(db: Database, accountId: Uint8Array, value: unknown, now: number): Promise<void> {
  const parsed = record.safeParse(value);
  if (!parsed.success) throw new Refusal(422, 'malformed', parsed.error.issues.map((i) => i.path.join('.')).join(', '));
  await db.query('INSERT INTO consents (account_id, record, at) VALUES ($1, $2, $3)', [accountId, JSON.stringify(parsed.data), now]);
}

/**
 * Erase an account: devices, consents and reports that are not yet part of a sum; what landed keeps only what limits need. Released
 * sums cannot be recalled.
 *
 * @returns the reference, which stands in the log
 */
export async function requestErasure(db: Database, log: TransparencyLog, rng: Rng, accountId: Uint8Array, now: number): Promise<string> {
  const reference = toHex(new Uint8Array(Uint32Array.from({ length: 4 }, rng).buffer));
  await db.transaction(async (sql) => {
    await sql.query("UPDATE reports SET state = 'erased', leader_box = NULL, helper_box = NULL WHERE account_id = $1 AND state = 'held'", [
      accountId,
    ]);
    await sql.query("UPDATE reports SET taken_back = true WHERE account_id = $1 AND state = 'frozen'", [accountId]);
    await sql.query('DELETE FROM consents WHERE account_id = $1', [accountId]);
    await sql.query('DELETE FROM devices WHERE account_id = $1', [accountId]);
    await sql.query('INSERT INTO erasures (reference, account_id, requested_at, done_at) VALUES ($1, $2, $3, $3)', [
      reference,
      accountId,
      now,
    ]);
    await log.append(sql, { type: 'erasure', at: now, reference });
  });
  return reference;
}

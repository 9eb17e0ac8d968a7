import type { Sql } from '../ports/database.ts';

/** For how long a key means the run it has made. */
const IDEMPOTENCY_MS = 86_400_000;

/** Forget the keys that mean nothing any more. */
export async function forgetKeys(sql: Sql, at: number): Promise<void> {
  await sql.query('DELETE FROM idempotency_keys WHERE at < $1', [at - IDEMPOTENCY_MS]);
}

/** The run an earlier request with the same key has made; the key is taken in the same transaction as the run. @returns null if there is none */
export async function madeBefore(sql: Sql, caller: string, key: string, runId: string, at: number): Promise<string | null> {
  await sql.query('DELETE FROM idempotency_keys WHERE caller = $1 AND key = $2 AND at < $3', [caller, key, at - IDEMPOTENCY_MS]);
  const mine = await sql.query(
    'INSERT INTO idempotency_keys (caller, key, run_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1',
    [caller, key, runId, at],
  );
  if (mine.length > 0) return null;
  const [row] = await sql.query<{ run_id: string }>('SELECT run_id FROM idempotency_keys WHERE caller = $1 AND key = $2', [caller, key]);
  return row?.run_id ?? null;
}

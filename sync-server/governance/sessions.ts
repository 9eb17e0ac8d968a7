import { fromBase64Url, toBase64Url } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Database, Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { hashOf, random } from './secrets.ts';

/** Roles of staff. */
export type StaffRole = 'admin' | 'auditor' | 'analyst';

/** Somebody signed in. */
export interface StaffMember {
  readonly staffId: string;
  readonly name: string;
  readonly role: StaffRole;
}

/** What signing in needs. */
export interface StaffPorts {
  readonly db: Database;
  readonly now: () => number;
  /** Cryptographic. */
  readonly rng: Rng;
}

const IDLE_MS = 30 * 60_000;
const ABSOLUTE_MS = 12 * 3_600_000;

/** Begin a session, in the caller's transaction. @returns the token, which only its hash is kept of */
export async function newSession({ rng, now }: StaffPorts, sql: Sql, staffId: string): Promise<string> {
  const token = toBase64Url(random(rng, 32));
  await sql.query('INSERT INTO sessions (token_hash, staff_id, created_at, seen_at) VALUES ($1, $2, $3, $3)', [
    hashOf(token),
    staffId,
    now(),
  ]);
  await sql.query('UPDATE staff SET seen_at = $2 WHERE staff_id = $1', [staffId, now()]);
  return token;
}

/** Who a session belongs to; it is kept alive by use, 30 minutes idle, 12 hours at most. @throws Refusal 401 */
export async function memberOf({ db, now }: StaffPorts, token: string | undefined): Promise<StaffMember> {
  const rows = token
    ? await db.query<{ staff_id: string; name: string; role: StaffRole }>(
        `UPDATE sessions SET seen_at = $2 FROM staff s WHERE token_hash = $1 AND s.staff_id = sessions.staff_id AND NOT s.is_removed
         AND sessions.seen_at > $3 AND sessions.created_at > $4 RETURNING s.staff_id, s.name, s.role`,
        [hashOf(token), now(), now() - IDLE_MS, now() - ABSOLUTE_MS],
      )
    : [];
  const [row] = rows;
  if (!row) throw new Refusal(401, 'session', 'Sign in first.');
  return { staffId: row.staff_id, name: row.name, role: row.role };
}

/** End a session. */
export async function signOut({ db }: StaffPorts, token: string): Promise<void> {
  await db.query('DELETE FROM sessions WHERE token_hash = $1', [hashOf(token)]);
}

/** Write down who did what. */
export async function logStaff(
  sql: Sql,
  at: number,
  who: Pick<StaffMember, 'staffId' | 'role'> | null,
  action: string,
  target: string | null,
  reason: string | null,
): Promise<void> {
  await sql.query('INSERT INTO staff_log (at, staff_id, role, action, target, reason) VALUES ($1, $2, $3, $4, $5, $6)', [
    at,
    who?.staffId ?? null,
    who?.role ?? null,
    action,
    target,
    reason,
  ]);
}

/** Decodes a session cookie's value; undefined where there is none or it is malformed. */
export function sessionCookie(header: string | undefined): string | undefined {
  const found = /(?:^|;\s*)__Host-eg_session=([A-Za-z0-9_-]{43})(?:;|$)/.exec(header ?? '')?.[1];
  try {
    return found && fromBase64Url(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

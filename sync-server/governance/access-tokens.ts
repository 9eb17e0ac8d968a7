import { toBase64Url } from '#shared/domain/bytes.ts';
import type { TokenWanted } from '#shared/tracking/token-wanted.ts';
import { hashOf, random } from './secrets.ts';
import { logStaff, type StaffMember, type StaffPorts, type StaffRole } from './sessions.ts';

/** A token as its page shows it; the token itself is shown once, when it is made. */
export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly role: StaffRole;
  readonly owner: string;
  /** Epoch ms; null until it is first used. */
  readonly usedAt: number | null;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly isReadOnly: boolean;
}

const DAY_MS = 86_400_000;

const PREFIX = 'egt_';

/** Whether a text could be a token: nobody is asked about any other. */
const isToken = (text: string): boolean => /^egt_[\w-]{43}$/.test(text);

/** Make a token for a member of staff: 256 random bits, of which only the hash is kept. @returns the token, this once */
export async function newToken(ports: StaffPorts, member: StaffMember, { name, days, isReadOnly }: TokenWanted): Promise<string> {
  const { db, rng, now } = ports;
  const token = `${PREFIX}${toBase64Url(random(rng, 32))}`;
  await db.transaction(async (sql) => {
    await sql.query(
      `INSERT INTO access_tokens (token_hash, token_id, staff_id, name, created_at, expires_at, is_read_only)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [hashOf(token), toBase64Url(random(rng, 12)), member.staffId, name, now(), now() + days * DAY_MS, isReadOnly],
    );
    await logStaff(sql, now(), member, 'token', name, null);
  });
  return token;
}

/** End a token of one's own; an admin may end any. @returns whether there was one */
export async function revokeToken(ports: StaffPorts, member: StaffMember, id: string): Promise<boolean> {
  const { db, now } = ports;
  return db.transaction(async (sql) => {
    const ended = await sql.query<{ name: string }>(
      'UPDATE access_tokens SET revoked_at = $2 WHERE token_id = $1 AND revoked_at IS NULL AND ($3 OR staff_id = $4) RETURNING name',
      [id, now(), member.role === 'admin', member.staffId],
    );
    if (!ended[0]) return false;
    await logStaff(sql, now(), member, 'token-revoked', ended[0].name, null);
    return true;
  });
}

/** Tokens that count: one's own, or for an admin everybody's. */
export async function tokensOf({ db, now }: StaffPorts, member: StaffMember): Promise<readonly TokenView[]> {
  interface Row {
    readonly id: string;
    readonly name: string;
    readonly role: StaffRole;
    readonly owner: string;
    readonly used_at: string | null;
    readonly created_at: string;
    readonly expires_at: string;
    readonly is_read_only: boolean;
  }
  const rows = await db.query<Row>(
    `SELECT t.token_id AS id, t.name, s.role, s.name AS owner, t.used_at, t.created_at, t.expires_at, t.is_read_only
     FROM access_tokens t JOIN staff s USING (staff_id)
     WHERE t.revoked_at IS NULL AND t.expires_at > $3 AND NOT s.is_removed AND ($1 OR t.staff_id = $2) ORDER BY t.created_at DESC`,
    [member.role === 'admin', member.staffId, now()],
  );
  return rows.map((r) => ({
    id: r.id,
    name: r.name,
    role: r.role,
    owner: r.owner,
    usedAt: r.used_at === null ? null : Number(r.used_at),
    createdAt: Number(r.created_at),
    expiresAt: Number(r.expires_at),
    isReadOnly: r.is_read_only,
  }));
}

const USED_EVERY_MS = 60_000;

/** Whose token it is, and whether it may only read; null if it counts for nothing. When it was used is noted once a minute. */
export async function ownerOfToken(
  { db, now }: StaffPorts,
  token: string,
): Promise<(StaffMember & { readonly isReadOnly: boolean }) | null> {
  if (!isToken(token)) return null;
  const [row] = await db.query<{ staff_id: string; name: string; role: StaffRole; used_at: string | null; is_read_only: boolean }>(
    `SELECT s.staff_id, s.name, s.role, t.used_at, t.is_read_only FROM access_tokens t JOIN staff s USING (staff_id)
     WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > $2 AND NOT s.is_removed`,
    [hashOf(token), now()],
  );
  if (!row) return null;
  if (now() - Number(row.used_at ?? 0) > USED_EVERY_MS)
    await db.query('UPDATE access_tokens SET used_at = $2 WHERE token_hash = $1', [hashOf(token), now()]);
  return { staffId: row.staff_id, name: row.name, role: row.role, isReadOnly: row.is_read_only };
}

import { hash as argon2, verify as argon2Verify } from '@node-rs/argon2';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { toBase64Url, toHex } from '#shared/domain/bytes.ts';
import type { Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';
import { bare, hashOf, newCode, random } from './secrets.ts';
import { logStaff, newSession, type StaffMember, type StaffPorts, type StaffRole } from './sessions.ts';

/** Fetched by the first ceremony: it is a third of what a start of the leader loads. */
const passkeys = () => import('@simplewebauthn/server');

/** The site a passkey belongs to. */
export interface Site {
  /** Host name. */
  readonly id: string;
  readonly origin: string;
}

const CODE_MS = 24 * 3_600_000;
const INVITE_MS = 72 * 3_600_000;
const CEREMONY_MS = 5 * 60_000;
const RECOVERY_CODES = 10;
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/**
 * The code that makes the first admin: new at every start until it is used, only its hash is kept.
 *
 * @returns null once there is an admin
 */
export async function setupCode({ db, now, rng }: StaffPorts): Promise<string | null> {
  const admins = await db.query("SELECT 1 FROM staff WHERE role = 'admin' AND NOT is_removed LIMIT 1");
  if (admins.length > 0) return null;
  const code = newCode(rng);
  await db.query(
    `INSERT INTO setup_codes (code_hash, expires_at) VALUES ($1, $2)
     ON CONFLICT (only_row) DO UPDATE SET code_hash = $1, expires_at = $2, used_at = NULL`,
    [hashOf(bare(code)), now() + CODE_MS],
  );
  return code;
}

/** A single-use link for a further member. @returns the secret part of the link */
export async function invite({ db, now, rng }: StaffPorts, by: StaffMember, role: StaffRole, name: string): Promise<string> {
  const token = toBase64Url(random(rng, 32));
  await db.query('INSERT INTO invites (token_hash, role, name, invited_by, expires_at) VALUES ($1, $2, $3, $4, $5)', [
    hashOf(token),
    role,
    name,
    by.staffId,
    now() + INVITE_MS,
  ]);
  return token;
}

/** What a set-up code or an invite allows. */
interface Grant {
  readonly kind: 'setup' | 'invite';
  readonly role: StaffRole;
  readonly name: string;
  readonly hash: Uint8Array;
}

async function readGrant(sql: Sql, now: number, secret: string): Promise<Grant> {
  const code = hashOf(bare(secret));
  const [setup] = await sql.query('SELECT 1 FROM setup_codes WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2', [code, now]);
  if (setup) return { kind: 'setup', role: 'admin', name: 'Admin', hash: code };
  const [row] = await sql.query<{ role: StaffRole; name: string }>(
    'SELECT role, name FROM invites WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2',
    [hashOf(secret), now],
  );
  if (row) return { kind: 'invite', role: row.role, name: row.name, hash: hashOf(secret) };
  throw new Refusal(401, 'grant', 'This code or link was used, is unknown or too old.');
}

async function spendGrant(sql: Sql, now: number, hash: Uint8Array): Promise<Omit<Grant, 'hash'>> {
  const setup = await sql.query(
    'UPDATE setup_codes SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING 1',
    [hash, now],
  );
  if (setup.length > 0) return { kind: 'setup', role: 'admin', name: 'Admin' };
  const [row] = await sql.query<{ role: StaffRole; name: string }>(
    'UPDATE invites SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING role, name',
    [hash, now],
  );
  if (!row) throw new Refusal(401, 'grant', 'This code or link was used, is unknown or too old.');
  return { kind: 'invite', ...row };
}

async function beginCeremony(
  { db, now, rng }: StaffPorts,
  challenge: string,
  grantHash: Uint8Array | null,
  staffId: string | null,
): Promise<string> {
  const id = toHex(random(rng, 16));
  await db.query('DELETE FROM ceremonies WHERE expires_at < $1', [now()]);
  await db.query('INSERT INTO ceremonies (id, challenge, grant_hash, staff_id, expires_at) VALUES ($1, $2, $3, $4, $5)', [
    id,
    challenge,
    grantHash,
    staffId,
    now() + CEREMONY_MS,
  ]);
  return id;
}

interface Ceremony {
  readonly challenge: string;
  readonly grant_hash: Buffer | null;
  readonly staff_id: string | null;
}

async function endCeremony(sql: Sql, id: unknown, now: number): Promise<Ceremony> {
  const rows =
    typeof id === 'string'
      ? await sql.query<Ceremony>('DELETE FROM ceremonies WHERE id = $1 AND expires_at > $2 RETURNING challenge, grant_hash, staff_id', [
          id,
          now,
        ])
      : [];
  if (!rows[0]) throw new Refusal(401, 'ceremony', 'That took too long, or was done already. Begin again.');
  return rows[0];
}

/** First step of joining: a code or link opens the making of a passkey; it is not used up yet. */
export async function beginJoining(ports: StaffPorts, site: Site, secret: string) {
  const { generateRegistrationOptions } = await passkeys();
  const grant = await readGrant(ports.db, ports.now(), secret);
  const staffId = toHex(random(ports.rng, 16));
  const options = await generateRegistrationOptions({
    rpName: 'ExamsGraph',
    rpID: site.id,
    userName: grant.name,
    userID: new Uint8Array(Buffer.from(staffId, 'hex')),
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  });
  const ceremony = await beginCeremony(ports, options.challenge, grant.hash, staffId);
  return { ceremony, options, role: grant.role, name: grant.name };
}

async function newRecoveryCodes({ rng }: StaffPorts, sql: Sql, staffId: string): Promise<readonly string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => newCode(rng));
  for (const code of codes) {
    await sql.query('INSERT INTO recovery_codes (staff_id, code_hash) VALUES ($1, $2)', [staffId, await argon2(bare(code), ARGON2)]);
  }
  return codes;
}

/** Last step of joining: the passkey is checked, the code or link used up, the member made; all or nothing. */
export async function finishJoining(ports: StaffPorts, site: Site, ceremonyId: unknown, response: unknown) {
  const { verifyRegistrationResponse } = await passkeys();
  return ports.db.transaction(async (sql) => {
    const { challenge, grant_hash, staff_id } = await endCeremony(sql, ceremonyId, ports.now());
    if (!grant_hash || !staff_id) throw new Refusal(401, 'ceremony', 'This was begun for something else.');
    const verified = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.id,
      requireUserVerification: false,
    }).catch(() => null);
    if (!verified?.verified) throw new Refusal(401, 'passkey', 'The passkey could not be verified.');
    const { role, name } = await spendGrant(sql, ports.now(), grant_hash);
    const { credential } = verified.registrationInfo;
    await sql.query('INSERT INTO staff (staff_id, name, role, created_at) VALUES ($1, $2, $3, $4)', [staff_id, name, role, ports.now()]);
    await sql.query('INSERT INTO passkeys (credential_id, staff_id, public_key, counter, transports) VALUES ($1, $2, $3, $4, $5)', [
      credential.id,
      staff_id,
      Buffer.from(credential.publicKey),
      credential.counter,
      (credential.transports ?? []).join(','),
    ]);
    const codes = await newRecoveryCodes(ports, sql, staff_id);
    await logStaff(sql, ports.now(), { staffId: staff_id, role }, 'joined', null, null);
    return { token: await newSession(ports, sql, staff_id), codes, member: { staffId: staff_id, name, role } };
  });
}

/** First step of signing in; the passkey itself says who it is. */
export async function beginSignIn(ports: StaffPorts, site: Site) {
  const { generateAuthenticationOptions } = await passkeys();
  const options = await generateAuthenticationOptions({ rpID: site.id, userVerification: 'preferred' });
  return { ceremony: await beginCeremony(ports, options.challenge, null, null), options };
}

/** Last step of signing in: a fresh session. @throws Refusal 401 */
export async function finishSignIn(ports: StaffPorts, site: Site, ceremonyId: unknown, response: unknown): Promise<string> {
  const { verifyAuthenticationResponse } = await passkeys();
  return ports.db.transaction(async (sql) => {
    const { challenge } = await endCeremony(sql, ceremonyId, ports.now());
    const id = (response as { id?: unknown } | null)?.id;
    const [key] = await sql.query<{ staff_id: string; public_key: Buffer; counter: string }>(
      'SELECT p.staff_id, p.public_key, p.counter FROM passkeys p JOIN staff s USING (staff_id) WHERE p.credential_id = $1 AND NOT s.is_removed FOR UPDATE OF p',
      [String(id)],
    );
    const verified = key
      ? await verifyAuthenticationResponse({
          response: response as AuthenticationResponseJSON,
          expectedChallenge: challenge,
          expectedOrigin: site.origin,
          expectedRPID: site.id,
          credential: { id: String(id), publicKey: new Uint8Array(key.public_key), counter: Number(key.counter) },
          requireUserVerification: false,
        }).catch(() => null)
      : null;
    if (!key || !verified?.verified) throw new Refusal(401, 'passkey', 'This passkey is not known here.');
    await sql.query('UPDATE passkeys SET counter = $2 WHERE credential_id = $1', [String(id), verified.authenticationInfo.newCounter]);
    return newSession(ports, sql, key.staff_id);
  });
}

/** Sign in by a recovery code, which is used up. @throws Refusal 401 */
export async function signInByCode(ports: StaffPorts, staffId: string, code: string): Promise<string> {
  const rows = await ports.db.query<{ code_hash: string }>(
    'SELECT r.code_hash FROM recovery_codes r JOIN staff s USING (staff_id) WHERE r.staff_id = $1 AND r.used_at IS NULL AND NOT s.is_removed',
    [staffId],
  );
  for (const { code_hash } of rows) {
    if (!(await argon2Verify(code_hash, bare(code)))) continue;
    return ports.db.transaction(async (sql) => {
      const used = await sql.query(
        'UPDATE recovery_codes SET used_at = $3 WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING 1',
        [staffId, code_hash, ports.now()],
      );
      if (used.length === 0) throw new Refusal(401, 'code', 'This code is not known here.');
      return newSession(ports, sql, staffId);
    });
  }
  throw new Refusal(401, 'code', 'This code is not known here.');
}

/** Everybody who was let in. */
export async function staffList({ db }: StaffPorts) {
  const staff = await db.query<{ staff_id: string; name: string; role: StaffRole; seen_at: string | null }>(
    'SELECT staff_id, name, role, seen_at FROM staff WHERE NOT is_removed ORDER BY created_at',
  );
  const invites = await db.query<{ name: string; role: StaffRole; expires_at: string }>(
    'SELECT name, role, expires_at FROM invites WHERE used_at IS NULL ORDER BY expires_at',
  );
  return { staff, invites };
}

import { accountIdOf, type RequestToSign, readEnrolment, readSignedRequest } from '#shared/aggregation/enrolment.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import { sha256 } from '#shared/crypto/sha256.ts';
import { fromBase64Url, sameBytes, toBase64Url } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Database, Sql } from '../ports/database.ts';
import { Refusal } from '../ports/fault.ts';

const CHALLENGE_MS = 5 * 60_000;

/** What enrolment needs. */
export interface EnrolmentPorts {
  readonly db: Database;
  readonly crypto: Primitives;
  readonly now: () => number;
  readonly rng: Rng;
}

/** A device that is known. */
export interface Device {
  readonly devicePk: Uint8Array;
  readonly accountPk: Uint8Array;
  readonly accountId: Uint8Array;
}

const random = (rng: Rng, bytes: number): Uint8Array => new Uint8Array(Uint32Array.from({ length: bytes / 4 }, rng).buffer);

/** A fresh challenge: single use, five minutes. [16] */
export async function newChallenge({ db, now, rng }: EnrolmentPorts): Promise<Uint8Array> {
  const challenge = random(rng, 16);
  await db.query('INSERT INTO challenges (challenge, expires_at) VALUES ($1, $2)', [challenge, now() + CHALLENGE_MS]);
  await db.query('DELETE FROM challenges WHERE expires_at < $1', [now()]);
  return challenge;
}

async function spendChallenge(sql: Sql, challenge: Uint8Array, now: number): Promise<void> {
  const rows = await sql.query('DELETE FROM challenges WHERE challenge = $1 AND expires_at >= $2 RETURNING 1', [challenge, now]);
  if (rows.length === 0) throw new Refusal(401, 'challenge', 'This challenge was used, is unknown or too old. Fetch a new one.');
}

/** delta rests on a declared number of accounts (section 3.5); as many devices are let in. */
async function checkRoom(sql: Sql): Promise<void> {
  const [row] = await sql.query<{ n: string; most: number | null }>(
    "SELECT (SELECT count(*) FROM devices) AS n, (SELECT min((config->>'max_accounts')::int) FROM task_configs) AS most",
  );
  if (row && row.most !== null && Number(row.n) >= row.most) throw new Refusal(409, 'full', 'This installation takes no more accounts.');
}

/**
 * Enrol a device for an account, or the same pair again: the old bearer is replaced.
 *
 * @returns the bearer, for GETs only, and whether the device is new
 */
export async function enrol(ports: EnrolmentPorts, body: Uint8Array): Promise<{ readonly bearer: string; readonly isNew: boolean }> {
  const { db, crypto, now, rng } = ports;
  const asked = readEnrolment(crypto, body);
  if (!asked) throw new Refusal(401, 'signature', 'The enrolment is not signed by both keys.');
  return db.transaction(async (sql) => {
    await spendChallenge(sql, asked.challenge, now());
    const bearer = random(rng, 32);
    const [known] = await sql.query<{ account_pk: Buffer }>('SELECT account_pk FROM devices WHERE device_pk = $1 FOR UPDATE', [
      asked.devicePk,
    ]);
    if (known && !sameBytes(known.account_pk, asked.accountPk)) {
      throw new Refusal(409, 'other_account', 'This device is enrolled for another account.');
    }
    if (!known) await checkRoom(sql);
    await sql.query(
      `INSERT INTO devices (device_pk, account_pk, account_id, bearer_hash, enrolled_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)
       ON CONFLICT (device_pk) DO UPDATE SET bearer_hash = $4, seen_at = $5`,
      [asked.devicePk, asked.accountPk, accountIdOf(asked.accountPk), sha256(bearer), now()],
    );
    return { bearer: toBase64Url(bearer), isNew: known === undefined };
  });
}

const deviceOf = (row: { device_pk: Buffer; account_pk: Buffer; account_id: Buffer }): Device => ({
  devicePk: new Uint8Array(row.device_pk),
  accountPk: new Uint8Array(row.account_pk),
  accountId: new Uint8Array(row.account_id),
});
const FIELDS = 'device_pk, account_pk, account_id';

/** The device behind a bearer. @throws Refusal 401 */
export async function deviceByBearer({ db, now }: EnrolmentPorts, authorization: string | undefined): Promise<Device> {
  const token = /^Bearer ([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/.exec(authorization ?? '')?.[1];
  const rows = token
    ? await db.query<{ device_pk: Buffer; account_pk: Buffer; account_id: Buffer }>(
        `UPDATE devices SET seen_at = $2 WHERE bearer_hash = $1 RETURNING ${FIELDS}`,
        [sha256(fromBase64Url(token)), now()],
      )
    : [];
  const [row] = rows;
  if (!row) throw new Refusal(401, 'bearer', 'This device is not enrolled, or was enrolled anew.');
  return deviceOf(row);
}

/** The device with this key. */
export async function deviceByKey(sql: Sql, devicePk: Uint8Array): Promise<Device | null> {
  const [row] = await sql.query<{ device_pk: Buffer; account_pk: Buffer; account_id: Buffer }>(
    `SELECT ${FIELDS} FROM devices WHERE device_pk = $1`,
    [devicePk],
  );
  return row ? deviceOf(row) : null;
}

/**
 * The device or account that signed a request over a fresh challenge, which is spent.
 *
 * @param by which key must have signed: the device's, or for erasure the account's
 * @throws Refusal 401
 */
export async function signerOf(
  ports: EnrolmentPorts,
  request: RequestToSign,
  header: string | undefined,
  by: 'device' | 'account',
): Promise<Device> {
  const signed = header ? readSignedRequest(ports.crypto, request, header) : null;
  if (!signed) throw new Refusal(401, 'signature', 'The request is not signed by an enrolled key.');
  return ports.db.transaction(async (sql) => {
    await spendChallenge(sql, signed.challenge, ports.now());
    const [row] = await sql.query<{ device_pk: Buffer; account_pk: Buffer; account_id: Buffer }>(
      `SELECT ${FIELDS} FROM devices WHERE ${by === 'device' ? 'device_pk' : 'account_pk'} = $1 LIMIT 1`,
      [signed.pk],
    );
    if (!row) throw new Refusal(401, 'signature', 'The request is not signed by an enrolled key.');
    return deviceOf(row);
  });
}

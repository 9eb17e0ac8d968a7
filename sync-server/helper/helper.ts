import { readConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import type { BoxKeys } from '#shared/aggregation/report.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { Database, Sql } from '../ports/database.ts';

/** What the helper's use cases need. */
export interface HelperPorts {
  readonly db: Database;
  readonly crypto: Primitives;
  /** Epoch ms. */
  readonly now: () => number;
  /** Cryptographic. */
  readonly rng: Rng;
  readonly box: BoxKeys;
  /** Ed25519 seed of its answers and cosignatures. */
  readonly signSeed: Uint8Array;
  /** Ed25519 key of the one leader it answers. */
  readonly leaderKey: Uint8Array;
  /** The least number of reports it ever sums. */
  readonly floor: number;
  readonly allowsDemo: boolean;
  readonly operator: string;
  /** Marks a moment a crash test may end the process at. */
  readonly reach: (point: string) => void;
}

/** Name under which the helper cosigns. */
export const HELPER_NAME = 'examsgraph/helper';

/** The approved configuration with this hash, or null. */
export async function approvedConfig(sql: Sql, hash: Uint8Array): Promise<TaskConfig | null> {
  const [row] = await sql.query<{ config: unknown }>('SELECT config FROM approved_configs WHERE config_hash = $1', [hash]);
  if (!row) return null;
  const read = readConfig(row.config);
  if (!read.ok) throw new Error(`an approved configuration is unsound: ${read.fault.message}`);
  return read.value;
}

/** The helper's identity: made once with its database, it outlives its keys. [16] */
export async function helperIdentity({ db, rng }: HelperPorts): Promise<Uint8Array> {
  const fresh = Buffer.from(Uint32Array.from({ length: 4 }, rng).buffer);
  await db.query('INSERT INTO helper_identity (identity) VALUES ($1) ON CONFLICT DO NOTHING', [fresh]);
  const [row] = await db.query<{ identity: Buffer }>('SELECT identity FROM helper_identity');
  if (!row) throw new Error('the helper has no identity');
  return new Uint8Array(row.identity);
}

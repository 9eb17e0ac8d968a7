import { WEIGHT_COUNT } from '#models/learner.ts';
import { configHash, configHashHex, type InstallationFields, slotAt, type TaskConfig } from '#shared/aggregation/config.ts';
import { keyId } from '#shared/aggregation/seal.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { bytesOfWords, concat, fromHex, toHex } from '#shared/domain/bytes.ts';
import { seedModel } from './candidate.ts';
import { configsOf, type HoldOut, type LeaderPorts, lastSlot } from './leader.ts';
import { promote } from './models.ts';

/** The helper as a configuration names it. */
export interface HelperInfo {
  readonly operator: string;
  readonly identity: string;
  readonly box_key: string;
  readonly sign_key: string;
}

/** What seeding needs beyond the leader's ports. */
export interface SeedPlan {
  /** The configuration wanted, given what the installation adds to it. */
  readonly shape: (fields: InstallationFields) => TaskConfig;
  readonly operator: string;
  readonly start: Float32Array;
  /** The version of the hold-out's recipe. */
  readonly holdOutVersion: string;
  readonly helper: HelperInfo;
  /** The helper's signature under a configuration. @throws if it refuses */
  readonly approve: (config: TaskConfig) => Promise<Uint8Array>;
}

/** L2 norm a mean of clipped updates can have, its noise included, with room to spare: beyond it something is wrong. */
export function updateNormBound({ clip_norm, sigma, k, dim, leader_noise, kappa }: Omit<TaskConfig, 'max_update_norm'>): number {
  const deviation = clip_norm * Math.sqrt((sigma * Math.SQRT2) ** 2 * (leader_noise ? 2 : 1) + kappa ** 2 * k) * Math.sqrt(dim);
  return Number((clip_norm + (1.5 * deviation) / k).toPrecision(6));
}

/** SHA-256 of the hold-out's rows, hexadecimal. */
export function holdOutHash({ x, y }: HoldOut): string {
  const bytes = (a: Float32Array) => bytesOfWords(new Uint32Array(a.buffer, a.byteOffset, a.length));
  return sha256Hex(concat(bytes(x), bytes(y)));
}

/** When the first slot of this installation begins: decided once, so that a first start may be cut off anywhere and begun again. */
async function installationEpoch({ db, now }: LeaderPorts): Promise<number> {
  await db.query('UPDATE installation SET epoch_ms = $1 WHERE epoch_ms IS NULL', [now()]);
  const [row] = await db.query<{ epoch_ms: string }>('SELECT epoch_ms FROM installation');
  return Number(row?.epoch_ms ?? now());
}

async function currentConfig(ports: LeaderPorts, plan: SeedPlan): Promise<{ readonly config: TaskConfig; readonly isNew: boolean }> {
  const keys = {
    operator: plan.operator,
    box_key: toHex(ports.box.public),
    sign_key: toHex(ports.crypto.signPublicKey(ports.signSeed)),
    release_key: toHex(ports.crypto.signPublicKey(ports.releaseSeed)),
  };
  const fields: InstallationFields = {
    dim: WEIGHT_COUNT,
    epoch_ms: await installationEpoch(ports),
    from_slot: 1,
    max_update_norm: 1,
    hold_out: { version: plan.holdOutVersion, sha256: holdOutHash(ports.holdOut()) },
    leader: keys,
    helper: plan.helper,
  };
  const draft = plan.shape(fields);
  const wanted: TaskConfig = { ...draft, max_update_norm: updateNormBound(draft) };
  const taskId = fromHex(wanted.task_id);
  const known = await configsOf(ports.db, taskId);
  const last = known.at(-1);
  if (!last) return { config: wanted, isNew: true };
  const same = { ...wanted, epoch_ms: last.epoch_ms, from_slot: last.from_slot };
  if (configHashHex(same) === configHashHex(last)) return { config: last, isNew: false };
  const next = 1 + Math.max(slotAt(last, ports.now(), await lastSlot(ports.db, taskId)), last.from_slot);
  return { config: { ...wanted, epoch_ms: last.epoch_ms, from_slot: next }, isNew: true };
}

/**
 * Bring the installation to its preset, once and idempotently: the configuration approved by the helper and logged, the start model
 * released. A changed preset is a new configuration from a later slot on, never a wipe.
 */
export async function seed(ports: LeaderPorts, plan: SeedPlan): Promise<TaskConfig> {
  const { config, isNew } = await currentConfig(ports, plan);
  const taskId = fromHex(config.task_id);
  // A helper that was restored may have forgotten what it approved: it is asked again, and answers the same.
  const signature = await plan.approve(config);
  if (isNew) {
    await ports.db.transaction(async (sql) => {
      const index = await ports.log.append(sql, { type: 'config', at: ports.now(), config, config_hash: configHashHex(config) });
      await sql.query(
        `INSERT INTO task_configs (config_hash, task_id, from_slot, config, helper_signature, log_index) VALUES ($1, $2, $3, $4, $5, $6)`,
        [configHash(config), taskId, config.from_slot, JSON.stringify(config), signature, index],
      );
    });
  }
  await seedModel(ports, config, plan.start, taskId);
  const champion = await ports.db.query("SELECT 1 FROM model_aliases WHERE task_id = $1 AND alias = 'champion'", [taskId]);
  if (champion.length === 0) await promote(ports, taskId, 0, false);
  return config;
}

/** First 4 bytes of a key's hash, hexadecimal; shown to people. */
export const fingerprint = (key: string): string => toHex(keyId(fromHex(key)));

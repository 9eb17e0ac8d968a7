import { WEIGHT_COUNT } from '#models/learner.ts';
import {
  configHash,
  configHashHex,
  type InstallationFields,
  type ModelConfig,
  type ModelFields,
  type StatisticsConfig,
  slotAt,
  type TaskConfig,
} from '#shared/aggregation/config.ts';
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
  /** The model task's configuration as wanted, given what the installation adds to it. */
  readonly model: (fields: ModelFields) => ModelConfig;
  /** The statistics task's; null where there is none. */
  readonly statistics: (fields: InstallationFields) => StatisticsConfig | null;
  readonly operator: string;
  readonly start: Float32Array;
  /** The version of the hold-out's recipe. */
  readonly holdOutVersion: string;
  readonly helper: HelperInfo;
}

/** L2 norm a mean of clipped updates can have, its noise included, with room to spare: beyond it something is wrong. */
export function updateNormBound({ clip_norm, sigma, k, dim, leader_noise, kappa }: Omit<ModelConfig, 'max_update_norm'>): number {
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

/** A wanted configuration as it stands: the task's own if nothing differs, else a new one from the next slot on. */
async function settled<C extends TaskConfig>(ports: LeaderPorts, wanted: C): Promise<{ readonly config: C; readonly isNew: boolean }> {
  const taskId = fromHex(wanted.task_id);
  const last = (await configsOf(ports.db, taskId)).at(-1);
  if (!last) return { config: wanted, isNew: true };
  const same = { ...wanted, epoch_ms: last.epoch_ms, from_slot: last.from_slot };
  if (configHashHex(same) === configHashHex(last)) return { config: same, isNew: false };
  const latest = await lastSlot(ports.db, taskId);
  // Slots without a time: the next one is the one after the last, and nothing fills a slot before the newest configuration's.
  const now = wanted.interval_ms === 0 ? latest : slotAt(last, ports.now(), latest);
  const next = 1 + Math.max(now, last.from_slot);
  return { config: { ...wanted, epoch_ms: last.epoch_ms, from_slot: next }, isNew: true };
}

/** Have the helper approve a configuration, and log it if it is new. @returns it with the slot it begins at */
export async function agreed<C extends TaskConfig>(ports: LeaderPorts, wanted: C): Promise<C> {
  const { config, isNew } = await settled(ports, wanted);
  // A helper that was restored may have forgotten what it approved: it is asked again, and answers the same.
  const signature = await ports.approve(config);
  if (isNew) {
    await ports.db.transaction(async (sql) => {
      const index = await ports.log.append(sql, { type: 'config', at: ports.now(), config, config_hash: configHashHex(config) });
      await sql.query(
        `INSERT INTO task_configs (config_hash, task_id, from_slot, config, helper_signature, log_index) VALUES ($1, $2, $3, $4, $5, $6)`,
        [configHash(config), fromHex(config.task_id), config.from_slot, JSON.stringify(config), signature, index],
      );
    });
  }
  return config;
}

/** What every configuration of this installation says. */
async function fieldsOf(ports: LeaderPorts, plan: SeedPlan): Promise<InstallationFields> {
  return {
    epoch_ms: await installationEpoch(ports),
    from_slot: 1,
    leader: {
      operator: plan.operator,
      box_key: toHex(ports.box.public),
      sign_key: toHex(ports.crypto.signPublicKey(ports.signSeed)),
      release_key: toHex(ports.crypto.signPublicKey(ports.releaseSeed)),
    },
    helper: plan.helper,
  };
}

/** One at a time changes what configurations there are: of two admins, or two leaders, the second sees what the first has done. */
export function oneChangeAtATime<T>({ db }: LeaderPorts, change: () => Promise<T>): Promise<T> {
  return db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', ['configurations']);
    return change();
  });
}

/**
 * Bring the installation to its preset, once and idempotently: its model task's configuration approved by the helper and logged, the start
 * model released. A changed preset is a new configuration from a later slot on, never a wipe.
 */
export async function seed(ports: LeaderPorts, plan: SeedPlan): Promise<ModelConfig> {
  const holdOut = { version: plan.holdOutVersion, sha256: holdOutHash(ports.holdOut()) };
  const draft = plan.model({ ...(await fieldsOf(ports, plan)), dim: WEIGHT_COUNT, max_update_norm: 1, hold_out: holdOut });
  const config = await oneChangeAtATime(ports, () => agreed(ports, { ...draft, max_update_norm: updateNormBound(draft) }));
  const taskId = fromHex(config.task_id);
  await seedModel(ports, config, plan.start, taskId);
  const champion = await ports.db.query("SELECT 1 FROM model_aliases WHERE task_id = $1 AND alias = 'champion'", [taskId]);
  if (champion.length === 0) await promote(ports, taskId, 0, false);
  return config;
}

/**
 * The same of its statistics task. Tests that run go on; one that ended while its configuration could not be changed is left out, and one
 * that no configuration ever named is forgotten.
 *
 * @returns null where the preset has none
 * @throws what the helper's refusal is; the model task does not wait for it
 */
export async function seedStatistics(ports: LeaderPorts, plan: SeedPlan): Promise<StatisticsConfig | null> {
  const wanted = plan.statistics(await fieldsOf(ports, plan));
  if (!wanted) return null;
  return oneChangeAtATime(ports, async () => {
    const last = (await configsOf(ports.db, fromHex(wanted.task_id))).at(-1);
    const named = last?.kind === 'cohort-statistics' ? (last.tests ?? []) : [];
    await ports.db.query('DELETE FROM ab_tests WHERE task_id = $1 AND ended_at IS NULL AND NOT id = ANY($2)', [
      fromHex(wanted.task_id),
      named.map((test) => test.id),
    ]);
    const running = await ports.db.query<{ id: number }>('SELECT id FROM ab_tests WHERE task_id = $1 AND ended_at IS NULL', [
      fromHex(wanted.task_id),
    ]);
    const tests = named.filter((test) => running.some(({ id }) => id === test.id));
    return agreed(ports, tests.length > 0 ? { ...wanted, tests } : wanted);
  });
}

/** First 4 bytes of a key's hash, hexadecimal; shown to people. */
export const fingerprint = (key: string): string => toHex(keyId(fromHex(key)));

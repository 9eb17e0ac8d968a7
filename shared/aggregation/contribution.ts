import type { Primitives } from '#shared/crypto/primitives.ts';
import { bytesOfWords, fromHex, toHex } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';
import { discreteGaussianVector } from '#shared/privacy/discrete-gaussian.ts';
import { sanitise, stalenessWeight } from '#shared/privacy/sanitise.ts';
import { configHash, configHashHex, type TaskConfig } from './config.ts';
import { accountTag } from './mask.ts';
import type { LedgerEntry } from './personal-ledger.ts';
import { makeReport } from './report.ts';
import { keyId } from './seal.ts';

/** Secrets of an account on one device, each [32]. */
export interface AccountSecrets {
  /** Ed25519 seed of the account's federation key. */
  readonly accountSeed: Uint8Array;
  /** Ed25519 seed of this device. */
  readonly deviceSeed: Uint8Array;
  readonly tagSecret: Uint8Array;
}

/** What a contribution is made from. */
export interface ContributionPlan {
  readonly config: TaskConfig;
  /** The version trained from, and SHA-256 of the weights trained from, [32]. */
  readonly base: { readonly version: number; readonly sha256: Uint8Array };
  /** The promoted version now. */
  readonly promoted: number;
  readonly slot: number;
  readonly secrets: AccountSecrets;
}

/** Fresh bytes from a generator of words. @param length a multiple of 4 */
export function randomBytes(length: number, rng: Rng): Uint8Array {
  return bytesOfWords(Uint32Array.from({ length: length / 4 }, rng));
}

/** The device's own noise: kappa D wide, drawn before the update is looked at. */
export function deviceNoise({ kappa, grid_steps, dim }: TaskConfig, rng: Rng): Int32Array {
  return discreteGaussianVector(Math.ceil((kappa * grid_steps) ** 2), dim, rng);
}

/**
 * Clip, weight, round, noise, mask, seal, sign: an update as the bytes that leave the device, with the entry the device books for it.
 * The bytes are made once; a retry sends the same.
 *
 * @param delta new minus old weights, shape [dim], weight units
 * @param rng cryptographic in production
 */
export function makeContribution(
  crypto: Primitives,
  plan: ContributionPlan,
  delta: Float32Array,
  rng: Rng,
): { readonly bytes: Uint8Array; readonly entry: LedgerEntry } {
  const { config, base, promoted, secrets } = plan;
  const noise = deviceNoise(config, rng);
  const rule = { grid: { clipNorm: config.clip_norm, steps: config.grid_steps }, weight: stalenessWeight(promoted - base.version) };
  const q = sanitise(delta, rule, noise, rng);
  const reportId = randomBytes(16, rng);
  const [leaderBoxKey, helperBoxKey] = [fromHex(config.leader.box_key), fromHex(config.helper.box_key)];
  const draft = {
    header: {
      kind: config.kind,
      taskId: fromHex(config.task_id),
      reportId,
      configHash: configHash(config),
      baseHash: base.sha256,
      baseVersion: base.version,
      dim: config.dim,
      leaderKeyId: keyId(leaderBoxKey),
      helperKeyId: keyId(helperBoxKey),
    },
    q,
    accountTag: accountTag(crypto, secrets.tagSecret, fromHex(config.helper.identity), fromHex(config.budget_family)),
    leaderBoxKey,
    helperBoxKey,
    deviceSeed: secrets.deviceSeed,
  };
  const fresh = () => randomBytes(32, rng);
  const bytes = makeReport(crypto, draft, { maskSeed: fresh(), leaderFresh: fresh(), helperFresh: fresh() });
  const entry: LedgerEntry = {
    report_id: toHex(reportId),
    task_id: config.task_id,
    budget_family: config.budget_family,
    config_hash: configHashHex(config),
    sealed_slot: plan.slot,
    landed_slot: null,
    sigma: config.sigma,
    band: config.band,
  };
  return { bytes, entry };
}

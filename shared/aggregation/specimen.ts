import type { Primitives } from '#shared/crypto/primitives.ts';
import { toHex } from '#shared/domain/bytes.ts';
import type { Rng } from '#shared/maths/rng.ts';
import type { TaskConfig } from './config.ts';
import { makeContribution, randomBytes } from './contribution.ts';
import { openHelperBox, openLeaderBox, parseReport } from './report.ts';

/** A report made only to be looked at, with what each server reads in it. */
export interface Specimen {
  readonly bytes: Uint8Array;
  /** First masked words the leader finds in its box. */
  readonly leaderReads: readonly number[];
  /** Hexadecimal. */
  readonly helperReads: { readonly accountTag: string; readonly maskSeed: string };
}

/** Make a report as a phone does, of an update of zeros, sealed for throw-away keys, and open both boxes. */
export function specimenReport(crypto: Primitives, config: TaskConfig, rng: Rng): Specimen {
  const [leader, helper] = [randomBytes(32, rng), randomBytes(32, rng)].map((secret) => ({ secret, public: crypto.boxPublicKey(secret) }));
  if (!leader || !helper) throw new Error('two key pairs are needed');
  const own: TaskConfig = {
    ...config,
    leader: { ...config.leader, box_key: toHex(leader.public) },
    helper: { ...config.helper, box_key: toHex(helper.public) },
  };
  const secrets = { accountSeed: randomBytes(32, rng), deviceSeed: randomBytes(32, rng), tagSecret: randomBytes(32, rng) };
  const plan = { config: own, base: { version: 0, sha256: new Uint8Array(32) }, promoted: 0, slot: 1, secrets };
  const { bytes } = makeContribution(crypto, plan, new Float32Array(config.dim), rng);
  const parts = parseReport(bytes);
  const words = parts && openLeaderBox(crypto, parts.header, parts.leaderBox, leader);
  const share = parts && openHelperBox(crypto, parts.helperBox, helper);
  if (!words || !share) throw new Error('a specimen must open');
  return {
    bytes,
    leaderReads: [...words.subarray(0, 4)],
    helperReads: { accountTag: toHex(share.accountTag), maskSeed: toHex(share.maskSeed) },
  };
}

import { configHash, keepsPreset, loosened, readConfig, type TaskConfig } from '#shared/aggregation/config.ts';
import { concat, dom, fromHex, sameBytes, toHex } from '#shared/domain/bytes.ts';
import { Refusal } from '../ports/fault.ts';
import { type HelperPorts, helperIdentity } from './helper.ts';

/** Bytes a leader signs to propose a configuration. */
export function proposalMessage(hash: Uint8Array): Uint8Array {
  return concat(dom('examsgraph/v1/sign/propose-config'), hash);
}

/** Bytes a helper signs to approve a configuration. */
export function approvalMessage(hash: Uint8Array): Uint8Array {
  return concat(dom('examsgraph/v1/sign/config'), hash);
}

async function isOwn(ports: HelperPorts, config: TaskConfig): Promise<boolean> {
  const { helper } = config;
  return (
    helper.identity === toHex(await helperIdentity(ports)) &&
    helper.box_key === toHex(ports.box.public) &&
    helper.sign_key === toHex(ports.crypto.signPublicKey(ports.signSeed)) &&
    config.leader.sign_key === toHex(ports.leaderKey)
  );
}

interface Approved {
  readonly config_hash: Buffer;
  readonly config: TaskConfig;
  readonly from_slot: number;
}

/**
 * Approve a configuration: it must be sound, name this helper and its leader, keep this operator's own floor, and protect no less than
 * the one before it. Approving the same one again gives the same signature. One that was approved for a later slot, and under which no slot
 * was answered, gives way to what is asked for now, unless it protects more.
 *
 * @param leaderSignature the leader's, over `proposalMessage`
 * @returns Ed25519 signature [64] over the configuration's hash
 */
export async function approveConfig(ports: HelperPorts, value: unknown, leaderSignature: Uint8Array): Promise<Uint8Array> {
  const read = readConfig(value);
  if (!read.ok) throw new Refusal(422, 'unsound', read.fault.message);
  const config = read.value;
  if (!ports.crypto.verify(proposalMessage(configHash(config)), leaderSignature, ports.leaderKey)) {
    throw new Refusal(403, 'signature', 'The leader did not propose this configuration.');
  }
  if (config.preset === 'demo' && !ports.allowsDemo) throw new Refusal(403, 'demo', 'This helper serves no trial.');
  if (!keepsPreset(config)) throw new Refusal(422, 'preset', 'The configuration is not its preset’s.');
  if (config.k < ports.floor) throw new Refusal(422, 'below_floor', `This helper sums at least ${ports.floor} reports.`);
  if (!(await isOwn(ports, config))) throw new Refusal(422, 'other_keys', 'The configuration names another helper or leader.');
  const hash = configHash(config);
  await ports.db.transaction(async (sql) => {
    await sql.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`flush ${config.task_id}`]);
    const taskId = fromHex(config.task_id);
    const approved = await sql.query<Approved>(
      'SELECT config_hash, config, from_slot FROM approved_configs WHERE task_id = $1 ORDER BY from_slot',
      [taskId],
    );
    const [answered] = await sql.query<{ t: number | null }>('SELECT max(t) AS t FROM answered WHERE task_id = $1', [taskId]);
    const isKnown = approved.some((a) => sameBytes(a.config_hash, hash));
    // What was approved for a later slot and never used: the leader may have lost the answer, and gives it up by asking for another.
    const givenUp = approved.filter(
      (a) => a.from_slot > (answered?.t ?? 0) && a.from_slot >= config.from_slot && !sameBytes(a.config_hash, hash),
    );
    const before = approved.filter((a) => a.from_slot < config.from_slot).at(-1);
    const looser = [...givenUp, ...(before && !isKnown ? [before] : [])].flatMap((a) => loosened(a.config, config));
    if (isKnown && looser.length > 0) return;
    if (looser.length > 0) throw new Refusal(403, 'loosens', 'The operator of this helper must agree to that first.', { fields: looser });
    if (!isKnown && config.from_slot <= Math.max(answered?.t ?? 0, approved.findLast((a) => !givenUp.includes(a))?.from_slot ?? 0)) {
      throw new Refusal(422, 'from_slot', 'A configuration begins after the last answered slot.');
    }
    await sql.query('DELETE FROM approved_configs WHERE config_hash = ANY($1)', [givenUp.map((a) => a.config_hash)]);
    if (isKnown) return;
    await sql.query('INSERT INTO approved_configs (config_hash, task_id, from_slot, config) VALUES ($1, $2, $3, $4)', [
      hash,
      fromHex(config.task_id),
      config.from_slot,
      JSON.stringify(config),
    ]);
  });
  return ports.crypto.sign(approvalMessage(hash), ports.signSeed);
}

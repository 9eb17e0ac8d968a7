import type { Consent, PulledModel } from '#client/ports/federation-store.ts';
import type { ModelConfig } from '#shared/aggregation/config.ts';
import { capEpsilon } from '#shared/aggregation/personal-ledger.ts';
import { verifyRelease, verifyWeights } from '#shared/aggregation/verify.ts';
import type { SharingPorts } from './ports.ts';
import { Distrusted, seeTree } from './trust.ts';

/**
 * Pull the promoted version, check everything about it, and let this learner's own answers decide whether it serves. A version that was
 * refused here is kept for training from, never served, and not judged again; but a version that was taken back gives way in any case.
 *
 * @throws Distrusted with what serves unchanged; AirFault
 */
export async function pullModel(ports: SharingPorts, config: ModelConfig, consent: Consent): Promise<PulledModel> {
  const { log, air, crypto, moment } = ports;
  const offered = await air.latest(config.task_id);
  const tree = await seeTree(ports, offered.checkpoint, consent);
  const release = verifyRelease(crypto, offered, consent.pins, tree);
  if (!release.ok) throw new Distrusted(release.rule);
  const known = await log.federation.value('latest');
  if (known?.version === release.value.version && known.taskId === config.task_id && known.sha256 === release.value.weights_sha256)
    return known;
  const weights = verifyWeights(release.value, await air.weights(config.task_id, release.value.version), config.dim);
  if (!weights.ok) throw new Distrusted(weights.rule);
  const { served, base, baseSha256 } = weights.value;
  const label = `examsgraph-global-${config.task_id.slice(0, 8)}/${release.value.version}`;
  const serving = await log.federation.value('serving');
  const isServingRevoked = serving !== undefined && offered.revoked.includes(serving.version);
  const learning = await ports.learning();
  const verdict = learning ? await learning.judge({ label, weights: served, sha256: release.value.weights_sha256 }) : null;
  const model: PulledModel = {
    version: release.value.version,
    label,
    taskId: config.task_id,
    sha256: release.value.weights_sha256,
    served,
    base,
    baseSha256,
    logIndex: offered.log_index,
    isUsed: (verdict?.isKept ?? true) || isServingRevoked,
    lossBefore: verdict?.before ?? null,
    lossAfter: verdict?.after ?? null,
    at: moment().at,
    privacy: { epsilon: ports.isTrial ? null : capEpsilon(config), delta: config.delta, flush: release.value.slot },
  };
  await log.federation.write([
    { kind: 'value', key: 'latest', value: model },
    ...(model.isUsed ? [{ kind: 'value' as const, key: 'serving' as const, value: model }] : []),
  ]);
  if (model.isUsed) ports.serve(model);
  return model;
}

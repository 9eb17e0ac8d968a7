import type { Offer } from '#client/ports/federation-air.ts';
import type { Consent } from '#client/ports/federation-store.ts';
import { readConfig, slotAt, type TaskConfig, type TaskKind } from '#shared/aggregation/config.ts';
import { type Distrust, type OfferedTask, type SeenTree, verifyCheckpoint, verifyGrowth, verifyTask } from '#shared/aggregation/verify.ts';
import type { SharingPorts } from './ports.ts';

/** A server that does not show what was agreed to: everything here stays as it is. */
export class Distrusted extends Error {
  readonly rule: Distrust;
  constructor(rule: Distrust) {
    super(`refused by rule ${rule}`);
    this.name = 'Distrusted';
    this.rule = rule;
  }
}

/** Check a cosigned note against the last tree seen, and remember the new one. @throws Distrusted R2, R3; AirFault */
export async function seeTree({ log, air, crypto, moment }: SharingPorts, note: string, consent: Consent): Promise<SeenTree> {
  const tree = verifyCheckpoint(crypto, note, consent.pins, moment().at);
  if (!tree.ok) throw new Distrusted(tree.rule);
  const before = (await log.federation.value('tree')) ?? null;
  if (before && before.size === tree.value.size && before.root === tree.value.root) return tree.value;
  const proof = before && before.size < tree.value.size ? await air.consistency(before.size, tree.value.size) : [];
  const grown = verifyGrowth(before, tree.value, proof);
  if (!grown.ok) throw new Distrusted(grown.rule);
  await log.federation.write([{ kind: 'value', key: 'tree', value: grown.value }]);
  return grown.value;
}

/** The task of a kind on offer that this app takes part in: a trial's for a trial build, and of its configurations the one in force. */
export function offeredTask(offer: Offer, isTrial: boolean, kind: TaskKind): (OfferedTask & { readonly waiting: number }) | null {
  const found = offer.tasks.findLast(({ config }) => {
    const read = readConfig(config);
    if (!read.ok || read.value.kind !== kind || (read.value.preset === 'demo') !== isTrial) return false;
    return read.value.interval_ms === 0 || read.value.from_slot <= Math.max(1, slotAt(read.value, offer.now, 0));
  });
  return found ?? null;
}

/** The configuration in force, verified. @throws Distrusted */
export async function trustedConfig(ports: SharingPorts, task: OfferedTask, consent: Consent): Promise<TaskConfig> {
  const tree = await seeTree(ports, task.checkpoint, consent);
  const verified = verifyTask(ports.crypto, task, consent.pins, tree, ports.isTrial ? null : (consent.epsilonCap ?? 0));
  if (!verified.ok) throw new Distrusted(verified.rule);
  return verified.value;
}

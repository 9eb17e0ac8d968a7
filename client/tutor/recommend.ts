import type { LogReader } from '#client/ports/experiment-log.ts';
import type { Tables } from '#shared/tracking/rows.ts';
import { drawHome, scoredOptions } from './choose.ts';
import { type Desk, targetChance } from './desk.ts';
import { modelLabel } from './tutor-state.ts';

/** The latest slate of recommendations on record for a pack. */
export async function latestHomeSlate(log: LogReader, packId: string): Promise<Tables['slates'] | null> {
  const slates = await log.list('slates', 'pack_id', packId);
  return slates.reduce<Tables['slates'] | null>((latest, s) => (s.purpose === 'home' && s.seq > (latest?.seq ?? 0) ? s : latest), null);
}

/** Three recommendations, drawn and logged; those on record if nothing was answered since. Null for a pack without questions. */
export async function recommend(desk: Desk): Promise<Tables['slates'] | null> {
  const { log, global, moment } = desk.ports;
  await desk.write(async (now) => {
    const latest = await latestHomeSlate(log, desk.packId);
    const isUsedUp = latest?.slots.every(({ slot }) => latest.dismissed.includes(slot)) ?? true;
    const { at, rng } = moment();
    const targetP = await targetChance(desk);
    if (latest && !isUsedUp && latest.target_p === targetP && latest.seq > (now.answers.at(-1)?.seq ?? 0)) return null;
    const head = { slateId: desk.newId(), packId: desk.packId, targetP, modelVersion: modelLabel(now, global) };
    const slate = drawHome(head, scoredOptions(desk.course, now, targetP, at, new Set()), rng);
    return slate ? { drafts: [{ kind: 'slate.shown', body: slate }] } : null;
  });
  return latestHomeSlate(log, desk.packId);
}

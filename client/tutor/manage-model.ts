import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { DEFAULT_SETTINGS } from '#models/difficulty/layer-settings.ts';
import { newLayer } from '#models/difficulty/personal-layer.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { Desk } from './desk.ts';
import { previousAlias } from './training.ts';
import { personalName, resetKey, settingsInUse } from './tutor-state.ts';

/** Let an earlier version serve again; later answers are learned on top of it. @throws RangeError if there is no such version */
export async function rollBack(desk: Desk, version: number): Promise<void> {
  const { log } = desk.ports;
  const name = personalName(desk.packId);
  await desk.write(async () => {
    const row = await log.get('model_versions', [name, version]);
    if (!row) throw new RangeError(`no version ${version}`);
    const previous = await previousAlias(log, name);
    return { drafts: [...previous, { kind: 'alias.set', body: { name, alias: 'champion', version, run_id: row.run_id } }], refold: true };
  });
}

/** Forget what the personal model learned: the shared model serves, and learns from the next answer on. The answers stay. */
export async function resetModel(desk: Desk): Promise<void> {
  const { log, global } = desk.ports;
  const name = personalName(desk.packId);
  await desk.write(async (now) => {
    const champion = await log.get('aliases', [name, 'champion']);
    const value = now.answers.at(-1)?.attempt_id ?? '';
    const drafts: Draft[] = [
      ...(champion ? [{ kind: 'alias.deleted' as const, body: { name, alias: 'champion' } }] : []),
      { kind: 'setting.set', body: { key: resetKey(desk.packId), value } },
      settingsInUse(desk.packId, DEFAULT_SETTINGS),
    ];
    const personal = { pack_id: desk.packId, model_version: global.label, layer: storeLayer(newLayer()) };
    return { drafts, together: { personal }, refold: true };
  });
}

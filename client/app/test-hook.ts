import { StorageFault } from '#client/ports/experiment-log.ts';
import { type LearnerPorts, readSettings } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { type Choice, emptyChoice, rightChoice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';

function choiceFor(item: Item, isRight: boolean): Choice {
  if (isRight) return rightChoice(item);
  if ('options' in item)
    return {
      kind: 'options',
      ids: item.options
        .filter((o) => !o.correct)
        .map((o) => o.id)
        .slice(0, 1),
    };
  const wrong = emptyChoice(item);
  return wrong.kind === 'text' ? { kind: 'text', text: '-7.77' } : wrong;
}

/** Lets a journey answer many questions quickly through the app's own tutor; present in test builds alone. */
export function offerTestHook(ports: LearnerPorts): void {
  const tutor = async (): Promise<Tutor> => {
    const { packId } = await readSettings(ports.log);
    const opened = packId ? await ports.tutorFor(packId) : null;
    if (!opened) throw new Error('no pack in use');
    return opened;
  };
  const hook = {
    start: async (planned: number) => (await tutor()).startSession({ mode: 'practice', planned }),
    choose: async (itemIds: readonly string[]) => (await tutor()).startSession({ mode: 'custom', itemIds }),
    async answer(count: number, strong: readonly string[]) {
      const { startSession, question, record } = await tutor();
      for (let left = count; left > 0; ) {
        const id = await startSession({ mode: 'practice', planned: Math.min(left, 50) });
        let shown = await question(id);
        while (shown) {
          const isRight = strong.includes(shown.item.topics[0] ?? '');
          // A learner who is told that an answer was not saved in time tries again; on a busy machine so does a journey.
          await record({ shown, choice: choiceFor(shown.item, isRight), confidence: 'sure', msRaw: 4000 }).catch((fault: unknown) => {
            if (!(fault instanceof StorageFault && fault.kind === 'interrupted')) throw fault;
          });
          const next = await question(id);
          if (next?.attempt.attempt_id !== shown.attempt.attempt_id) left--;
          shown = next;
        }
      }
    },
    /** Every function that writes to this device's storage, deleting everything aside, so that a journey can fail it. */
    writes: {
      'an event': () => ports.log.append([{ kind: 'setting.set', body: { key: 'test', value: 'written' } }]),
      'the ledger': () => ports.log.federation.write([{ kind: 'value', key: 'consentUnsent', value: false }]),
      'a merge': async () => ports.log.merge({ events: await ports.log.events(), artifacts: [] }),
      'folding anew': () => ports.log.rebuild(),
      'a pack': async () => ports.fetchPack(ports.catalogue[0] as (typeof ports.catalogue)[number]),
      'the backup': async () => (await ports.safety()).refresh(),
    },
  };
  Object.assign(globalThis, { examsgraphTest: hook });
}

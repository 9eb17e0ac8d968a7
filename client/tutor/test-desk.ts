import { readFileSync } from 'node:fs';
import { epochMs } from '#shared/domain/time.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { rightChoice } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';
import { samplePack } from '#shared/testing/sample-pack.ts';
import type { ExperimentLog } from '../ports/experiment-log.ts';
import { globalModel } from '../ports/global-model.ts';
import { memoryExperimentLog } from '../ports/memory-experiment-log.ts';
import type { SessionPlan } from './session.ts';
import { openTutor, type Tutor } from './tutor.ts';

/** The shared model the app ships with. */
export const GLOBAL = globalModel(
  JSON.parse(readFileSync('public/models/start.json', 'utf8')),
  new Uint8Array(readFileSync('public/models/start.bin')),
);

/** A tutor over a log in memory, every step of which takes five seconds; `open` opens another over the same log, or through one that fails. */
export function desk(seed: number, items = 40) {
  const rng = seededRng(seed);
  const clock = { at: 1_700_000_000_000 };
  const moment = () => {
    clock.at += 5000;
    return { at: epochMs(clock.at), tz: 540, rng };
  };
  const log = memoryExperimentLog(moment);
  const pack = samplePack(items);
  const open = (through: ExperimentLog = log) =>
    openTutor(pack, { log: through, global: GLOBAL, moment, deviceKind: 'phone', exclusively: (work) => work(true) });
  return { log, tutor: open(), open, clock, rng };
}

/** Answer a whole session. @returns what was asked */
export async function run(tutor: Tutor, plan: SessionPlan, isRight: (item: Item) => boolean): Promise<readonly string[]> {
  const id = await tutor.startSession(plan);
  const asked: string[] = [];
  for (let shown = await tutor.question(id); shown; shown = await tutor.question(id)) {
    asked.push(shown.item.id);
    const choice = isRight(shown.item) ? rightChoice(shown.item) : { kind: 'options' as const, ids: ['none'] };
    await tutor.record({ shown, choice, confidence: 'sure', msRaw: 4000 });
  }
  await tutor.endSession(id, 'finished');
  return asked;
}

/** Right, whatever is asked. */
export const always = () => true;

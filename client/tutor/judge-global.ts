import type { GlobalModel } from '#client/ports/global-model.ts';
import { absorb } from '#models/difficulty/personal-model.ts';
import { logLoss } from '#shared/maths/scores.ts';
import type { Desk } from './desk.ts';
import { foldModel, questionOf } from './tutor-state.ts';

/** How a new shared model does on this learner's own answers, beside the one that serves. Losses in nats; null with too few answers. */
export interface GlobalVerdict {
  readonly isKept: boolean;
  readonly before: number | null;
  readonly after: number | null;
}

/** Fewest held-out answers a shared model is judged on; with fewer it is taken. */
const MIN_HELD_OUT = 40;

/**
 * Both shared models replay the learner's answers from an empty personal layer; the last fifth of them decides, on which neither has
 * learned before predicting. Kept if the mean log loss is not higher.
 */
export async function judgeGlobal(desk: Desk, candidate: GlobalModel): Promise<GlobalVerdict> {
  const { answers } = await desk.state();
  const cut = Math.floor(answers.length * 0.8);
  if (answers.length - cut < MIN_HELD_OUT) return { isKept: true, before: null, after: null };
  const loss = (global: GlobalModel): number => {
    const model = foldModel(desk.course, global, null, answers.slice(0, cut), null);
    const held = answers.slice(cut);
    const p = held.map((a) => absorb(model, { question: questionOf(desk.course, a.item_id), y: a.correct }).p);
    return logLoss(
      Float32Array.from(p),
      Float32Array.from(held, (a) => a.correct),
    );
  };
  const [before, after] = [loss(desk.ports.global), loss(candidate)];
  return { isKept: after <= before, before, after };
}

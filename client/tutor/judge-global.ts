import type { GlobalModel } from '#client/ports/global-model.ts';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { newLayer } from '#models/difficulty/personal-layer.ts';
import { absorb } from '#models/difficulty/personal-model.ts';
import { logLoss } from '#shared/maths/scores.ts';
import type { Desk } from './desk.ts';
import { type Champion, foldModel, questionOf } from './tutor-state.ts';

/** How a new shared model does on this learner's own answers, beside the one that serves. Losses in nats; null with too few answers. */
export interface GlobalVerdict {
  readonly isKept: boolean;
  readonly before: number | null;
  readonly after: number | null;
}

/** Fewest held-out answers a shared model is judged on; with fewer it is taken. */
const MIN_HELD_OUT = 40;

/** What was fine-tuned from one shared model, put on top of another. */
function onTop(champion: Champion | null, from: GlobalModel, to: GlobalModel): Champion | null {
  if (!champion?.weights) return null;
  const weights = champion.weights.map((w, i) => w - (from.weights[i] as number) + (to.weights[i] as number));
  return { ...champion, weights, layer: storeLayer(newLayer()), throughSeq: 0 };
}

/**
 * Both shared models, with what was fine-tuned on top, replay the learner's answers from an empty personal layer; the last fifth of them
 * decides. Kept if the mean log loss is not higher.
 */
export async function judgeGlobal(desk: Desk, candidate: GlobalModel): Promise<GlobalVerdict> {
  const { answers, champion } = await desk.state();
  const cut = Math.floor(answers.length * 0.8);
  if (answers.length - cut < MIN_HELD_OUT) return { isKept: true, before: null, after: null };
  const loss = (global: GlobalModel): number => {
    const model = foldModel(desk.course, global, onTop(champion, desk.ports.global, global), answers.slice(0, cut), null);
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

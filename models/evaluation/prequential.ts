import { crossEntropy, sigmoid } from '#shared/maths/logistic.ts';
import { auc } from '#shared/maths/scores.ts';
import { learn, newLayer } from '../difficulty/personal-layer.ts';
import type { LearnerAnswers } from '../difficulty/training-rows.ts';
import { FEATURE_COUNT } from '../learner.ts';
import type { Forecast } from './predictors.ts';

/** One held-out learner, answer by answer: what the shared model expected, what the personal layer made of it, and what came. */
export interface Served {
  /** P(correct) by the shared model alone, shape [n]. */
  readonly alone: Float32Array;
  /** P(correct) served, the layer having learned the earlier answers alone, shape [n]. */
  readonly served: Float32Array;
  readonly y: Float32Array;
}

/** Replays one learner through a fresh personal layer on top of a frozen shared model. */
export function serve(answers: LearnerAnswers, { logits, x }: Forecast): Served {
  const layer = newLayer();
  const alone = logits.map(sigmoid);
  const y = Float32Array.from(answers, (a) => a.y);
  if (x === null) return { alone, served: alone, y };
  const served = Float32Array.from(answers, ({ question, y: outcome }, i) =>
    learn(layer, logits[i] as number, question, x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT), outcome),
  );
  return { alone, served, y };
}

/** What the personal layer does for learners of one kind. */
export interface PersonalGain {
  readonly learners: number;
  readonly answers: number;
  readonly aucAlone: number;
  readonly aucServed: number;
  readonly lossAlone: number;
  readonly lossServed: number;
  /** Share of the learners whose log loss is not higher than with the shared model alone. */
  readonly notWorse: number;
  /** Share of the learners whose log loss is lower by .005 nats or more. */
  readonly helped: number;
  /** Share of the learners whose log loss is higher by .005 nats or more. */
  readonly harmed: number;
}

const NOTICEABLE = 0.005;

const meanLoss = (p: Float32Array, y: Float32Array): number =>
  p.reduce((sum, pi, i) => sum + crossEntropy(pi, y[i] as number), 0) / p.length;

const together = (parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** All learners' answers end to end. */
export function pooled(learners: readonly Served[]): Served {
  return {
    alone: together(learners.map((l) => l.alone)),
    served: together(learners.map((l) => l.served)),
    y: together(learners.map((l) => l.y)),
  };
}

/** Gain over the learners with at least `from` and fewer than `below` answers; null if there are none. */
export function personalGain(learners: readonly Served[], from: number, below: number): PersonalGain | null {
  const some = learners.filter(({ y }) => y.length >= from && y.length < below);
  if (some.length === 0) return null;
  const { alone, served, y } = pooled(some);
  const differences = some.map((l) => meanLoss(l.served, l.y) - meanLoss(l.alone, l.y));
  const share = (isSo: (difference: number) => boolean) => differences.filter(isSo).length / some.length;
  return {
    learners: some.length,
    answers: y.length,
    aucAlone: auc(alone, y),
    aucServed: auc(served, y),
    lossAlone: meanLoss(alone, y),
    lossServed: meanLoss(served, y),
    notWorse: share((d) => d <= 0),
    helped: share((d) => d <= -NOTICEABLE),
    harmed: share((d) => d >= NOTICEABLE),
  };
}

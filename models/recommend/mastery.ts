import { sigmoid } from '#shared/maths/logistic.ts';

/** An answer as the mastery estimate reads it. */
export interface SkillAnswer {
  readonly skills: readonly string[];
  /** Log-odds of a right answer for an average learner: the item's difficulty table. */
  readonly logit: number;
  readonly y: 0 | 1;
}

/** What is believed of a learner's skill, logits above an average learner: normal, mean and variance. */
export interface SkillBelief {
  readonly mean: number;
  readonly variance: number;
}

/** Nothing seen. */
export const NO_BELIEF: SkillBelief = { mean: 0, variance: 1 };

// by every answer a skill is expected to grow a little, and may jump
const GROWTH = 0.05;
const JUMP = 0.2;

/** The belief after one more answer: an extended Kalman filter with the logistic as its reading (Glickman 1999 has the same step). */
export function believe({ mean, variance }: SkillBelief, logit: number, y: 0 | 1): SkillBelief {
  const [before, spread] = [mean + GROWTH, variance + JUMP];
  const p = sigmoid(before + logit);
  const after = 1 / (1 / spread + p * (1 - p));
  return { mean: before + after * (y - p), variance: after };
}

/** Beliefs of every skill met, from the whole history in order. */
export function beliefsOf(answers: readonly SkillAnswer[]): ReadonlyMap<string, SkillBelief> {
  const beliefs = new Map<string, SkillBelief>();
  for (const { skills, logit, y } of answers)
    for (const skill of skills) beliefs.set(skill, believe(beliefs.get(skill) ?? NO_BELIEF, logit, y));
  return beliefs;
}

const MASTERED = 0.8;
/** Slope at which a logistic follows the normal distribution function (Bowling et al. 2009). */
const AS_NORMAL = 1.702;

/** The chance that a skill is not mastered yet: that its items would be answered right less than .8 of the time. 0 for a skill without items. */
export function leftToLearn({ mean, variance }: SkillBelief, itemLogits: readonly number[]): number {
  if (itemLogits.length === 0) return 0;
  const expected = itemLogits.reduce((sum, logit) => sum + sigmoid(mean + logit), 0) / itemLogits.length;
  const doubt = Math.max(0.02, Math.sqrt(variance) * expected * (1 - expected));
  return sigmoid((AS_NORMAL * (MASTERED - expected)) / doubt);
}

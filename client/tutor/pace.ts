import type { AnswerRow } from '#shared/tracking/rows.ts';

const USUAL_S = 50;
const USUAL_WEIGHT = 5;

/** Seconds a question takes this learner: the mean of the latest hundred, pulled towards fifty while there are few. */
export function secondsAQuestion(answers: readonly AnswerRow[]): number {
  const latest = answers.slice(-100);
  return (latest.reduce((sum, a) => sum + a.time_spent, 0) + USUAL_S * USUAL_WEIGHT) / (latest.length + USUAL_WEIGHT);
}

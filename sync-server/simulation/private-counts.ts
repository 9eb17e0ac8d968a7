import type { Counts } from '#models/difficulty/tables.ts';
import { countsOf, type LearnerAnswers } from '#models/difficulty/training-rows.ts';
import { normal, type Rng } from '#shared/maths/rng.ts';

/**
 * Item counts as layout 2 of the cohort statistics would release them: 20 first attempts a report, independent Gaussian noise, one sum
 * per filled slot.
 *
 * @param plan learners of each slot
 */
export function privateCounts(answers: readonly LearnerAnswers[], plan: readonly (readonly number[])[], rng: Rng): Counts {
  const PER_REPORT = 20;
  const SIGMA = 4;
  const counts = countsOf(answers, () => false);
  const sentBefore = new Int32Array(answers.length);
  const firstAttempts = answers.map((own) => {
    const seen = new Set<string>();
    return own.filter((a) => !seen.has(a.question.id) && seen.add(a.question.id));
  });
  for (const chosen of plan) {
    for (const n of chosen) {
      const from = sentBefore[n] as number;
      const sent = (firstAttempts[n] as LearnerAnswers).slice(from, from + PER_REPORT);
      sentBefore[n] = from + sent.length;
      for (const { question, y } of sent) {
        const own = counts.items.get(question.id) ?? { right: 0, answers: 0 };
        counts.items.set(question.id, { right: own.right + y, answers: own.answers + 1 });
      }
    }
  }
  const filled = plan.filter((c) => c.length > 0).length;
  const deviation = SIGMA * Math.sqrt(2 * PER_REPORT) * Math.sqrt(filled);
  const questions = new Map(answers.flatMap((own) => own.map((a) => [a.question.id, a.question] as const)));
  for (const [id, question] of questions) {
    const own = counts.items.get(id) ?? { right: 0, answers: 0 };
    const noisy = { right: own.right + deviation * normal(rng), answers: own.answers + deviation * normal(rng) };
    counts.items.set(id, noisy);
    for (const skill of question.skills) {
      const sum = counts.skills.get(skill) ?? { right: 0, answers: 0 };
      counts.skills.set(skill, { right: sum.right + noisy.right, answers: sum.answers + noisy.answers });
    }
  }
  return counts;
}

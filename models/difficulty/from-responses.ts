import { remembered } from '#shared/domain/remembered.ts';
import type { Response } from '#shared/domain/response-data.ts';
import type { Question } from './question.ts';
import type { LearnerAnswers } from './training-rows.ts';

/** Responses of a data set without authors' priors as the answers the learner model reads. */
export function priorlessAnswers(
  learners: readonly (readonly Response[])[],
  skills: ReadonlyMap<number, readonly string[]>,
): readonly LearnerAnswers[] {
  const questions = new Map<number, Question>();
  const question = (item: number): Question => remembered(questions, item, () => ({ id: String(item), skills: skills.get(item) ?? [] }));
  return learners.map((answers) => answers.map(({ item, correct }) => ({ question: question(item), y: correct })));
}

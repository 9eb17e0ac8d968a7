import type { Question } from '#models/difficulty/question.ts';
import { priorTables } from '#models/difficulty/tables.ts';
import { type LearnerAnswers, rowsOf } from '#models/difficulty/training-rows.ts';
import type { Batch } from '#models/learner.ts';
import { syntheticExam, syntheticLearner } from '#models/synthetic/learners.ts';
import { seededRng } from '#shared/maths/rng.ts';
import type { HoldOut } from './leader.ts';

/** Version of the recipe below; a changed recipe is a new version. */
export const HOLD_OUT_VERSION = 'synthetic-1';

const EXAMS = 6;
const LEARNERS = 60;
/** Seeds never used in training. */
const FIRST_SEED = 900_000;

/** Answers of made-up learners in one made-up exam, as a new installation meets them. */
export function syntheticClass(
  seed: number,
  learners: number,
): { readonly questions: readonly Question[]; readonly answers: readonly LearnerAnswers[] } {
  const rng = seededRng(seed);
  const exam = syntheticExam(60 + (rng() % 240), 6 + (rng() % 10), rng);
  const questions = exam.items.map((item, i): Question => ({ id: String(i), skills: item.skills.map(String), prior: item.prior }));
  const answers = Array.from({ length: learners }, () =>
    syntheticLearner(exam, 30 + (rng() % 220), rng).map(({ item, y }) => ({ question: questions[item] as Question, y })),
  );
  return { questions, answers };
}

/** Features and outcomes of one class; tables hold the authors' priors alone. */
function classRows(seed: number): Batch {
  const { questions, answers } = syntheticClass(seed, LEARNERS);
  const tables = priorTables(questions);
  return rowsOf(answers, () => tables);
}

/** The public hold-out of the gates: made-up learners from the seeded generator, the same rows everywhere. */
export function publicHoldOut(): HoldOut {
  const parts = Array.from({ length: EXAMS }, (_, i) => classRows(FIRST_SEED + i));
  const x = new Float32Array(parts.reduce((n, p) => n + p.x.length, 0));
  const y = new Float32Array(parts.reduce((n, p) => n + p.y.length, 0));
  let [xAt, yAt] = [0, 0];
  for (const part of parts) {
    x.set(part.x, xAt);
    y.set(part.y, yAt);
    xAt += part.x.length;
    yAt += part.y.length;
  }
  return { x, y };
}

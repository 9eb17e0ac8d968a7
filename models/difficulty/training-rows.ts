import { type Batch, FEATURE_COUNT } from '../learner.ts';
import { advance, noHistory, writeFeatures } from './features.ts';
import type { Answer } from './question.ts';
import { type Counts, countAnswer, type DifficultyTables, noCounts, tablesFrom } from './tables.ts';

/** Answers of one learner, in order. */
export type LearnerAnswers = readonly Answer[];

/** Features and outcomes of every answer of every learner, each seeing that learner's earlier answers and the given tables only. */
export function rowsOf(learners: readonly LearnerAnswers[], tablesFor: (learner: number) => DifficultyTables): Batch {
  const n = learners.reduce((sum, answers) => sum + answers.length, 0);
  const x = new Float32Array(n * FEATURE_COUNT);
  const y = new Float32Array(n);
  let row = 0;
  learners.forEach((answers, learner) => {
    const history = noHistory();
    const tables = tablesFor(learner);
    for (const answer of answers) {
      writeFeatures(x, row * FEATURE_COUNT, history, answer.question, tables);
      y[row++] = answer.y;
      advance(history, answer);
    }
  });
  return { x, y };
}

/** Counts over all answers of the learners that `include` accepts. */
export function countsOf(learners: readonly LearnerAnswers[], include: (learner: number) => boolean = () => true): Counts {
  const counts = noCounts();
  learners.forEach((answers, learner) => {
    if (include(learner)) for (const answer of answers) countAnswer(counts, answer);
  });
  return counts;
}

/** Training rows whose table features come from the other folds' learners, so that no row has seen its own answer in a table. */
export function outOfFoldRows(
  learners: readonly LearnerAnswers[],
  folds = 4,
  tablesOf: (learners: readonly LearnerAnswers[]) => DifficultyTables = (some) => tablesFrom(countsOf(some)),
): Batch {
  const tables = Array.from({ length: folds }, (_, fold) => tablesOf(learners.filter((_, learner) => learner % folds !== fold)));
  return rowsOf(learners, (learner) => tables[learner % folds] as DifficultyTables);
}

/** The last rows of a batch, at most `limit`; fresh arrays. */
export function latestRows({ x, y }: Batch, limit: number): Batch {
  const n = Math.min(limit, y.length);
  return { x: x.slice(x.length - n * FEATURE_COUNT), y: y.slice(y.length - n) };
}

import type { Network } from '../difficulty/personal-model.ts';
import { absorb, freshModel, predict } from '../difficulty/personal-model.ts';
import type { DifficultyTables } from '../difficulty/tables.ts';
import type { LearnerAnswers } from '../difficulty/training-rows.ts';
import { factorOf, predictedScore } from '../patterns/predicted-score.ts';

/** One pseudo-exam: what was predicted before it, and what came. */
export interface PseudoExam {
  readonly expected: number;
  readonly spread: number;
  readonly score: number;
}

const HISTORY = 30;

/**
 * Every stretch of `questions` answers of a learner, after the first 30 and one after another, taken as an exam: the state is frozen
 * before it, each of its questions predicted from there.
 */
export function pseudoExams(answers: LearnerAnswers, network: Network, tables: DifficultyTables, questions: number): readonly PseudoExam[] {
  const model = freshModel(network, tables);
  const past: number[] = [];
  const exams: PseudoExam[] = [];
  for (const [i, answer] of answers.entries()) {
    const isStart = i >= HISTORY && (i - HISTORY) % questions === 0 && i + questions <= answers.length;
    if (isStart) {
      const exam = answers.slice(i, i + questions);
      const frozen = { ...model, history: { ...model.history, streak: 0, previous: null } };
      const p = exam.map(({ question }) => predict(frozen, question).p);
      const told = predictedScore({
        topics: [{ weight: 1, answers: past.length, p }],
        past,
        examQuestions: questions,
        daysSinceLast: 0,
        isUnsettled: false,
        pastMisses: [],
      });
      const score = exam.reduce((sum, a) => sum + a.y, 0) / questions;
      if (told.kind === 'range') exams.push({ expected: told.range.expected, spread: told.range.spread, score });
    }
    past.push(absorb(model, answer).p);
  }
  return exams;
}

/** How often ranges of one factor hold, and how wide they are. */
export interface RangeReport {
  readonly exams: number;
  readonly factor: number;
  /** Share of the exams whose score lies in its range. */
  readonly coverage: number;
  /** Mean width, shares of the exam. */
  readonly width: number;
}

const missOf = ({ expected, spread, score }: PseudoExam): number => Math.abs(score - expected) / spread;

/** Coverage of ranges with the given factor, ends held in [0, 1]. */
export function judgeRanges(exams: readonly PseudoExam[], factor: number): RangeReport {
  const hits = exams.filter((e) => missOf(e) <= factor).length;
  const widths = exams.map((e) => Math.min(1, e.expected + factor * e.spread) - Math.max(0, e.expected - factor * e.spread));
  return { exams: exams.length, factor, coverage: hits / exams.length, width: widths.reduce((a, b) => a + b, 0) / exams.length };
}

/** The conformal factor of other learners' exams: its ranges cover 80 % of exams like them (Vovk, Gammerman and Shafer 2005). */
export const conformalFactor = (exams: readonly PseudoExam[]): number => factorOf(exams.map(missOf));

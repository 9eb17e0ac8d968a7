import { remembered } from '#shared/domain/remembered.ts';
import type { Network } from '../difficulty/personal-model.ts';
import { absorb, freshModel, predict } from '../difficulty/personal-model.ts';
import { type Question, skillsOf } from '../difficulty/question.ts';
import type { DifficultyTables } from '../difficulty/tables.ts';
import type { LearnerAnswers } from '../difficulty/training-rows.ts';
import { factorOf, rangeOf, type ScoredTopic } from '../patterns/predicted-score.ts';

/** One pseudo-exam: what was predicted before it, and what came. */
export interface PseudoExam {
  readonly expected: number;
  readonly spread: number;
  readonly score: number;
}

const HISTORY = 30;

/** The exam's topics, one for each combination of skills: their shares, the chances of their questions, the answers on them so far. */
function topicsOf(questions: readonly Question[], p: readonly number[], answersOn: ReadonlyMap<string, number>): readonly ScoredTopic[] {
  const topics = new Map<string, { answers: number; p: number[] }>();
  questions.forEach((question, i) => {
    const skills = skillsOf(question);
    const answers = skills.reduce((sum, skill) => sum + (answersOn.get(skill) ?? 0), 0) / skills.length;
    remembered(topics, skills.join(' '), () => ({ answers, p: [] })).p.push(p[i] as number);
  });
  return [...topics.values()].map((topic) => ({ ...topic, weight: topic.p.length / questions.length }));
}

/**
 * Every stretch of `questions` answers of a learner, after the first 30 and one after another, taken as an exam: the state is frozen
 * before it, each of its questions predicted from there. A range is made for all of them, those too that the app would hide.
 */
export function pseudoExams(answers: LearnerAnswers, network: Network, tables: DifficultyTables, questions: number): readonly PseudoExam[] {
  const model = freshModel(network, tables);
  const past: number[] = [];
  const answersOn = new Map<string, number>();
  const exams: PseudoExam[] = [];
  for (const [i, answer] of answers.entries()) {
    const isStart = i >= HISTORY && (i - HISTORY) % questions === 0 && i + questions <= answers.length;
    if (isStart) {
      const exam = answers.slice(i, i + questions);
      const asked = exam.map((a) => a.question);
      const frozen = { ...model, history: { ...model.history, streak: 0, previous: null } };
      const p = asked.map((question) => predict(frozen, question).p);
      const { expected, spread } = rangeOf({ topics: topicsOf(asked, p, answersOn), past, examQuestions: questions, pastMisses: [] });
      exams.push({ expected, spread, score: exam.reduce((sum, a) => sum + a.y, 0) / questions });
    }
    past.push(absorb(model, answer).p);
    for (const skill of skillsOf(answer.question)) answersOn.set(skill, (answersOn.get(skill) ?? 0) + 1);
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

/** The conformal factor of these exams: its ranges cover 80 % of exams like them (Vovk, Gammerman and Shafer 2005). */
export const conformalFactor = (exams: readonly PseudoExam[]): number => factorOf(exams.map(missOf));

/** Coverage of conformal ranges, each learner's by the factor of the other half of the learners. @param byLearner each one's exams */
export function conformalCoverage(byLearner: readonly (readonly PseudoExam[])[]): number {
  const halves = [0, 1].map((half) => byLearner.filter((_, i) => i % 2 === half).flat());
  const hits = halves.map((exams, half) => judgeRanges(exams, conformalFactor(halves[1 - half] ?? [])).coverage * exams.length);
  return hits.reduce((a, b) => a + b, 0) / halves.reduce((sum, exams) => sum + exams.length, 0);
}

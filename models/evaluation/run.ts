import { type Scores, scores } from '#shared/maths/scores.ts';
import type { LearnerAnswers } from '../difficulty/training-rows.ts';
import { networkOf } from '../reference/network.ts';
import {
  type CalibrationBin,
  type ColdStartPoint,
  calibration,
  coldStart,
  type SelectivePoint,
  selectiveAt,
  selectiveCurve,
  sureFrom,
} from './curves.ts';
import { type ModelName, type OnTraining, type Predictor, type Training, trainPredictor } from './predictors.ts';
import { type PersonalGain, personalGain, pooled, type Served, serve } from './prequential.ts';
import { conformalCoverage, judgeRanges, type PseudoExam, pseudoExams, type RangeReport } from './score-ranges.ts';

/** Everything measured of one model on held-out learners. */
export interface Evaluation {
  readonly parameters: number;
  /** The shared model alone. */
  readonly alone: Scores;
  /** With the personal layer on top, answer by answer. */
  readonly served: Scores;
  /** Learners with fewer than 100 answers, and with 100 or more; null where there are none. */
  readonly short: PersonalGain | null;
  readonly long: PersonalGain | null;
  /** Sureness from which on these answers reach 92 % together: for use on other learners. */
  readonly tau92: number;
  /** Accuracy and coverage at the τ given; null if none was. */
  readonly selective: SelectivePoint | null;
  readonly calibration: readonly CalibrationBin[];
  readonly selectiveCurve: readonly SelectivePoint[];
  readonly coldStart: readonly ColdStartPoint[];
  /** 80 % ranges on pseudo-exams of 20 and 40 answers, and the coverage of conformal ones; empty for all but the first tier. */
  readonly ranges: readonly (RangeReport & { readonly questions: number; readonly conformal: number })[];
}

/** Learners to train on and learners to judge by; several pairs are pooled. */
export interface Round {
  readonly train: readonly LearnerAnswers[];
  readonly test: readonly LearnerAnswers[];
}

/** Longest history counted as short. */
export const SHORT_HISTORY = 100;

const EXAM_LENGTHS = [20, 40] as const;

function examsOf({ weights, tables }: Predictor, test: readonly LearnerAnswers[], questions: number): readonly (readonly PseudoExam[])[] {
  if (!weights || !tables) return [];
  const network = networkOf(weights);
  return test.map((answers) => pseudoExams(answers, network, tables, questions));
}

/** Trains on each round's training learners and judges on its held-out ones. @param tau sureness chosen on other learners, or null @param trained how */
export function evaluate(
  name: ModelName,
  rounds: readonly Round[],
  seed: number,
  factor: number,
  tau: number | null,
  tell: OnTraining,
  trained: Training = trainPredictor,
): Evaluation {
  const learners: Served[] = [];
  const exams = new Map(EXAM_LENGTHS.map((n) => [n, [] as (readonly PseudoExam[])[]]));
  let parameters = 0;
  for (const { train, test } of rounds) {
    const predictor = trained(name, train, seed, tell);
    parameters = predictor.parameters;
    for (const answers of test) learners.push(serve(answers, predictor.forecast(answers)));
    for (const [questions, all] of exams) all.push(...examsOf(predictor, test, questions));
  }
  const { alone, served, y } = pooled(learners);
  return {
    parameters,
    alone: scores(alone, y),
    served: scores(served, y),
    short: personalGain(learners, 1, SHORT_HISTORY),
    long: personalGain(learners, SHORT_HISTORY, Number.POSITIVE_INFINITY),
    tau92: sureFrom(served, y, 0.92),
    selective: tau === null ? null : selectiveAt(served, y, tau),
    calibration: calibration(served, y),
    selectiveCurve: selectiveCurve(served, y),
    coldStart: coldStart(learners),
    ranges: [...exams].flatMap(([questions, all]) =>
      all.flat().length === 0 ? [] : [{ questions, conformal: conformalCoverage(all), ...judgeRanges(all.flat(), factor) }],
    ),
  };
}

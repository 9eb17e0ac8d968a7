/** A topic as the predicted score sees it. */
export interface ScoredTopic {
  /** Share of the exam. */
  readonly weight: number;
  /** Standing answers on it. */
  readonly answers: number;
  /** P(correct) of each of its questions, the state frozen. */
  readonly p: readonly number[];
}

/** What a range is made from. */
export interface RangeBasis {
  readonly topics: readonly ScoredTopic[];
  /** P(correct) given before each of the answers so far. */
  readonly past: readonly number[];
  /** Questions of the exam. */
  readonly examQuestions: number;
  /** |S − E| / √V of earlier predictions that were put to the test: finished mocks and real exams. */
  readonly pastMisses: readonly number[];
}

/** What a predicted score rests on. */
export interface ScoreBasis extends RangeBasis {
  readonly daysSinceLast: number;
  /** The shared model has just been found not to describe the learner any more. */
  readonly isUnsettled: boolean;
}

/** Share of the exam expected right, an 80 % range, and the answers behind it. */
export interface ScoreRange {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
  readonly answers: number;
  /** Standard deviation √V the range was made with. */
  readonly spread: number;
}

/** A range, or what is missing for one. */
export type PredictedScore =
  | { readonly kind: 'range'; readonly range: ScoreRange }
  | { readonly kind: 'early'; readonly answers: number; readonly coverage: number }
  | { readonly kind: 'stale'; readonly days: number }
  | { readonly kind: 'unsettled' };

/** Fewest answers, and the least share of the syllabus with three answers a topic, before a range is shown. */
export const SCORE_NEEDS = { answers: 30, coverage: 0.6, answersATopic: 3, days: 45 } as const;

// of a grid of them, 80 % ranges that hold alike on validation learners of both published sets, exams of 20 and of 40 questions
const LEARNER_SD = 0.065;
const TOPIC_SD = 0.14;
/** Answers on a topic that halve its variance. */
const TOPIC_ANSWERS = 10;
/** Half the width of an 80 % range in standard deviations, before there is a record to take it from. */
export const C_80 = 1.28;

/** The conformal quantile of past misses, once there are enough for the 80 % one to exist (4 of them). */
export function factorOf(pastMisses: readonly number[]): number {
  const rank = Math.ceil((pastMisses.length + 1) * 0.8);
  const sorted = [...pastMisses].sort((a, b) => a - b);
  return rank <= sorted.length ? (sorted[rank - 1] as number) : C_80;
}

/**
 * The exam's score as an 80 % range: E = Σ w · mean p; V = Σ p(1−p)/K² + .065² + Σ w² · .14²/(1 + n/10) + (E(1−E))²/(1 + Σ past p(1−p)),
 * w the weight of a topic and n the answers on it: what is not known of the learner, of each topic, and of how far the answers so far can
 * be trusted. E ± c·√V, held in [0, 1]; c is 1.28, or the conformal quantile of earlier ranges' misses.
 */
export function rangeOf({ topics, past, examQuestions, pastMisses }: RangeBasis): ScoreRange {
  let [expected, itemVariance, topicVariance] = [0, 0, 0];
  // a topic without questions is taken to go as the others do
  const told = topics.filter((topic) => topic.p.length > 0);
  const whole = told.reduce((sum, { weight }) => sum + weight, 0) / topics.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight: share, answers, p } of told) {
    const weight = share / whole;
    expected += (weight * p.reduce((a, b) => a + b, 0)) / p.length;
    itemVariance += (weight * p.reduce((a, b) => a + b * (1 - b), 0)) / p.length;
    topicVariance += (weight * TOPIC_SD) ** 2 / (1 + answers / TOPIC_ANSWERS);
  }
  const known = past.reduce((sum, p) => sum + p * (1 - p), 0);
  const learnerVariance = LEARNER_SD ** 2 + (expected * (1 - expected)) ** 2 / (1 + known);
  const spread = Math.sqrt(itemVariance / examQuestions + topicVariance + learnerVariance);
  const half = factorOf(pastMisses) * spread;
  return { low: Math.max(0, expected - half), expected, high: Math.min(1, expected + half), answers: past.length, spread };
}

/** The exam's score as a range; hidden, with what is missing, below the needs above. */
export function predictedScore({ daysSinceLast, isUnsettled, ...basis }: ScoreBasis): PredictedScore {
  const { topics, past } = basis;
  const met = topics.filter((t) => t.answers >= SCORE_NEEDS.answersATopic);
  const coverage = met.reduce((sum, t) => sum + t.weight, 0);
  // the weights are decimal fractions: .6 of them may add up to a hair less
  if (past.length < SCORE_NEEDS.answers || coverage < SCORE_NEEDS.coverage - 1e-9) return { kind: 'early', answers: past.length, coverage };
  if (daysSinceLast > SCORE_NEEDS.days) return { kind: 'stale', days: Math.floor(daysSinceLast) };
  if (isUnsettled) return { kind: 'unsettled' };
  return { kind: 'range', range: rangeOf(basis) };
}

/** A topic as the predicted score sees it. */
export interface ScoredTopic {
  /** Share of the exam. */
  readonly weight: number;
  /** Standing answers on it. */
  readonly answers: number;
  /** P(correct) of each of its questions, the state frozen. */
  readonly p: readonly number[];
}

/** What a predicted score rests on. */
export interface ScoreBasis {
  readonly topics: readonly ScoredTopic[];
  /** P(correct) given before each of the answers so far. */
  readonly past: readonly number[];
  /** Questions of the exam. */
  readonly examQuestions: number;
  readonly daysSinceLast: number;
  /** The shared model has just been found not to describe the learner any more. */
  readonly isUnsettled: boolean;
  /** |S − E| / √V of earlier predictions that were put to the test: finished mocks and real exams. */
  readonly pastMisses: readonly number[];
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

// of .04 to .12 the one whose 80 % ranges held nearest to 80 % on validation learners of both published sets
const LEARNER_SD = 0.085;
/** Half the width of an 80 % range in standard deviations, before there is a record to take it from. */
export const C_80 = 1.28;

/** The conformal quantile of past misses, once there are enough for the 80 % one to exist (4 of them). */
export function factorOf(pastMisses: readonly number[]): number {
  const rank = Math.ceil((pastMisses.length + 1) * 0.8);
  const sorted = [...pastMisses].sort((a, b) => a - b);
  return rank <= sorted.length ? (sorted[rank - 1] as number) : C_80;
}

/**
 * The exam's score as an 80 % range: E = Σ weight · mean p; V = Σ p(1−p)/K² + .085² + (E(1−E))²/(1 + Σ past p(1−p)); E ± c·√V, held in
 * [0, 1]. c is 1.28, or the conformal quantile of earlier ranges' misses. Hidden, with what is missing, below the needs above.
 */
export function predictedScore({ topics, past, examQuestions, daysSinceLast, isUnsettled, pastMisses }: ScoreBasis): PredictedScore {
  const met = topics.filter((t) => t.answers >= SCORE_NEEDS.answersATopic);
  const coverage = met.reduce((sum, t) => sum + t.weight, 0);
  // the weights are decimal fractions: .6 of them may add up to a hair less
  if (past.length < SCORE_NEEDS.answers || coverage < SCORE_NEEDS.coverage - 1e-9) return { kind: 'early', answers: past.length, coverage };
  if (daysSinceLast > SCORE_NEEDS.days) return { kind: 'stale', days: Math.floor(daysSinceLast) };
  if (isUnsettled) return { kind: 'unsettled' };
  let [expected, itemVariance] = [0, 0];
  for (const { weight, p } of topics) {
    const n = Math.max(1, p.length);
    expected += (weight * p.reduce((a, b) => a + b, 0)) / n;
    itemVariance += (weight * p.reduce((a, b) => a + b * (1 - b), 0)) / n;
  }
  const known = past.reduce((sum, p) => sum + p * (1 - p), 0);
  const spread = Math.sqrt(itemVariance / examQuestions + LEARNER_SD ** 2 + (expected * (1 - expected)) ** 2 / (1 + known));
  const half = factorOf(pastMisses) * spread;
  const range = { low: Math.max(0, expected - half), expected, high: Math.min(1, expected + half), answers: past.length, spread };
  return { kind: 'range', range };
}

/** An answer as the session's own figures need it. */
export interface SessionAnswer {
  readonly itemId: string;
  /** Epoch ms. */
  readonly at: number;
  /** Seconds, the hidden tab left out. */
  readonly timeSpent: number;
  /** Stated confidence, 0–1; null where none was asked. */
  readonly confidence: number | null;
}

/** What a session is measured from. */
export interface SessionBasis {
  /** Its standing answers, oldest first. */
  readonly answers: readonly SessionAnswer[];
  readonly planned: number;
  /** Seconds from the start to the last answer; of several sessions, each by itself. */
  readonly lasted: number;
  /** The learner's median time for a question, seconds; null for one never answered. */
  readonly usualTime: (itemId: string) => number | null;
  /** The learner's offset before its first answer and after its last, logits. */
  readonly thetaStart: number;
  readonly thetaEnd: number;
  /** Ratings, 1–5, of the latest 28 days. */
  readonly ratings: readonly number[];
}

/** Figures of a session at its end, under the names of the product's experiment log; one that cannot be told is left out. */
export type SessionMetrics = Readonly<
  Partial<Record<'learning_velocity' | 'engagement_score' | 'average_confidence' | 'satisfaction', number>>
>;

const LEAST_STUDY_S = 300;
const RAPID_S = 2;
const RAPID_SHARE = 0.1;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean of: answered of what was planned, study time of the time that passed, and the share of answers that were not rapid. Null without answers. */
function engagement({ answers, planned, lasted, usualTime }: SessionBasis): number | null {
  if (answers.length === 0 || planned <= 0) return null;
  const studied = answers.reduce((sum, a) => sum + a.timeSpent, 0);
  const rapid = answers.filter((a) => a.timeSpent < Math.max(RAPID_S, RAPID_SHARE * (usualTime(a.itemId) ?? 0))).length;
  return mean([Math.min(1, answers.length / planned), lasted > 0 ? Math.min(1, studied / lasted) : 1, 1 - rapid / answers.length]);
}

/**
 * A session's figures: `learning_velocity` = (θ_end − θ_start) per hour of study, from 300 s on; `engagement_score` 0–1;
 * `average_confidence` of the answers that have one; `satisfaction` = mean rating of the last 28 days.
 */
export function sessionMetrics(basis: SessionBasis): SessionMetrics {
  const { answers, thetaStart, thetaEnd, ratings } = basis;
  const studied = answers.reduce((sum, a) => sum + a.timeSpent, 0);
  const stated = answers.flatMap((a) => (a.confidence === null ? [] : [a.confidence]));
  const engaged = engagement(basis);
  return {
    ...(studied >= LEAST_STUDY_S ? { learning_velocity: (thetaEnd - thetaStart) / (studied / 3600) } : {}),
    ...(engaged === null ? {} : { engagement_score: engaged }),
    ...(stated.length > 0 ? { average_confidence: mean(stated) } : {}),
    ...(ratings.length > 0 ? { satisfaction: mean(ratings) } : {}),
  };
}

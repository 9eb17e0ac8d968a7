/** One item a recommendation may pick, with all that the score needs. */
export interface Option {
  readonly itemId: string;
  readonly skills: readonly string[];
  /** Served P(correct) now. */
  readonly p: number;
  /** Answers the learner has given to it. */
  readonly attempts: number;
  /** Answers since the latest one to it; Infinity if never answered. */
  readonly answersAgo: number;
  /** 1 - recall (section "Review scheduling"), 0 if new. */
  readonly due: number;
}

/** What the learner asked for, and where they stand. */
export interface Situation {
  /** Target P(correct): .85 easier, .80 balanced, .75 harder. */
  readonly targetP: number;
  /** Scored answers so far in this exam. */
  readonly answers: number;
  /** Exam weight of each skill; those missing count as the smallest. */
  readonly skillWeights: ReadonlyMap<string, number>;
  /** How much of each skill is still to be learned, 0–1; those missing: all of it. */
  readonly leftToLearn: ReadonlyMap<string, number>;
  /** Share of the latest ten answers that asked for each skill, 0–1: what was just practised makes room for the rest. */
  readonly recentShare: ReadonlyMap<string, number>;
}

/** The parts of a score; their sum ranks the item. */
export const TERMS = ['fit', 'weak', 'due', 'cold', 'unseen'] as const;

/** One part of a score. */
export type Term = (typeof TERMS)[number];

/** An option with its score before the diversity term. */
export interface Scored {
  readonly option: Option;
  readonly terms: Readonly<Record<Term, number>>;
  readonly score: number;
}

/** Items answered within this many answers are not offered again unless due. */
export const REST_ANSWERS = 10;
const DUE_ENOUGH = 0.1;
const COLD_ANSWERS = 30;
const CROWDING = 2;
const LATEST = 10;

/** Share of the latest ten answers that asked for each skill. @param skillsOfAnswers skills of every answer, in order */
export function recentShares(skillsOfAnswers: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  const latest = skillsOfAnswers.slice(-LATEST);
  const shares = new Map<string, number>();
  for (const skills of latest) for (const skill of skills) shares.set(skill, (shares.get(skill) ?? 0) + 1 / latest.length);
  return shares;
}

/** The fit term at the target itself. */
export const GREATEST_FIT = 0.25;

/** What may be offered now: not just answered, unless it is due. */
export function eligible(options: readonly Option[]): readonly Option[] {
  return options.filter((o) => o.answersAgo > REST_ANSWERS || o.due > DUE_ENOUGH);
}

const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length);

/**
 * Score options: `.25 fit to the target + .30 not mastered yet, heavy and not just practised topic + .10 due + .15 uncertainty while cold + .10 unseen`.
 * Of the shares that keep the learner's own difficulty these taught simulated learners fastest (`npm run study`). The diversity term depends on the slate and is added
 * when drawing.
 *
 * @param options those eligible
 */
export function scoreOptions(options: readonly Option[], situation: Situation): readonly Scored[] {
  const largest = Math.max(...situation.skillWeights.values(), 1e-9);
  const cold = Math.max(0, 1 - situation.answers / COLD_ANSWERS);
  const weaknessOf = (skill: string) =>
    (situation.leftToLearn.get(skill) ?? 1) *
    ((situation.skillWeights.get(skill) ?? 0) / largest) *
    Math.max(0, 1 - CROWDING * (situation.recentShare.get(skill) ?? 0));
  return options.map((option) => {
    const terms = {
      fit: GREATEST_FIT * Math.max(0, 1 - Math.abs(option.p - situation.targetP) / 0.25),
      weak: 0.3 * mean(option.skills.map(weaknessOf)),
      due: 0.1 * option.due,
      cold: 0.15 * 4 * option.p * (1 - option.p) * cold,
      unseen: option.attempts === 0 ? 0.1 : 0,
    };
    return { option, terms, score: terms.fit + terms.weak + terms.due + terms.cold + terms.unseen };
  });
}

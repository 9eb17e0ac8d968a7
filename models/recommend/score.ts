import type { Worth } from './worth.ts';

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
  /** What a question in each skill is good for now; those missing are all to learn. */
  readonly worths: ReadonlyMap<string, Worth>;
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

/** The fit term at the target itself. */
export const GREATEST_FIT = 0.15;

/** What may be offered now: not just answered, unless it is due. */
export function eligible(options: readonly Option[]): readonly Option[] {
  return options.filter((o) => o.answersAgo > REST_ANSWERS || o.due > DUE_ENOUGH);
}

/** What the skills are worth on average. Loops, since thousands are scored while the learner waits. */
function meanWorth(skills: readonly string[], worths: ReadonlyMap<string, Worth>): Worth {
  let [toLearn, toTell] = [0, 0];
  for (const skill of skills) {
    const worth = worths.get(skill) ?? UNKNOWN;
    toLearn += worth.toLearn / skills.length;
    toTell += worth.toTell / skills.length;
  }
  return { toLearn, toTell };
}

/** Greatest at the target, nothing from one half away; it falls as a square, so that a further target pulls harder. */
export const fitOf = (p: number, targetP: number): number => GREATEST_FIT * Math.max(0, 1 - (2 * (p - targetP)) ** 2);

/** How much easier a newcomer's first question is: the app begins gently, and finds out before it asks more. */
const GENTLER = 0.15;

/**
 * The chance at which a question of a topic still to be learnt teaches most: .60 where the learner asked for easier, .45, .30 for harder.
 *
 * @param cold 1 for a newcomer, 0 from the thirtieth answer on
 */
const teachesMostAt = (targetP: number, cold: number): number => 0.45 + 3 * (targetP - 0.8) + GENTLER * cold;

const UNKNOWN: Worth = { toLearn: 1, toTell: 0 };

/**
 * Score options: `4 worth of the topic x what the question teaches + .15 fit to the target + .50 due + .30 uncertainty while the learner is new
 * or the topic in doubt + .05 unseen`. The worth chooses the topic, and what it teaches the question in it; the others take over as topics
 * are mastered. The diversity term depends on the slate and is added when drawing.
 *
 * @param options those eligible
 */
export function scoreOptions(options: readonly Option[], { targetP, answers, worths }: Situation): readonly Scored[] {
  const cold = Math.max(0, 1 - answers / COLD_ANSWERS);
  const best = teachesMostAt(targetP, cold);
  return options.map((option) => {
    const { toLearn, toTell } = meanWorth(option.skills, worths);
    const doubt = Math.max(cold, toTell);
    const terms = {
      fit: fitOf(option.p, targetP),
      weak: 4 * toLearn * (1 - (option.p - best) ** 2),
      due: 0.5 * option.due,
      cold: 0.3 * 4 * option.p * (1 - option.p) * doubt,
      unseen: option.attempts === 0 ? 0.05 : 0,
    };
    return { option, terms, score: terms.fit + terms.weak + terms.due + terms.cold + terms.unseen };
  });
}

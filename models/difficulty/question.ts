/** As much of an item as the learner model needs. */
export interface Question {
  readonly id: string;
  /** Skills it asks for; may be empty. */
  readonly skills: readonly string[];
  /** Author's prior P(correct), in (0, 1); absent where nobody gave one. */
  readonly prior?: number;
}

/** One scored answer; y = 1 only for full marks. */
export interface Answer {
  readonly question: Question;
  readonly y: 0 | 1;
}

/** The pseudo-skill of items without one. */
export const NO_SKILL = 'none';

const JUST_NO_SKILL: readonly string[] = [NO_SKILL];

/** The skills of an item, never empty. */
export function skillsOf(question: Question): readonly string[] {
  return question.skills.length > 0 ? question.skills : JUST_NO_SKILL;
}

/** Author's difficulty (0 easiest, 1 hardest) as prior P(correct): easy .2 -> .8, medium .5 -> .65, hard .8 -> .5. */
export function priorFromDifficulty(difficulty: number): number {
  return 0.9 - 0.5 * difficulty;
}

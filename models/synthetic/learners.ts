import { clip, sigmoid } from '#shared/maths/logistic.ts';
import { below, normal, type Rng, uniform } from '#shared/maths/rng.ts';

/** A made-up answer: ids are indices into the made-up exam. */
export interface SyntheticAnswer {
  readonly item: number;
  readonly skills: readonly number[];
  readonly y: 0 | 1;
}

/** A made-up item. */
export interface SyntheticItem {
  readonly skills: readonly number[];
  /** Log-odds of a right answer for an average newcomer. */
  readonly easiness: number;
  readonly guess: number;
  /** What its author would guess of P(correct): near the truth, not at it. */
  readonly prior: number;
}

/** A made-up exam. */
export interface SyntheticExam {
  readonly items: readonly SyntheticItem[];
  readonly skillCount: number;
}

/** Draw an exam: skills differ in difficulty, items around them; a tenth ask for two skills. */
export function syntheticExam(itemCount: number, skillCount: number, rng: Rng): SyntheticExam {
  const skillEase = Array.from({ length: skillCount }, () => 0.4 * normal(rng));
  const items = Array.from({ length: itemCount }, (): SyntheticItem => {
    const skill = below(skillCount, rng);
    const other = below(skillCount, rng);
    const skills = uniform(rng) < 0.1 && other !== skill ? [skill, other] : [skill];
    const easiness = 0.6 + (skillEase[skill] as number) + 0.9 * normal(rng);
    const guess = uniform(rng) < 0.8 ? 0.2 : 0;
    const truth = guess + (1 - guess) * sigmoid(easiness);
    return { skills, easiness, guess, prior: clip(truth + 0.1 * normal(rng), 0.3, 0.95) };
  });
  return { items, skillCount };
}

/**
 * One learner's answers: ability and per-skill offsets are normal, every answer teaches (faster for some, less as mastery grows),
 * a lapse between sittings forgets a little, practice sticks to a topic for a while and repeats missed items.
 */
export function syntheticLearner(exam: SyntheticExam, answers: number, rng: Rng): readonly SyntheticAnswer[] {
  const ability = normal(rng);
  const pace = Math.exp(0.5 * normal(rng)) * 0.06;
  const state = Float64Array.from({ length: exam.skillCount }, () => 0.6 * normal(rng));
  const itemMemory = new Map<number, number>();
  const missed: number[] = [];
  const bySkill = Array.from({ length: exam.skillCount }, (_, k) => exam.items.flatMap((item, i) => (item.skills[0] === k ? [i] : [])));
  let skill = below(exam.skillCount, rng);
  return Array.from({ length: answers }, (): SyntheticAnswer => {
    if (uniform(rng) < 0.25) skill = below(exam.skillCount, rng);
    if (uniform(rng) < 0.04) for (let k = 0; k < state.length; k++) state[k] = (state[k] as number) * 0.95 - 0.03;
    const inSkill = bySkill[skill] as number[];
    const again = missed.length > 0 && uniform(rng) < 0.15;
    const item = again
      ? (missed.splice(below(missed.length, rng), 1)[0] as number)
      : inSkill.length > 0
        ? (inSkill[below(inSkill.length, rng)] as number)
        : below(exam.items.length, rng);
    const { skills, easiness, guess } = exam.items[item] as SyntheticItem;
    const strength = skills.reduce((sum, k) => sum + (state[k] as number), 0) / skills.length;
    const known = guess + (1 - guess) * sigmoid(ability + strength + easiness + (itemMemory.get(item) ?? 0));
    const y = uniform(rng) < known ? 1 : 0;
    for (const k of skills) state[k] = (state[k] as number) + pace * (1.3 - y * 0.5) * (1 - sigmoid(state[k] as number));
    itemMemory.set(item, (itemMemory.get(item) ?? 0) * 0.7 + 0.8);
    if (y === 0) missed.push(item);
    return { item, skills, y };
  });
}

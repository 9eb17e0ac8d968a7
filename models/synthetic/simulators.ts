import { sigmoid } from '#shared/maths/logistic.ts';
import { below, normal, type Rng, uniform } from '#shared/maths/rng.ts';

/** A made-up person to try teaching policies on; what is inside is hidden from them. */
export interface SimulatedLearner {
  /** True P(correct) of an answer given now. */
  chance(item: number): number;
  /** Answers and learns from it. */
  answer(item: number): 0 | 1;
  /** Time away from the app; what is known may fade. */
  rest(days: number): void;
  isMastered(skill: number): boolean;
}

/** An exam for them: every item asks for one skill. */
export interface SimulatedExam {
  readonly skillOf: readonly number[];
  readonly skills: number;
  /** Log-odds of a right answer for an average newcomer, shape [items]. */
  readonly easiness: readonly number[];
  /** What its author would guess of P(correct), shape [items]. */
  readonly prior: readonly number[];
}

/** Draws an exam of `skills` skills with `each` items. */
export function simulatedExam(skills: number, each: number, rng: Rng): SimulatedExam {
  const ease = Array.from({ length: skills }, () => 0.4 * normal(rng));
  const skillOf = Array.from({ length: skills * each }, (_, i) => i % skills);
  const easiness = skillOf.map((k) => (ease[k] as number) + 0.7 * normal(rng));
  const prior = easiness.map((e) => Math.min(0.9, Math.max(0.35, 0.2 + 0.8 * sigmoid(e + 0.3 * normal(rng)))));
  return { skillOf, skills, easiness, prior };
}

const MASTERED = 0.8;
const GUESS = 0.2;

const meanOver = (exam: SimulatedExam, skill: number, of: (item: number) => number): number => {
  let [sum, n] = [0, 0];
  exam.skillOf.forEach((k, i) => {
    if (k !== skill) return;
    sum += of(i);
    n += 1;
  });
  return sum / n;
};

/** Skill grows a little with every answer, more after a mistake, less near its ceiling; a day away takes a little back. */
export function gradualLearner(exam: SimulatedExam, rng: Rng): SimulatedLearner {
  const ability = 0.4 * normal(rng);
  const pace = 0.22 * Math.exp(0.3 * normal(rng));
  const state = Float64Array.from({ length: exam.skills }, () => 0.8 * normal(rng));
  const chance = (item: number) =>
    GUESS + (1 - GUESS) * sigmoid(ability + (state[exam.skillOf[item] as number] as number) + (exam.easiness[item] as number));
  return {
    chance,
    answer(item) {
      const y = uniform(rng) < chance(item) ? 1 : 0;
      const k = exam.skillOf[item] as number;
      state[k] = (state[k] as number) + pace * (1.3 - 0.5 * y) * (1 - sigmoid((state[k] as number) - 1));
      return y;
    },
    rest(days) {
      for (let k = 0; k < state.length; k++) state[k] = (state[k] as number) - 0.01 * days;
    },
    isMastered: (skill) => meanOver(exam, skill, chance) >= MASTERED,
  };
}

/** A skill is known or it is not (Corbett and Anderson 1995): learnt at one stroke, with slips and lucky guesses. */
export function suddenLearner(exam: SimulatedExam, rng: Rng): SimulatedLearner {
  const learns = 0.06 + 0.08 * uniform(rng);
  const known = Array.from({ length: exam.skills }, () => uniform(rng) < 0.25);
  const chance = (item: number) => {
    const knows = known[exam.skillOf[item] as number];
    return knows ? 1 - 0.2 * sigmoid(-(exam.easiness[item] as number)) : 0.15 + 0.25 * sigmoid(exam.easiness[item] as number);
  };
  return {
    chance,
    answer(item) {
      const y = uniform(rng) < chance(item) ? 1 : 0;
      const k = exam.skillOf[item] as number;
      if (uniform(rng) < learns) known[k] = true;
      return y;
    },
    rest(days) {
      for (let k = 0; k < known.length; k++) if (uniform(rng) < 0.002 * days) known[k] = false;
    },
    isMastered: (skill) => known[skill] === true,
  };
}

/**
 * Unlike anything our model assumes: learning needs the right difficulty (most at even odds, none from what is far too easy or hard),
 * fades by a power law that spaced practice flattens, attention sinks within a sitting, and one skill builds on another.
 */
export function stubbornLearner(exam: SimulatedExam, rng: Rng): SimulatedLearner {
  const pace = 0.45 * Math.exp(0.3 * normal(rng));
  const state = Float64Array.from({ length: exam.skills }, () => 0.8 * normal(rng) - 0.2);
  const stability = new Float64Array(exam.skills).fill(4);
  const away = new Float64Array(exam.skills);
  const base = Array.from({ length: exam.skills }, (_, k) => (k === 0 ? null : below(k, rng)));
  let tired = 0;
  const strength = (k: number): number => {
    const own = (state[k] as number) - 0.5 * Math.log1p((away[k] as number) / (stability[k] as number));
    const under = base[k];
    return under === null || under === undefined ? own : own + 0.3 * Math.min(0, state[under] as number);
  };
  const rested = (item: number) => GUESS + (1 - GUESS) * sigmoid(strength(exam.skillOf[item] as number) + (exam.easiness[item] as number));
  const chance = (item: number) => rested(item) * (1 - 0.004 * Math.min(40, tired));
  return {
    chance,
    answer(item) {
      const p = chance(item);
      const y = uniform(rng) < p ? 1 : 0;
      const k = exam.skillOf[item] as number;
      state[k] = (state[k] as number) + pace * 4 * p * (1 - p) * (1 - sigmoid((state[k] as number) - 1));
      if ((away[k] as number) >= 1) stability[k] = (stability[k] as number) * 1.7;
      away[k] = 0;
      tired += 1;
      return y;
    },
    rest(days) {
      tired = 0;
      for (let k = 0; k < away.length; k++) away[k] = (away[k] as number) + days;
    },
    isMastered: (skill) => meanOver(exam, skill, rested) >= MASTERED,
  };
}

const FACTS = 5;

/**
 * Knows single facts, five to a skill: each item needs two of them, any answer to it may teach those it needs, and each is forgotten by its own
 * half-life, which repeating prolongs. No constant of the recommender was tuned on it.
 */
export function factsLearner(exam: SimulatedExam, rng: Rng): SimulatedLearner {
  const learns = 0.25 + 0.25 * uniform(rng);
  const knows = Array.from({ length: exam.skills * FACTS }, () => uniform(rng) < 0.3);
  const halfLife = Float64Array.from({ length: knows.length }, () => 40 * Math.exp(0.5 * normal(rng)));
  const needs = exam.skillOf.map((k) => [k * FACTS + below(FACTS, rng), k * FACTS + below(FACTS, rng)]);
  const chance = (item: number) => [0.25, 0.5, 0.95][(needs[item] ?? []).filter((fact) => knows[fact]).length] ?? 0;
  return {
    chance,
    answer(item) {
      const y = uniform(rng) < chance(item) ? 1 : 0;
      for (const fact of needs[item] ?? []) {
        const isLearnt = uniform(rng) < learns;
        if (knows[fact]) halfLife[fact] = (halfLife[fact] as number) * 1.15;
        else knows[fact] = isLearnt;
      }
      return y;
    },
    rest(days) {
      for (let fact = 0; fact < knows.length; fact++)
        if (uniform(rng) < 1 - 0.5 ** (days / (halfLife[fact] as number))) knows[fact] = false;
    },
    isMastered: (skill) => meanOver(exam, skill, chance) >= MASTERED,
  };
}

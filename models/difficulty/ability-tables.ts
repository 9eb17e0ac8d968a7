import { remembered } from '#shared/domain/remembered.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { type Answer, skillsOf } from './question.ts';
import type { DifficultyTables, TableRow } from './tables.ts';
import { countsOf, type LearnerAnswers } from './training-rows.ts';

/** Standard deviations of the normal priors, logits: learners' abilities, items around their skills, skills around the mean. */
export interface AbilityPriors {
  readonly ability: number;
  readonly item: number;
  readonly skill: number;
}

/** The priors in use; items' .9 against .6 chosen on validation learners of ASSIST2009's training part. */
export const ABILITY_PRIORS: AbilityPriors = { ability: 1, item: 0.9, skill: 1 };

const ROUNDS = 6;

interface Sum {
  slope: number;
  bend: number;
}

/**
 * Difficulty tables that allow for who answered: the posterior mode of `logit P = mean + ability + mean over skills + item`, normal priors
 * on every part, by Newton steps on one kind of part after another (a Rasch model with items inside skills; Rasch 1960, De Boeck and
 * Wilson 2004). An item met by strong learners alone is not taken for an easy one. Needs every learner's answers: a server's consented
 * data or a public set, never the federation's counts.
 */
export function abilityTables(learners: readonly LearnerAnswers[], priors: AbilityPriors = ABILITY_PRIORS): DifficultyTables {
  const abilities = new Float64Array(learners.length);
  const items = new Map<string, number>();
  const skills = new Map<string, number>();
  let mean = 0;
  const ofSkills = (own: readonly string[]) => own.reduce((sum, k) => sum + (skills.get(k) ?? 0), 0) / own.length;

  /** One Newton step on every part that `partsOf` names for an answer; each gets its share of the answer. */
  const step = (parts: Map<string, number>, sd: number, partsOf: (answer: Answer) => readonly string[]) => {
    const sums = new Map<string, Sum>();
    visit((answer, error, bend) => {
      const names = partsOf(answer);
      for (const name of names) {
        const sum = remembered(sums, name, () => ({ slope: 0, bend: 0 }));
        sum.slope += error / names.length;
        sum.bend += bend / names.length;
      }
    });
    for (const [name, { slope, bend }] of sums) {
      const before = parts.get(name) ?? 0;
      parts.set(name, before + (slope - before / sd ** 2) / (bend + 1 / sd ** 2));
    }
  };
  const visit = (take: (answer: Answer, error: number, bend: number, learner: number) => void) => {
    learners.forEach((answers, learner) => {
      for (const answer of answers) {
        const { question, y } = answer;
        const p = sigmoid(mean + (abilities[learner] as number) + (items.get(question.id) ?? 0) + ofSkills(skillsOf(question)));
        take(answer, y - p, p * (1 - p), learner);
      }
    });
  };
  const stepAbilities = () => {
    const sums = learners.map((): Sum => ({ slope: 0, bend: 0 }));
    visit((_, error, bend, learner) => {
      const sum = sums[learner] as Sum;
      sum.slope += error;
      sum.bend += bend;
    });
    sums.forEach(({ slope, bend }, i) => {
      const before = abilities[i] as number;
      abilities[i] = before + (slope - before / priors.ability ** 2) / (bend + 1 / priors.ability ** 2);
    });
  };
  const stepMean = () => {
    const all: Sum = { slope: 0, bend: 0 };
    visit((_, error, bend) => {
      all.slope += error;
      all.bend += bend;
    });
    if (all.bend > 0) mean += all.slope / all.bend;
  };
  for (let round = 0; round < ROUNDS; round++) {
    stepMean();
    stepAbilities();
    step(items, priors.item, ({ question }) => [question.id]);
    step(skills, priors.skill, ({ question }) => skillsOf(question));
  }
  const counts = countsOf(learners);
  const seen = (of: Map<string, { readonly answers: number }>, id: string) => Math.log1p(of.get(id)?.answers ?? 0);
  const rows = new Map<string, TableRow>();
  const row = (key: string, make: () => TableRow): TableRow => remembered(rows, key, make);
  return {
    item: (question) =>
      row(`item ${question.id}`, () => ({
        logit: mean + (items.get(question.id) ?? 0) + ofSkills(skillsOf(question)),
        seen: seen(counts.items, question.id),
      })),
    skill: (id) => row(`skill ${id}`, () => ({ logit: mean + (skills.get(id) ?? 0), seen: seen(counts.skills, id) })),
  };
}

import { remembered } from '#shared/domain/remembered.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { type IndexedAnswer, type Sizes, trainSparse } from './best-lr.ts';

/** P(correct) of each answer of one learner, before its outcome is seen; shape [answers]. */
export type Baseline = (answers: readonly IndexedAnswer[]) => Float32Array;

/** Item response theory with one parameter an item (Rasch 1960): item easiness from training, ability from the learner's earlier answers. */
export function trainIrt(learners: readonly (readonly IndexedAnswer[])[], { items }: Sizes): Baseline {
  const easiness = new Float64Array(items);
  const abilities = new Float64Array(learners.length);
  for (let round = 0; round < 8; round++) {
    const [slope, bend] = [new Float64Array(items), new Float64Array(items).fill(1)];
    learners.forEach((answers, l) => {
      let [gradient, curvature] = [-(abilities[l] as number), 1];
      for (const { item, y } of answers) {
        const p = sigmoid((abilities[l] as number) + (easiness[item] as number));
        gradient += y - p;
        curvature += p * (1 - p);
        slope[item] = (slope[item] as number) + y - p;
        bend[item] = (bend[item] as number) + p * (1 - p);
      }
      abilities[l] = (abilities[l] as number) + (0.7 * gradient) / curvature;
    });
    for (let i = 0; i < items; i++)
      easiness[i] = (easiness[i] as number) + (0.7 * ((slope[i] as number) - (easiness[i] as number))) / (bend[i] as number);
  }
  return (answers) => {
    let [ability, precision] = [0, 1];
    return Float32Array.from(answers, ({ item, y }) => {
      const p = sigmoid(ability + (easiness[item] as number));
      precision += p * (1 - p);
      ability += (y - p) / precision;
      return p;
    });
  };
}

const ELO_START = 1.8;
const ELO_FADE = 0.05;

/** Elo as Pelánek (2016) has it for learning: learner, learner's skill and item move after every answer by 1.8 / (1 + .05 n). */
export function trainElo(learners: readonly (readonly IndexedAnswer[])[], { items }: Sizes): Baseline {
  const easiness = new Float64Array(items);
  const met = new Float64Array(items);
  const rate = (n: number) => ELO_START / (1 + ELO_FADE * n);
  const run = (answers: readonly IndexedAnswer[], isTraining: boolean): Float32Array => {
    const skills = new Map<number, { at: number; n: number }>();
    return Float32Array.from(answers, ({ item, skills: own, y }, t) => {
      const mine = own.map((k) => remembered(skills, k, () => ({ at: 0, n: 0 })));
      const ability = mine.reduce((sum, s) => sum + s.at, 0) / Math.max(1, mine.length);
      const p = sigmoid(ability + overall + (easiness[item] as number));
      if (isTraining) {
        easiness[item] = (easiness[item] as number) + rate(met[item] as number) * (y - p);
        met[item] = (met[item] as number) + 1;
      }
      overall += rate(t) * (y - p) * 0.5;
      for (const skill of mine) {
        skill.at += rate(skill.n) * (y - p) * 0.5;
        skill.n += 1;
      }
      return p;
    });
  };
  let overall = 0;
  const from0 = (answers: readonly IndexedAnswer[], isTraining: boolean) => {
    overall = 0;
    return run(answers, isTraining);
  };
  for (const answers of learners) from0(answers, true);
  return (answers) => from0(answers, false);
}

/** Performance factors analysis (Pavlik, Cen and Koedinger 2009): per skill an easiness and weights of its wins and failures so far. */
export function trainPfa(learners: readonly (readonly IndexedAnswer[])[], { skills }: Sizes): Baseline {
  return trainSparse(
    learners,
    1 + 3 * skills,
    (answers) => {
      const wins = new Map<number, number>();
      const fails = new Map<number, number>();
      return answers.map(({ skills: own, y }) => {
        const row: (readonly [number, number])[] = [[0, 1]];
        for (const k of own) {
          row.push([1 + k, 1], [1 + skills + k, wins.get(k) ?? 0], [1 + 2 * skills + k, fails.get(k) ?? 0]);
          if (y === 1) wins.set(k, (wins.get(k) ?? 0) + 1);
          else fails.set(k, (fails.get(k) ?? 0) + 1);
        }
        return row;
      });
    },
    () => undefined,
  );
}

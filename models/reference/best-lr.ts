import { crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { minimise, type Objective } from './lbfgs.ts';

/** One answer as the baseline sees it: dense indices instead of ids. */
export interface IndexedAnswer {
  readonly item: number;
  readonly skills: readonly number[];
  readonly y: 0 | 1;
}

/** Sizes of the index spaces. */
export interface Sizes {
  readonly items: number;
  readonly skills: number;
}

/** Features of one answer that are not 0. */
export type Features = readonly (readonly [index: number, value: number])[];

/**
 * Feature rows of one learner's answers: bias, item, skills, and log-counts of wins and attempts per skill, per item and in total
 * (Gervet, Koedinger, Schneider and Mitchell 2020, "Best-LR").
 */
function featureRows(answers: readonly IndexedAnswer[], { items, skills }: Sizes): Features[] {
  const skillWins = new Map<number, number>();
  const skillTries = new Map<number, number>();
  const itemWins = new Map<number, number>();
  const itemTries = new Map<number, number>();
  let wins = 0;
  const skillAt = 1 + items;
  const winsAt = skillAt + skills;
  const triesAt = winsAt + skills;
  const shared = triesAt + skills;
  return answers.map((answer, t) => {
    const row: [number, number][] = [
      [0, 1],
      [1 + answer.item, 1],
      [shared, Math.log1p(wins)],
      [shared + 1, Math.log1p(t)],
      [shared + 2, Math.log1p(itemWins.get(answer.item) ?? 0)],
      [shared + 3, Math.log1p(itemTries.get(answer.item) ?? 0)],
    ];
    for (const skill of answer.skills) {
      row.push([skillAt + skill, 1]);
      const tries = skillTries.get(skill) ?? 0;
      if (tries > 0) row.push([winsAt + skill, Math.log1p(skillWins.get(skill) ?? 0)], [triesAt + skill, Math.log1p(tries)]);
      skillTries.set(skill, tries + 1);
      skillWins.set(skill, (skillWins.get(skill) ?? 0) + answer.y);
    }
    wins += answer.y;
    itemWins.set(answer.item, (itemWins.get(answer.item) ?? 0) + answer.y);
    itemTries.set(answer.item, (itemTries.get(answer.item) ?? 0) + 1);
    return row;
  });
}

/** A trained Best-LR: P(correct) of each answer of one learner, shape [answers]. */
export type BestLr = (answers: readonly IndexedAnswer[]) => Float32Array;

const MAX_STEPS = 300;

/** Rows in compressed form, so that hundreds of thousands of them stay fast. */
interface SparseRows {
  readonly starts: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float64Array;
}

function compressed(rows: readonly Features[]): SparseRows {
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  const starts = new Uint32Array(rows.length + 1);
  const indices = new Uint32Array(total);
  const values = new Float64Array(total);
  let k = 0;
  rows.forEach((row, i) => {
    for (const [index, value] of row) {
      indices[k] = index;
      values[k++] = value;
    }
    starts[i + 1] = k;
  });
  return { starts, indices, values };
}

/** Sum of cross-entropies plus half the squared norm: a standard-normal prior on every weight but the bias. */
function penalisedLoss({ starts, indices, values }: SparseRows, y: Uint8Array): Objective {
  return (w, gradient) => {
    let loss = 0;
    for (let j = 0; j < w.length; j++) {
      const wj = j === 0 ? 0 : (w[j] as number);
      gradient[j] = wj;
      loss += (wj * wj) / 2;
    }
    for (let i = 0; i < y.length; i++) {
      const [from, to] = [starts[i] as number, starts[i + 1] as number];
      let l = 0;
      for (let k = from; k < to; k++) l += (w[indices[k] as number] as number) * (values[k] as number);
      const outcome = y[i] as number;
      loss += crossEntropyOfLogit(l, outcome);
      const error = sigmoid(l) - outcome;
      for (let k = from; k < to; k++) {
        const j = indices[k] as number;
        gradient[j] = (gradient[j] as number) + error * (values[k] as number);
      }
    }
    return loss;
  };
}

/**
 * A logistic regression on sparse rows, trained to its optimum; deterministic.
 *
 * @param size number of features; the first is the bias, which has no prior
 * @param rowsOf features of one learner's answers, each seeing earlier answers alone
 * @param onStep told the mean penalised training loss (nats) of every step
 */
export function trainSparse(
  learners: readonly (readonly IndexedAnswer[])[],
  size: number,
  rowsOf: (answers: readonly IndexedAnswer[]) => Features[],
  onStep: (step: number, loss: number) => void,
): BestLr {
  const rows = compressed(learners.flatMap(rowsOf));
  const y = Uint8Array.from(learners.flatMap((answers) => answers.map((a) => a.y)));
  const curvature = new Float64Array(size).fill(1);
  rows.indices.forEach((index, k) => {
    curvature[index] = (curvature[index] as number) + 0.2 * (rows.values[k] as number) ** 2;
  });
  const w = minimise(penalisedLoss(rows, y), curvature, MAX_STEPS, (step, value) => onStep(step, value / y.length));
  return (answers) =>
    Float32Array.from(rowsOf(answers), (features) =>
      sigmoid(features.reduce((sum, [index, value]) => sum + (w[index] as number) * value, 0)),
    );
}

/** The logistic-regression baseline "Best-LR", trained to its optimum. @param learners answers per training learner, in order */
export function trainBestLr(
  learners: readonly (readonly IndexedAnswer[])[],
  sizes: Sizes,
  onStep: (step: number, loss: number) => void,
): BestLr {
  return trainSparse(learners, 1 + sizes.items + 3 * sizes.skills + 4, (answers) => featureRows(answers, sizes), onStep);
}

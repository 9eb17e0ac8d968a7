import { remembered } from '#shared/domain/remembered.ts';
import { logit } from '#shared/maths/logistic.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { abilityTables } from '../difficulty/ability-tables.ts';
import { skillsOf } from '../difficulty/question.ts';
import { type DifficultyTables, tablesFrom } from '../difficulty/tables.ts';
import { countsOf, type LearnerAnswers, outOfFoldRows, rowsOf } from '../difficulty/training-rows.ts';
import { type Batch, FEATURE_COUNT } from '../learner.ts';
import { type Baseline, trainElo, trainIrt, trainPfa } from '../reference/baselines.ts';
import { type IndexedAnswer, type Sizes, trainBestLr } from '../reference/best-lr.ts';
import { hybridLogits, newPass, type Sequence } from '../reference/hybrid-network.ts';
import { hybridShape } from '../reference/hybrid-shape.ts';
import { logitsOf } from '../reference/network.ts';
import { trainCentral } from '../reference/train-central.ts';
import { trainHybrid } from '../reference/train-hybrid.ts';

/** What can be trained: the two tiers of the product, and the baselines of the literature. */
export const MODELS = ['mlp', 'hybrid', 'best-lr', 'pfa', 'irt', 'elo'] as const;

/** One of them. */
export type ModelName = (typeof MODELS)[number];

/** What a model expects of one learner's answers, each from the earlier ones alone. */
export interface Forecast {
  /** Logits of P(correct), shape [n]. */
  readonly logits: Float32Array;
  /** Standardised features, shape [n, 28]; null for a baseline, which has none. */
  readonly x: Float32Array | null;
}

/** A trained model. */
export interface Predictor {
  /** Trainable numbers of the model, tables aside. */
  readonly parameters: number;
  forecast(answers: LearnerAnswers): Forecast;
  /** The tables it reads; null for a baseline. */
  readonly tables: DifficultyTables | null;
  /** The first tier's weights, shape [1473]; null for any other. */
  readonly weights: Float32Array | null;
}

/** Told how training goes. */
export type OnTraining = (done: string) => void;

const FOLDS = 10;
const EPS = 1e-6;

/** Trains a model on learners' answers; the seed is that of weights, order and dropout. */
export type Training = (name: ModelName, train: readonly LearnerAnswers[], seed: number, tell: OnTraining) => Predictor;

/** Train a model on learners' answers. @param seed of weights, order and dropout; the baselines are deterministic */
export function trainPredictor(name: ModelName, train: readonly LearnerAnswers[], seed: number, tell: OnTraining): Predictor {
  if (name === 'mlp') return mlp(train, seed, tell);
  if (name === 'hybrid') return hybrid(train, seed, tell);
  return baseline(name, train, tell);
}

/**
 * The first tier as it begins with a new exam: trained on other learners' answers in another field, and reading the tables of counts of the
 * exam at hand, as a device does.
 */
export function trainedElsewhere(elsewhere: readonly LearnerAnswers[]): Training {
  return (_, train, seed, tell) => {
    const weights = trainCentral(outOfFoldRows(elsewhere, FOLDS), seededRng(seed), epochs(10, tell));
    return firstTier(weights, tablesFrom(countsOf(train)));
  };
}

const epochs = (of: number, tell: OnTraining) => (epoch: number, loss: number) => tell(`epoch ${epoch + 1}/${of} loss ${loss.toFixed(4)}`);

function mlp(train: readonly LearnerAnswers[], seed: number, tell: OnTraining): Predictor {
  const weights = trainCentral(outOfFoldRows(train, FOLDS, abilityTables), seededRng(seed), epochs(10, tell));
  return firstTier(weights, abilityTables(train));
}

/** The first tier with these weights, shape [1473], reading these tables. */
function firstTier(weights: Float32Array, tables: DifficultyTables): Predictor {
  const forecast = (answers: LearnerAnswers) => {
    const { x } = rowsOf([answers], () => tables);
    return { logits: logitsOf(weights, x), x };
  };
  return { parameters: weights.length, forecast, tables, weights };
}

/** Sequences of learners whose rows lie one after another in a batch. */
function sequencesOf(learners: readonly LearnerAnswers[], { x, y }: Batch, indexOf: (skill: string) => number | undefined): Sequence[] {
  let from = 0;
  return learners.map((answers) => {
    const to = from + answers.length;
    const sequence = {
      x: x.subarray(from * FEATURE_COUNT, to * FEATURE_COUNT),
      y: y.subarray(from, to),
      skills: answers.map((a) => Uint16Array.from(skillsOf(a.question).flatMap((skill) => indexOf(skill) ?? []))),
    };
    from = to;
    return sequence;
  });
}

function hybrid(train: readonly LearnerAnswers[], seed: number, tell: OnTraining): Predictor {
  const index = new Map<string, number>();
  const sequences = sequencesOf(train, outOfFoldRows(train, FOLDS, abilityTables), (skill) => remembered(index, skill, () => index.size));
  const shape = hybridShape(index.size);
  const weights = trainHybrid(shape, sequences, seededRng(seed), epochs(8, tell));
  const tables = abilityTables(train);
  const pass = newPass(shape);
  const forecast = (answers: LearnerAnswers) => {
    const rows = rowsOf([answers], () => tables);
    const [sequence] = sequencesOf([answers], rows, (skill) => index.get(skill)) as [Sequence];
    return { logits: hybridLogits(pass, weights, sequence), x: rows.x };
  };
  return { parameters: weights.length, forecast, tables, weights: null };
}

function baseline(name: Exclude<ModelName, 'mlp' | 'hybrid'>, train: readonly LearnerAnswers[], tell: OnTraining): Predictor {
  const skills = new Map<string, number>();
  const items = new Map<string, number>();
  const indexed = (answers: LearnerAnswers): IndexedAnswer[] =>
    answers.map(({ question, y }) => ({
      item: remembered(items, question.id, () => items.size),
      y,
      skills: question.skills.map((skill) => remembered(skills, skill, () => skills.size)),
    }));
  const learners = train.map(indexed);
  const known: Sizes = { items: items.size, skills: skills.size };
  // one place each for what training never met: it stays at its prior
  const sizes: Sizes = { items: known.items + 1, skills: known.skills + 1 };
  const predict = trainBaseline(name, learners, sizes, tell);
  const held = (answers: LearnerAnswers): IndexedAnswer[] =>
    answers.map(({ question, y }) => ({
      item: items.get(question.id) ?? known.items,
      y,
      skills: question.skills.map((skill) => skills.get(skill) ?? known.skills),
    }));
  const toLogit = (p: number) => logit(Math.min(1 - EPS, Math.max(EPS, p)));
  const counts = { irt: sizes.items, elo: sizes.items, pfa: 1 + 3 * sizes.skills, 'best-lr': 5 + sizes.items + 3 * sizes.skills };
  return {
    parameters: counts[name],
    forecast: (answers) => ({ logits: predict(held(answers)).map(toLogit), x: null }),
    tables: null,
    weights: null,
  };
}

function trainBaseline(
  name: Exclude<ModelName, 'mlp' | 'hybrid'>,
  learners: readonly (readonly IndexedAnswer[])[],
  sizes: Sizes,
  tell: OnTraining,
): Baseline {
  if (name === 'irt') return trainIrt(learners, sizes);
  if (name === 'elo') return trainElo(learners, sizes);
  if (name === 'pfa') return trainPfa(learners, sizes);
  return trainBestLr(learners, sizes, (step, loss) => {
    if (step % 10 === 9) tell(`step ${step + 1} loss ${loss.toFixed(4)}`);
  });
}

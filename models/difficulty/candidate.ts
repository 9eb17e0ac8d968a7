import { sigmoid } from '#shared/maths/logistic.ts';
import { type Batch, type DescentPlan, FEATURE_COUNT, type Learner, type LinearProblem, type OnEpoch } from '../learner.ts';
import { advance, type History, noHistory, writeFeatures } from './features.ts';
import type { LayerSettings } from './layer-settings.ts';
import { boundTerm, copyLayer, layerToFit, type PersonalLayer } from './personal-layer.ts';
import { absorb, type Network } from './personal-model.ts';
import { type Answer, skillsOf } from './question.ts';
import type { DifficultyTables } from './tables.ts';

/** The two things a refit may change: the personal layer on a frozen network, or the network itself. */
export type CandidateKind = 'layer' | 'fine-tune';

/** What every candidate starts from. */
export interface RefitContext {
  /** The global weights, shape [1473]. */
  readonly globalWeights: Float32Array;
  readonly networkOf: (weights: Float32Array) => Network;
  readonly tables: DifficultyTables;
  /** Answers older than the ones used, seen by the features alone. */
  readonly before: readonly Answer[];
  /** What the automatic search found: learning rates of the layer, and the pull it is fitted with. */
  readonly settings: LayerSettings;
}

/** A model proposed by a refit. */
export interface Candidate {
  readonly kind: CandidateKind;
  /** Fine-tuned weights, or the global ones as they are. */
  readonly weights: Float32Array;
  readonly layer: PersonalLayer;
}

/** How the layer is fitted; the pull until the automatic search finds a better one. */
export const LAYER_PLAN: DescentPlan = { steps: 60, learningRate: 0.02, pull: 20 };
/** The same for the network's own weights. */
export const FINE_TUNE_PLAN: DescentPlan = { steps: 60, learningRate: 0.002, pull: 400 };

function historyAfter(answers: readonly Answer[]): History {
  const history = noHistory();
  for (const answer of answers) advance(history, answer);
  return history;
}

/** Rows of the answers, each seeing what came before it. */
function rows(context: RefitContext, before: readonly Answer[], answers: readonly Answer[]): Batch {
  const history = historyAfter([...context.before, ...before]);
  const x = new Float32Array(answers.length * FEATURE_COUNT);
  answers.forEach((answer, i) => {
    writeFeatures(x, i * FEATURE_COUNT, history, answer.question, context.tables);
    advance(history, answer);
  });
  return { x, y: Float32Array.from(answers, (a) => a.y) };
}

/** Design [n, m] of the offset part: a column of ones for theta, then the mean over the answer's skills. */
function offsetDesign(answers: readonly Answer[], skills: readonly string[]): Float32Array {
  const m = 1 + skills.length;
  const column = new Map(skills.map((skill, i) => [skill, 1 + i]));
  const design = new Float32Array(answers.length * m);
  answers.forEach(({ question }, i) => {
    const own = skillsOf(question);
    design[i * m] = 1;
    for (const skill of own) design[i * m + (column.get(skill) ?? 0)] = 1 / own.length;
  });
  return design;
}

function sideBySide(n: number, a: Float32Array, b: Float32Array): Float32Array {
  const [ma, mb] = [a.length / n, b.length / n];
  const joined = new Float32Array(a.length + b.length);
  for (let i = 0; i < n; i++) {
    joined.set(a.subarray(i * ma, (i + 1) * ma), i * (ma + mb));
    joined.set(b.subarray(i * mb, (i + 1) * mb), i * (ma + mb) + ma);
  }
  return joined;
}

/** A linear problem whose columns are the layer's: theta, one per skill, then the features. */
export interface LayerProblem extends LinearProblem {
  readonly skills: readonly string[];
}

/** The layer's problem over `answers`, the global network's logits as its base. */
export function layerProblem(context: RefitContext, answers: readonly Answer[]): LayerProblem {
  const { x, y } = rows(context, [], answers);
  const network = context.networkOf(context.globalWeights);
  const base = Float32Array.from(answers, (_, i) => network(x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT)));
  const skills = [...new Set(answers.flatMap((a) => skillsOf(a.question)))].sort();
  return { design: sideBySide(answers.length, offsetDesign(answers, skills), x), base, y, skills };
}

/** All variants of the layer fitted to the answers, as one bundle. */
async function fitLayer(context: RefitContext, learner: Learner, fit: readonly Answer[], onEpoch: OnEpoch | null): Promise<PersonalLayer> {
  const { x, y } = rows(context, [], fit);
  const network = context.networkOf(context.globalWeights);
  const base = Float32Array.from(fit, (_, i) => network(x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT)));
  const skills = [...new Set(fit.flatMap((a) => skillsOf(a.question)))].sort();
  const offsets = offsetDesign(fit, skills);
  const layer = layerToFit();
  const fitted = async (design: Float32Array, report: OnEpoch | null) =>
    learner.fitLinear({ design, base, y }, { ...LAYER_PLAN, pull: context.settings.pull }, report);
  const take = (variant: 'offset' | 'weights' | 'both', w: Float32Array, deltaAt: number) => {
    const term = layer.terms[variant];
    if (variant !== 'weights') {
      term.theta = w[0] as number;
      skills.forEach((skill, i) => {
        term.skills.set(skill, w[1 + i] as number);
      });
    }
    if (variant !== 'offset') term.delta.set(w.subarray(deltaAt, deltaAt + FEATURE_COUNT));
    boundTerm(term);
  };
  take('offset', await fitted(offsets, null), 0);
  take('weights', await fitted(x, null), 0);
  take('both', await fitted(sideBySide(fit.length, offsets, x), onEpoch), 1 + skills.length);
  return layer;
}

/**
 * Train one candidate on `fit`.
 *
 * @param validation answers right after `fit` whose loss is reported with each epoch, or null
 * @throws TrainingStopped when `onEpoch` answers false
 */
export async function fitCandidate(
  context: RefitContext,
  learner: Learner,
  kind: CandidateKind,
  fit: readonly Answer[],
  validation: readonly Answer[] | null,
  onEpoch: OnEpoch | null,
): Promise<Candidate> {
  if (kind === 'layer') {
    const layer = await fitLayer(context, learner, fit, onEpoch);
    return { kind, weights: context.globalWeights, layer: { ...layer, answers: fit.length } };
  }
  const held = validation ? rows(context, fit, validation) : null;
  const weights = await learner.fineTune(context.globalWeights, rows(context, [], fit), held, FINE_TUNE_PLAN, onEpoch);
  return { kind, weights, layer: { ...layerToFit(), answers: fit.length } };
}

/** P(correct) of each answer by the global network alone, after `before`. */
export function networkChances(context: RefitContext, before: readonly Answer[], answers: readonly Answer[]): Float32Array {
  const { x } = rows(context, before, answers);
  const network = context.networkOf(context.globalWeights);
  return Float32Array.from(answers, (_, i) => sigmoid(network(x.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT))));
}

/** Predict answers one by one, online updates on, after `before`: P(correct) served [n], outcomes [n], and the layer afterwards. */
export function replay(context: RefitContext, candidate: Candidate, before: readonly Answer[], answers: readonly Answer[]) {
  const model = {
    network: context.networkOf(candidate.weights),
    shared: candidate.kind === 'fine-tune' ? context.networkOf(context.globalWeights) : undefined,
    tables: context.tables,
    history: historyAfter([...context.before, ...before]),
    layer: copyLayer(candidate.layer),
    rates: context.settings,
  };
  const p = Float32Array.from(answers, (answer) => absorb(model, answer).p);
  return { p, y: Float32Array.from(answers, (a) => a.y), layer: model.layer };
}

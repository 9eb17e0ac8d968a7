import { clip, crossEntropy, crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { type Drift, isUnsettled, noDrift, watchDrift } from './drift.ts';
import { type Question, skillsOf } from './question.ts';

/** The forms a personal term may take, fewest parameters first; `none` is the shared network as it came. */
export const VARIANTS = ['none', 'offset', 'weights', 'both'] as const;

/** One form of the personal term. */
export type Variant = (typeof VARIANTS)[number];

/** Parameters of one variant; those it does not have stay zero. */
export interface PersonalTerm {
  /** Learner offset, logits, |theta| <= 3. */
  theta: number;
  /** Offset per skill, logits, each within ±2. */
  readonly skills: Map<string, number>;
  /** Direction in feature space, shape [28], L2 norm <= 2. */
  readonly delta: Float32Array;
}

/** The personal parameters of one learner in one exam: they never leave the device. Changed in place by `learn` alone. */
export interface PersonalLayer {
  readonly terms: Record<Variant, PersonalTerm>;
  /** Latest losses (nats) of each variant and of what was served, at most 100, oldest first. */
  readonly losses: Record<Variant | 'served', number[]>;
  /** Σ .995^age · loss of each variant over all answers: what the mixture's shares rest on. */
  readonly discounted: Record<Variant, number>;
  /** Σ .995^age · (loss of the network alone - loss of the mixture) since the one last took over from the other, nats; while the network serves, 0 at least. */
  lead: number;
  /** Whether the mixture serves rather than the network alone. */
  isAhead: boolean;
  /** p = sigmoid(slope * logit + shift) for every variant but `none`. */
  readonly calibration: { slope: number; shift: number };
  readonly drift: Drift;
  /** Answers this layer has learned from. */
  answers: number;
}

/** Learning rates of the online update; the rate of a skill's offset is twice that of the learner's. */
export interface LayerRates {
  readonly offset: number;
  readonly weights: number;
}

/**
 * The rates until the automatic search finds better ones. They, the network's share and the discount below were chosen together, on
 * validation learners of two published sets under four shared models: the gain where it fits ill, no loss where it fits. The lead at
 * which the mixture takes over was chosen there too: the least of those tried that leaves 85 % of the learners no worse off in each of the eight.
 */
export const DEFAULT_RATES: LayerRates = { offset: 0.05, weights: 0.005 };

/** What an update takes off the learner's offset and the weights, and how far each parameter may go. */
export const LAYER_BOUNDS = { decay: 0.002, theta: 3, skill: 2, delta: 2 } as const;
const { decay: DECAY, theta: MAX_THETA, skill: MAX_SKILL, delta: MAX_DELTA } = LAYER_BOUNDS;
const WINDOW = 100;
const WARM_UP = 20;
const AFTER_ALARM = 2;
const KEEP = 0.995;
const NETWORK_SHARE = 0.9;
const PERSONAL_SHARE = (1 - NETWORK_SHARE) / 3;
const ENOUGH_LEAD = 0.75;

const newTerm = (): PersonalTerm => ({ theta: 0, skills: new Map(), delta: new Float32Array(FEATURE_COUNT) });

/** A layer that changes nothing yet. */
export function newLayer(): PersonalLayer {
  return {
    terms: { none: newTerm(), offset: newTerm(), weights: newTerm(), both: newTerm() },
    losses: { none: [], offset: [], weights: [], both: [], served: [] },
    discounted: { none: 0, offset: 0, weights: 0, both: 0 },
    lead: 0,
    isAhead: false,
    calibration: { slope: 1, shift: 0 },
    drift: noDrift(),
    answers: 0,
  };
}

/** A layer about to be fitted: its variants start with equal shares and it serves at once, for a gate judges it first. */
export function layerToFit(): PersonalLayer {
  const layer = { ...newLayer(), isAhead: true };
  layer.discounted.none = Math.log((3 * NETWORK_SHARE) / (1 - NETWORK_SHARE));
  return layer;
}

/** theta + mean over skills. */
function offsetOf(term: PersonalTerm, question: Question): number {
  const skills = skillsOf(question);
  let sum = 0;
  if (term.skills.size > 0) for (const skill of skills) sum += term.skills.get(skill) ?? 0;
  return term.theta + sum / skills.length;
}

/** Σ .995^age · loss, the latest last. */
export function discountedSum(losses: readonly number[]): number {
  return losses.reduce((sum, loss) => KEEP * sum + loss, 0);
}

/** Whether the personal term has a part in what is served: from the learner's twentieth answer on, and while it has earned it. */
export function isPersonal(layer: PersonalLayer): boolean {
  return layer.isAhead && layer.answers >= WARM_UP;
}

// room made once: thousands of questions are ranked while the learner waits
const logits = new Float64Array(VARIANTS.length);
const chances = new Float64Array(VARIANTS.length);

/**
 * Fills `logits` and `chances`, in the order of VARIANTS: every variant's calibrated logit, `slope * (net + theta + mean over skills + delta · x) + shift`,
 * and the shared network's own for `none`; both directions in one pass.
 */
function fillLogits(
  { terms: { offset, weights, both }, calibration }: PersonalLayer,
  net: number,
  question: Question,
  x: Float32Array,
  shared: number,
): void {
  const [alone, together] = [weights.delta, both.delta];
  let [byWeights, byBoth] = [0, offsetOf(both, question)];
  for (let i = 0; i < FEATURE_COUNT; i++) {
    const xi = x[i] as number;
    byWeights += (alone[i] as number) * xi;
    byBoth += (together[i] as number) * xi;
  }
  const { slope, shift } = calibration;
  logits[0] = shared;
  logits[1] = slope * (net + offsetOf(offset, question)) + shift;
  logits[2] = slope * (net + byWeights) + shift;
  logits[3] = slope * (net + byBoth) + shift;
  for (let i = 0; i < logits.length; i++) chances[i] = sigmoid(logits[i] as number);
}

/**
 * The mixture, by what `chances` holds: the variants' probabilities averaged, each with a share proportional to its first share (.9 for the
 * network alone) times exp(-Σ .995^age · loss) (exponential weights, Vovk 1990; discounted as in Herbster and Warmuth 1998), so that a
 * variant which stops helping fades.
 */
function mixed({ discounted }: PersonalLayer): number {
  const { none, offset, weights, both } = discounted;
  const least = Math.min(none, offset, weights, both);
  const a = NETWORK_SHARE * Math.exp(least - none);
  const b = PERSONAL_SHARE * Math.exp(least - offset);
  const c = PERSONAL_SHARE * Math.exp(least - weights);
  const d = PERSONAL_SHARE * Math.exp(least - both);
  const sum = a * (chances[0] as number) + b * (chances[1] as number) + c * (chances[2] as number) + d * (chances[3] as number);
  return sum / (a + b + c + d);
}

/** P(correct) served of the next answer; `net` is the network's logit for x, shape [28], `shared` that of the network it was fine-tuned from. */
export function servedChance(layer: PersonalLayer, net: number, question: Question, x: Float32Array, shared = net): number {
  if (!isPersonal(layer)) return sigmoid(shared);
  fillLogits(layer, net, question, x, shared);
  return mixed(layer);
}

function boundNorm(delta: Float32Array): void {
  let squares = 0;
  for (let i = 0; i < delta.length; i++) squares += (delta[i] as number) ** 2;
  const norm = Math.sqrt(squares);
  if (norm > MAX_DELTA) for (let i = 0; i < delta.length; i++) delta[i] = ((delta[i] as number) * MAX_DELTA) / norm;
}

function updateOffset(term: PersonalTerm, error: number, question: Question, rate: number): void {
  term.theta = clip(term.theta + rate * error - DECAY * term.theta, -MAX_THETA, MAX_THETA);
  for (const skill of skillsOf(question)) {
    term.skills.set(skill, clip((term.skills.get(skill) ?? 0) + 2 * rate * error, -MAX_SKILL, MAX_SKILL));
  }
}

function updateWeights({ delta }: PersonalTerm, error: number, x: Float32Array, rate: number): void {
  const [keep, by] = [1 - DECAY, rate * error];
  for (let i = 0; i < FEATURE_COUNT; i++) delta[i] = keep * (delta[i] as number) + by * (x[i] as number);
  boundNorm(delta);
}

/** Holds fitted parameters within the layer's bounds; changes the term in place. */
export function boundTerm(term: PersonalTerm): PersonalTerm {
  term.theta = clip(term.theta, -MAX_THETA, MAX_THETA);
  for (const [skill, offset] of term.skills) term.skills.set(skill, clip(offset, -MAX_SKILL, MAX_SKILL));
  boundNorm(term.delta);
  return term;
}

function remember(losses: number[], loss: number): void {
  losses.push(loss);
  if (losses.length > WINDOW) losses.shift();
}

/**
 * The mixture takes over once it has been ahead of the network alone by three quarters of a nat, and gives back once it has lost as much:
 * a cumulative sum in either direction (Page 1954). Most learners whom the shared model fits gain nothing from the mixture, and are to lose
 * nothing either.
 */
function watchLead(layer: PersonalLayer, mixture: number, y: 0 | 1): void {
  if (layer.answers < WARM_UP) return;
  const { isAhead } = layer;
  const lead = KEEP * layer.lead + crossEntropyOfLogit(logits[0] as number, y) - crossEntropy(mixture, y);
  const isOver = isAhead ? lead <= -ENOUGH_LEAD : lead >= ENOUGH_LEAD;
  layer.isAhead = isAhead !== isOver;
  layer.lead = isOver ? 0 : isAhead ? lead : Math.max(0, lead);
}

/** Scores one variant. @returns its discounted sum with this loss */
function scored(i: number, before: number, losses: number[], y: 0 | 1): number {
  const loss = crossEntropyOfLogit(logits[i] as number, y);
  remember(losses, loss);
  return KEEP * before + loss;
}

/** Learn one answer, in place, in constant time: every variant is scored first, then updated with its own error. @returns P(correct) served before */
export function learn(
  layer: PersonalLayer,
  net: number,
  question: Question,
  x: Float32Array,
  y: 0 | 1,
  rates: LayerRates = DEFAULT_RATES,
  shared = net,
): number {
  fillLogits(layer, net, question, x, shared);
  const mixture = mixed(layer);
  const served = isPersonal(layer) ? mixture : (chances[0] as number);
  watchLead(layer, mixture, y);
  remember(layer.losses.served, crossEntropy(served, y));
  watchDrift(layer.drift, net, y);
  const haste = isUnsettled(layer.drift) ? AFTER_ALARM : 1;
  const { terms, losses, discounted } = layer;
  discounted.none = scored(0, discounted.none, losses.none, y);
  discounted.offset = scored(1, discounted.offset, losses.offset, y);
  discounted.weights = scored(2, discounted.weights, losses.weights, y);
  discounted.both = scored(3, discounted.both, losses.both, y);
  updateOffset(terms.offset, y - (chances[1] as number), question, haste * rates.offset);
  updateWeights(terms.weights, y - (chances[2] as number), x, haste * rates.weights);
  const error = y - (chances[3] as number);
  updateOffset(terms.both, error, question, haste * rates.offset);
  updateWeights(terms.both, error, x, haste * rates.weights);
  layer.answers += 1;
  return served;
}

/** A deep copy that can be learned into without touching the original. */
export function copyLayer(layer: PersonalLayer): PersonalLayer {
  const copyTerm = (t: PersonalTerm): PersonalTerm => ({ theta: t.theta, skills: new Map(t.skills), delta: t.delta.slice() });
  return {
    terms: {
      none: copyTerm(layer.terms.none),
      offset: copyTerm(layer.terms.offset),
      weights: copyTerm(layer.terms.weights),
      both: copyTerm(layer.terms.both),
    },
    losses: {
      none: [...layer.losses.none],
      offset: [...layer.losses.offset],
      weights: [...layer.losses.weights],
      both: [...layer.losses.both],
      served: [...layer.losses.served],
    },
    discounted: { ...layer.discounted },
    lead: layer.lead,
    isAhead: layer.isAhead,
    calibration: { ...layer.calibration },
    drift: { ...layer.drift },
    answers: layer.answers,
  };
}

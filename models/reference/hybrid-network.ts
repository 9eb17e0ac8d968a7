import { crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { FEATURE_COUNT } from '../learner.ts';
import { type HybridLayout, type HybridShape, headCount, inputCount, layoutOf } from './hybrid-shape.ts';
import { addProduct, addProductGradient, addScaled, type Numbers } from './vectors.ts';

/** One learner's answers in order, as the second tier reads them. */
export interface Sequence {
  /** Standardised features, shape [n, 28]; each row has seen earlier answers alone. */
  readonly x: Float32Array;
  /** Outcomes 0 or 1, shape [n]. */
  readonly y: Float32Array;
  /** Indices of each answer's skills, [n] lists; a skill without an embedding is left out. */
  readonly skills: readonly Uint16Array[];
}

/** Which units of the state the head does not see in this pass; scaled so that the mean stays. */
export type Dropout = (mask: Float32Array) => void;

/** Steps of a pass, kept for the way back. */
interface Tape {
  readonly states: Float32Array;
  readonly inputs: Float32Array;
  readonly heads: Float32Array;
  readonly hidden: Float32Array;
  readonly masks: Float32Array;
  /** Update, reset, candidate, and the candidate's recurrent part, each [steps, state]. */
  readonly update: Float32Array;
  readonly reset: Float32Array;
  readonly candidate: Float32Array;
  readonly recurrent: Float32Array;
  readonly logits: Float32Array;
}

/** Longest stretch the gradient flows back through; a longer history goes on from the state it had. */
export const STRETCH = 200;

function newTape(shape: HybridShape): Tape {
  const of = (n: number) => new Float32Array(STRETCH * n);
  const { state, hidden } = shape;
  return {
    states: new Float32Array((STRETCH + 1) * state),
    inputs: of(inputCount(shape)),
    heads: of(headCount(shape)),
    hidden: of(hidden),
    masks: of(state),
    update: of(state),
    reset: of(state),
    candidate: of(state),
    recurrent: of(state),
    logits: of(1),
  };
}

/** Room for passes over one learner after another: made once, reused, never shared between two at a time. */
export interface HybridPass {
  readonly layout: HybridLayout;
  readonly shape: HybridShape;
  readonly tape: Tape;
  readonly gates: Float32Array;
  readonly fromState: Float32Array;
  readonly embedding: Float32Array;
}

/** Room for a shape's passes. */
export function newPass(shape: HybridShape): HybridPass {
  const of = (n: number) => new Float32Array(n);
  const { state, embedding } = shape;
  return {
    layout: layoutOf(shape),
    shape,
    tape: newTape(shape),
    gates: of(3 * state),
    fromState: of(3 * state),
    embedding: of(embedding),
  };
}

/** The state before a learner's first answer. */
export function begin(pass: HybridPass): void {
  pass.tape.states.fill(0, 0, pass.shape.state);
}

/** The next stretch begins where the latest, of `steps` answers, ended. */
export function carryOn(pass: HybridPass, steps: number): void {
  const { state } = pass.shape;
  pass.tape.states.copyWithin(0, steps * state, (steps + 1) * state);
}

/** Logits of answers `from` to `from + steps`, each before its own outcome is taken in; a view that the next pass overwrites. */
export function forward(
  pass: HybridPass,
  w: Numbers,
  sequence: Sequence,
  from: number,
  steps: number,
  dropout: Dropout | null,
): Float32Array {
  const { state } = pass.shape;
  pass.tape.masks.fill(1, 0, steps * state);
  if (dropout) dropout(pass.tape.masks.subarray(0, steps * state));
  for (let t = 0; t < steps; t++) {
    embed(pass, w, sequence.skills[from + t] as Uint16Array);
    ask(pass, w, sequence, from + t, t);
    learn(pass, w, sequence, from + t, t);
  }
  return pass.tape.logits.subarray(0, steps);
}

function embed(pass: HybridPass, w: Numbers, skills: Uint16Array): void {
  const { embedding } = pass.shape;
  pass.embedding.fill(0);
  for (const k of skills) addScaled(pass.embedding, 0, 1 / skills.length, w, pass.layout.skills + k * embedding, embedding);
}

/** The head: what is expected of answer `row` from the state before it. */
function ask(pass: HybridPass, w: Numbers, { x }: Sequence, row: number, t: number): void {
  const { layout } = pass;
  const { state, embedding, hidden } = pass.shape;
  const { heads, states, masks, hidden: units, logits } = pass.tape;
  const width = headCount(pass.shape);
  const [at, stateAt, unitAt] = [t * width, t * state, t * hidden];
  for (let j = 0; j < state; j++) heads[at + j] = (states[stateAt + j] as number) * (masks[stateAt + j] as number);
  heads.set(pass.embedding, at + state);
  heads.set(x.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT), at + state + embedding);
  for (let j = 0; j < hidden; j++) units[unitAt + j] = w[layout.headBias + j] as number;
  addProduct(units, unitAt, heads, at, width, w, layout.headKernel, hidden);
  let logit = w[layout.outputBias] as number;
  for (let j = 0; j < hidden; j++) {
    const unit = Math.max(0, units[unitAt + j] as number);
    units[unitAt + j] = unit;
    logit += unit * (w[layout.outputKernel + j] as number);
  }
  logits[t] = logit;
}

/** The recurrent unit takes the outcome of answer `row` in. */
function learn(pass: HybridPass, w: Numbers, { x, y }: Sequence, row: number, t: number): void {
  const { layout } = pass;
  const { state, embedding } = pass.shape;
  const { inputs, states, update, reset, candidate, recurrent } = pass.tape;
  const width = inputCount(pass.shape);
  const [at, stateAt, after] = [t * width, t * state, (t + 1) * state];
  const outcome = 2 * (y[row] as number) - 1;
  inputs.fill(0, at, at + width);
  inputs.set(pass.embedding, at + (outcome > 0 ? 0 : embedding));
  inputs[at + 2 * embedding] = outcome;
  inputs[at + 2 * embedding + 1] = x[row * FEATURE_COUNT] as number;
  inputs[at + 2 * embedding + 2] = outcome * (x[row * FEATURE_COUNT] as number);
  const [gates, fromState] = [pass.gates, pass.fromState];
  for (let g = 0; g < 3 * state; g++) gates[g] = w[layout.gateBias + g] as number;
  addProduct(gates, 0, inputs, at, width, w, layout.inputKernel, 3 * state);
  fromState.fill(0, 0, 2 * state);
  for (let j = 0; j < state; j++) fromState[2 * state + j] = w[layout.candidateBias + j] as number;
  addProduct(fromState, 0, states, stateAt, state, w, layout.stateKernel, 3 * state);
  for (let j = 0; j < state; j++) {
    const z = sigmoid((gates[j] as number) + (fromState[j] as number));
    const r = sigmoid((gates[state + j] as number) + (fromState[state + j] as number));
    const q = fromState[2 * state + j] as number;
    const n = Math.tanh((gates[2 * state + j] as number) + r * q);
    update[stateAt + j] = z;
    reset[stateAt + j] = r;
    recurrent[stateAt + j] = q;
    candidate[stateAt + j] = n;
    states[after + j] = z * (states[stateAt + j] as number) + (1 - z) * n;
  }
}

/** Adds `scale` times the gradient of the summed loss of the stretch just passed to `gradient`. @returns the summed loss, nats */
export function backward(
  pass: HybridPass,
  w: Numbers,
  sequence: Sequence,
  from: number,
  steps: number,
  scale: number,
  gradient: Numbers,
): number {
  const { state, embedding, hidden } = pass.shape;
  const dState = new Float32Array(state);
  const dBefore = new Float32Array(state);
  const dHead = new Float32Array(headCount(pass.shape));
  const dInput = new Float32Array(inputCount(pass.shape));
  const dUnits = new Float32Array(hidden);
  let loss = 0;
  for (let t = steps - 1; t >= 0; t--) {
    const row = from + t;
    const y = sequence.y[row] as number;
    const logit = pass.tape.logits[t] as number;
    loss += crossEntropyOfLogit(logit, y);
    dInput.fill(0);
    unlearn(pass, w, t, dState, dBefore, dInput, gradient);
    dHead.fill(0);
    unask(pass, w, t, scale * (sigmoid(logit) - y), dUnits, dHead, gradient);
    for (let j = 0; j < state; j++) dBefore[j] = (dBefore[j] as number) + (dHead[j] as number) * (pass.tape.masks[t * state + j] as number);
    const skills = sequence.skills[row] as Uint16Array;
    for (const k of skills) {
      const at = pass.layout.skills + k * embedding;
      addScaled(gradient, at, 1 / skills.length, dHead, state, embedding);
      addScaled(gradient, at, 1 / skills.length, dInput, y === 1 ? 0 : embedding, embedding);
    }
    dState.set(dBefore);
  }
  return loss;
}

function unlearn(
  pass: HybridPass,
  w: Numbers,
  t: number,
  dState: Float32Array,
  dBefore: Float32Array,
  dInput: Float32Array,
  gradient: Numbers,
): void {
  const { layout } = pass;
  const { state } = pass.shape;
  const { inputs, states, update, reset, candidate, recurrent } = pass.tape;
  const width = inputCount(pass.shape);
  const at = t * state;
  const [dGates, dRecurrent] = [pass.gates, pass.fromState];
  for (let j = 0; j < state; j++) {
    const [z, r, n] = [update[at + j] as number, reset[at + j] as number, candidate[at + j] as number];
    const d = dState[j] as number;
    const dn = d * (1 - z) * (1 - n * n);
    const dz = d * ((states[at + j] as number) - n) * z * (1 - z);
    const dr = dn * (recurrent[at + j] as number) * r * (1 - r);
    dGates[j] = dz;
    dGates[state + j] = dr;
    dGates[2 * state + j] = dn;
    dRecurrent[j] = dz;
    dRecurrent[state + j] = dr;
    dRecurrent[2 * state + j] = dn * r;
    dBefore[j] = d * z;
  }
  addScaled(gradient, layout.gateBias, 1, dGates, 0, 3 * state);
  addScaled(gradient, layout.candidateBias, 1, dRecurrent, 2 * state, state);
  addProductGradient(gradient, dBefore, dRecurrent, states, at, state, w, layout.stateKernel, 3 * state);
  addProductGradient(gradient, dInput, dGates, inputs, t * width, width, w, layout.inputKernel, 3 * state);
}

function unask(pass: HybridPass, w: Numbers, t: number, error: number, dUnits: Float32Array, dHead: Float32Array, gradient: Numbers): void {
  const { layout } = pass;
  const { hidden } = pass.shape;
  const { heads, hidden: units } = pass.tape;
  const width = headCount(pass.shape);
  gradient[layout.outputBias] = (gradient[layout.outputBias] as number) + error;
  for (let j = 0; j < hidden; j++) {
    const unit = units[t * hidden + j] as number;
    gradient[layout.outputKernel + j] = (gradient[layout.outputKernel + j] as number) + error * unit;
    dUnits[j] = unit > 0 ? error * (w[layout.outputKernel + j] as number) : 0;
  }
  addScaled(gradient, layout.headBias, 1, dUnits, 0, hidden);
  addProductGradient(gradient, dHead, dUnits, heads, t * width, width, w, layout.headKernel, hidden);
}

/** Logits of one learner's answers, each seeing the earlier ones alone; shape [n]. */
export function hybridLogits(pass: HybridPass, weights: Numbers, sequence: Sequence): Float32Array {
  const logits = new Float32Array(sequence.y.length);
  begin(pass);
  for (let from = 0; from < logits.length; from += STRETCH) {
    const steps = Math.min(STRETCH, logits.length - from);
    logits.set(forward(pass, weights, sequence, from, steps, null), from);
    carryOn(pass, steps);
  }
  return logits;
}

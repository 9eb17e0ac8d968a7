import {
  add,
  concat,
  matMul,
  mul,
  relu,
  reshape,
  sigmoid,
  slice,
  softplus,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tanh,
  tensor1d,
  tensor2d,
  valueAndGrad,
} from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { expect, test } from 'vitest';
import { below, normal, seededRng } from '#shared/maths/rng.ts';
import { backward, begin, forward, newPass, type Sequence } from '../reference/hybrid-network.ts';
import { type HybridShape, headCount, inputCount, layoutOf } from '../reference/hybrid-shape.ts';
import { initialHybrid } from '../reference/train-hybrid.ts';

const SHAPE: HybridShape = { skills: 5, embedding: 4, state: 6, hidden: 7 };
const STEPS = 12;

/** The same network as a chain of TF.js operations, differentiated by TF.js. */
function lossInTensors(w: Tensor1D, { x, y, skills }: Sequence) {
  const at = layoutOf(SHAPE);
  const { state, embedding, hidden } = SHAPE;
  const matrix = (from: number, rows: number, columns: number) => reshape(slice(w, from, rows * columns), [rows, columns]) as Tensor2D;
  const rowOf = (from: number, n: number) => reshape(slice(w, from, n), [1, n]) as Tensor2D;
  const table = matrix(at.skills, SHAPE.skills, embedding);
  const [inputKernel, stateKernel] = [matrix(at.inputKernel, inputCount(SHAPE), 3 * state), matrix(at.stateKernel, state, 3 * state)];
  let h: Tensor2D = tensor2d(new Float32Array(state), [1, state]);
  let loss = sum(tensor1d([0]));
  for (let t = 0; t < STEPS; t++) {
    const own = skills[t] as Uint16Array;
    const hot = new Float32Array(SHAPE.skills);
    for (const k of own) hot[k] = (hot[k] as number) + 1 / own.length;
    const e = matMul(tensor2d(hot, [1, SHAPE.skills]), table) as Tensor2D;
    const f = tensor2d(x.subarray(t * 28, (t + 1) * 28), [1, 28]);
    const head = matMul(concat([h, e, f], 1), matrix(at.headKernel, headCount(SHAPE), hidden));
    const units = relu(add(head, rowOf(at.headBias, hidden)));
    const logit = sum(add(matMul(units as Tensor2D, matrix(at.outputKernel, hidden, 1)), slice(w, at.outputBias, 1)));
    const outcome = y[t] as number;
    loss = add(loss, sub(softplus(logit), mul(logit, outcome)));
    const sign = 2 * outcome - 1;
    const none = mul(e, 0);
    const difficulty = x[t * 28] as number;
    const input = concat([outcome === 1 ? e : none, outcome === 1 ? none : e, tensor2d([[sign, difficulty, sign * difficulty]])], 1);
    const gates = add(matMul(input, inputKernel), rowOf(at.gateBias, 3 * state));
    const recurrent = matMul(h, stateKernel);
    const part = (tensor: Tensor2D, i: number) => slice(tensor, [0, i * state], [1, state]);
    const z = sigmoid(add(part(gates as Tensor2D, 0), part(recurrent as Tensor2D, 0)));
    const r = sigmoid(add(part(gates as Tensor2D, 1), part(recurrent as Tensor2D, 1)));
    const q = add(part(recurrent as Tensor2D, 2), rowOf(at.candidateBias, state));
    const n = tanh(add(part(gates as Tensor2D, 2), mul(r, q)));
    h = add(mul(z, h), mul(sub(1, z), n)) as Tensor2D;
  }
  return sum(loss);
}

test('the second tier’s loss and gradient are TF.js’s within 1e-4 of the largest entry', () => {
  const rng = seededRng(11);
  const sequence: Sequence = {
    x: Float32Array.from({ length: STEPS * 28 }, () => normal(rng)),
    y: Float32Array.from({ length: STEPS }, () => below(2, rng)),
    skills: Array.from({ length: STEPS }, () => Uint16Array.from({ length: below(3, rng) }, () => below(SHAPE.skills, rng))),
  };
  const weights = initialHybrid(SHAPE, rng);
  const theirs = valueAndGrad((w) => lossInTensors(w as Tensor1D, sequence))(tensor1d(weights));
  const pass = newPass(SHAPE);
  const gradient = new Float64Array(weights.length);
  begin(pass);
  forward(pass, weights, sequence, 0, STEPS, null);
  const loss = backward(pass, weights, sequence, 0, STEPS, 1, gradient);
  expect(loss).toBeCloseTo(theirs.value.dataSync()[0] as number, 4);
  const tensors = theirs.grad.dataSync();
  const largest = Math.max(...gradient.map(Math.abs));
  expect(Math.max(...gradient.map((g, i) => Math.abs(g - (tensors[i] as number))))).toBeLessThan(1e-4 * largest);
});

import {
  abs,
  add,
  concat,
  div,
  exp,
  log1p,
  matMul,
  mean,
  mul,
  neg,
  relu,
  reshape,
  sigmoid,
  slice,
  sqrt,
  square,
  step,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
  tensor2d,
  tidy,
  zeros,
} from '@tensorflow/tfjs-core';
import {
  ADAM,
  type Batch,
  type DescentPlan,
  FEATURE_COUNT,
  LAYERS,
  type Learner,
  type LinearProblem,
  type OnEpoch,
  TrainingStopped,
  WEIGHT_COUNT,
} from '../learner.ts';

const [FIRST, SECOND, LAST] = LAYERS;
type LayerShape = (typeof LAYERS)[number];

const kernelOf = (w: Tensor1D, layer: LayerShape): Tensor2D =>
  reshape(slice(w, layer.kernel, layer.inputs * layer.outputs), [layer.inputs, layer.outputs]);
const biasOf = (w: Tensor1D, layer: LayerShape): Tensor1D => slice(w, layer.bias, layer.outputs);

interface Pass {
  readonly logits: Tensor2D;
  readonly h1: Tensor2D;
  readonly h2: Tensor2D;
}

/** Activations and logits [n, 1] for x [n, 28]; call inside tidy. */
function forward(w: Tensor1D, x: Tensor2D): Pass {
  const h1 = relu(add(matMul(x, kernelOf(w, FIRST)), biasOf(w, FIRST))) as Tensor2D;
  const h2 = relu(add(matMul(h1, kernelOf(w, SECOND)), biasOf(w, SECOND))) as Tensor2D;
  return { h1, h2, logits: add(matMul(h2, kernelOf(w, LAST)), biasOf(w, LAST)) as Tensor2D };
}

/** Mean of max(l, 0) - l y + ln(1 + e^-|l|); call inside tidy. */
function meanLoss(logits: Tensor, y: Tensor): Tensor {
  return mean(add(sub(relu(logits), mul(logits, y)), log1p(exp(neg(abs(logits))))));
}

/** The flat gradient [1473] of the mean loss, by hand, in the order of LAYERS; call inside tidy. */
function backward(w: Tensor1D, x: Tensor2D, y: Tensor2D, { h1, h2, logits }: Pass): Tensor1D {
  const e3 = mul(sub(sigmoid(logits), y), 1 / y.shape[0]) as Tensor2D;
  const e2 = mul(matMul(e3, kernelOf(w, LAST), false, true), step(h2)) as Tensor2D;
  const e1 = mul(matMul(e2, kernelOf(w, SECOND), false, true), step(h1)) as Tensor2D;
  const flat = (t: Tensor): Tensor1D => reshape(t, [-1]);
  return concat([
    flat(matMul(x, e1, true)),
    flat(sum(e1, 0)),
    flat(matMul(h1, e2, true)),
    flat(sum(e2, 0)),
    flat(matMul(h2, e3, true)),
    flat(sum(e3, 0)),
  ]);
}

const inputs = (batch: Batch): { x: Tensor2D; y: Tensor2D } => ({
  x: tensor2d(batch.x, [batch.y.length, FEATURE_COUNT]),
  y: tensor2d(batch.y, [batch.y.length, 1]),
});

/** What one epoch computes: losses to report and the gradient to follow, all still on the backend. */
type Epoch = {
  /** Training loss and, if there is a validation part, its loss; empty when nobody listens. */
  losses: Tensor[];
  gradient: Tensor1D;
};

/** The only element of a tensor, which is disposed; NaN if there is none. */
async function scalarOf(t: Tensor | undefined): Promise<number> {
  const [value] = t ? await t.data() : [];
  t?.dispose();
  return value ?? Number.NaN;
}

/** Full-batch Adam from `start`, pulled towards it; every tensor made here is disposed, on failure too. */
async function descend(
  start: Tensor1D,
  n: number,
  plan: DescentPlan,
  onEpoch: OnEpoch | null,
  epochOf: (w: Tensor1D) => Epoch,
): Promise<Float32Array> {
  let live: { w: Tensor1D; m: Tensor1D; v: Tensor1D } = { w: start.clone(), m: zeros(start.shape), v: zeros(start.shape) };
  const release = () =>
    Object.values(live).forEach((t: Tensor1D) => {
      t.dispose();
    });
  try {
    for (let epoch = 0; epoch < plan.steps; epoch++) {
      const { losses, gradient } = tidy(() => epochOf(live.w));
      const correction = Math.sqrt(1 - ADAM.beta2 ** (epoch + 1));
      const rate = (plan.learningRate * correction) / (1 - ADAM.beta1 ** (epoch + 1));
      const next = tidy(() => {
        const g = add(gradient, mul(sub(live.w, start), plan.pull / n));
        const m = add(mul(live.m, ADAM.beta1), mul(g, 1 - ADAM.beta1)) as Tensor1D;
        const v = add(mul(live.v, ADAM.beta2), mul(square(g), 1 - ADAM.beta2)) as Tensor1D;
        const w = sub(live.w, mul(div(m, add(sqrt(v), ADAM.epsilon * correction)), rate)) as Tensor1D;
        return { w, m, v };
      });
      gradient.dispose();
      release();
      live = next;
      // Reading a loss waits for the device, so it is read only when somebody listens.
      if (onEpoch && !onEpoch({ epoch, loss: await scalarOf(losses[0]), validationLoss: await scalarOf(losses[1]) }))
        throw new TrainingStopped();
    }
    return Float32Array.from(await live.w.data());
  } finally {
    release();
  }
}

async function fineTune(
  base: Float32Array,
  fit: Batch,
  validation: Batch | null,
  plan: DescentPlan,
  onEpoch: OnEpoch | null,
): Promise<Float32Array> {
  const { x, y } = inputs(fit);
  const held = validation ? inputs(validation) : null;
  const start = tensor1d(base);
  try {
    return await descend(start, fit.y.length, plan, onEpoch, (w) => {
      const pass = forward(w, x);
      const validation = held && onEpoch ? [meanLoss(forward(w, held.x).logits, held.y)] : [];
      return { losses: onEpoch ? [meanLoss(pass.logits, y), ...validation] : [], gradient: backward(w, x, y, pass) };
    });
  } finally {
    for (const t of [x, y, start, ...(held ? [held.x, held.y] : [])]) t.dispose();
  }
}

async function fitLinear(problem: LinearProblem, plan: DescentPlan, onEpoch: OnEpoch | null): Promise<Float32Array> {
  const n = problem.y.length;
  const m = problem.design.length / n;
  const design = tensor2d(problem.design, [n, m]);
  const base = tensor2d(problem.base, [n, 1]);
  const y = tensor2d(problem.y, [n, 1]);
  const start: Tensor1D = zeros([m]);
  try {
    return await descend(start, n, plan, onEpoch, (w) => {
      const logits = add(base, matMul(design, reshape(w, [m, 1])));
      const error = mul(sub(sigmoid(logits), y), 1 / n) as Tensor2D;
      return { losses: onEpoch ? [meanLoss(logits, y)] : [], gradient: reshape(matMul(design, error, true), [m]) };
    });
  } finally {
    for (const t of [design, base, y, start]) t.dispose();
  }
}

/** All pulls as one program: settings are the leading axis, so that an epoch is two matrix products whatever their number. */
async function fitGrid(problem: LinearProblem, pulls: Float32Array, plan: DescentPlan): Promise<Float32Array> {
  const n = problem.y.length;
  const m = problem.design.length / n;
  const settings = pulls.length;
  const design = tensor2d(problem.design, [n, m]);
  const base = tensor2d(problem.base, [n, 1]);
  const y = tensor2d(problem.y, [n, 1]);
  const strength = tensor2d(
    pulls.map((pull) => pull / n),
    [settings, 1],
  );
  const start: Tensor1D = zeros([settings * m]);
  try {
    return await descend(start, n, { ...plan, pull: 0 }, null, (flat) => {
      const w = reshape(flat, [settings, m]) as Tensor2D;
      const logits = add(base, matMul(design, w, false, true));
      const error = mul(sub(sigmoid(logits), y), 1 / n) as Tensor2D;
      const gradient = add(matMul(error, design, true), mul(w, strength));
      return { losses: [], gradient: reshape(gradient, [settings * m]) };
    });
  } finally {
    for (const t of [design, base, y, strength, start]) t.dispose();
  }
}

/** The Learner on whichever TF.js backend is active now; gradients are written out, so a handful of kernels suffices on every backend. */
export function tfjsLearner(backend: string): Learner {
  return {
    backend,
    async gradient(weights, batch) {
      const { x, y } = inputs(batch);
      const w = tensor1d(weights);
      const { loss, gradient } = tidy(() => {
        const pass = forward(w, x);
        return { loss: meanLoss(pass.logits, y), gradient: backward(w, x, y, pass) };
      });
      try {
        const values = Float32Array.from(await gradient.data());
        if (values.length !== WEIGHT_COUNT) throw new Error(`gradient has ${values.length} values`);
        return { loss: await scalarOf(loss), gradient: values };
      } finally {
        for (const t of [x, y, w, gradient]) t.dispose();
      }
    },
    fineTune,
    fitLinear,
    fitGrid,
    dispose() {},
  };
}

import { crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { type Batch, type DescentPlan, type Learner, type LinearProblem, type OnEpoch, TrainingStopped, WEIGHT_COUNT } from '../learner.ts';
import { adam } from './adam.ts';
import { gradientOver, logitsOf } from './network.ts';

const allRows = (n: number): Uint32Array => Uint32Array.from({ length: n }, (_, i) => i);

function meanLoss(logits: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += crossEntropyOfLogit(logits[i] as number, y[i] as number);
  return sum / y.length;
}

function addPull(gradient: Float64Array, weights: Float32Array, from: Float32Array, strength: number): void {
  for (let i = 0; i < weights.length; i++) {
    gradient[i] = (gradient[i] as number) + strength * ((weights[i] as number) - (from[i] as number));
  }
}

async function fineTune(
  base: Float32Array,
  fit: Batch,
  validation: Batch | null,
  plan: DescentPlan,
  onEpoch: OnEpoch | null,
): Promise<Float32Array> {
  const weights = base.slice();
  const gradient = new Float64Array(WEIGHT_COUNT);
  const step = adam(WEIGHT_COUNT);
  const gradientOf = gradientOver(fit.x, fit.y);
  const rows = allRows(fit.y.length);
  for (let epoch = 0; epoch < plan.steps; epoch++) {
    const loss = gradientOf(weights, rows, gradient);
    if (onEpoch) {
      const validationLoss = validation ? meanLoss(logitsOf(weights, validation.x), validation.y) : Number.NaN;
      if (!onEpoch({ epoch, loss, validationLoss })) throw new TrainingStopped();
    }
    addPull(gradient, weights, base, plan.pull / fit.y.length);
    step(weights, gradient, plan.learningRate);
  }
  return weights;
}

async function fitLinear({ design, base, y }: LinearProblem, plan: DescentPlan, onEpoch: OnEpoch | null): Promise<Float32Array> {
  const n = y.length;
  const m = design.length / n;
  const w = new Float32Array(m);
  const origin = new Float32Array(m);
  const gradient = new Float64Array(m);
  const step = adam(m);
  for (let epoch = 0; epoch < plan.steps; epoch++) {
    gradient.fill(0);
    let loss = 0;
    for (let i = 0; i < n; i++) {
      let logit = base[i] as number;
      for (let j = 0; j < m; j++) logit += (design[i * m + j] as number) * (w[j] as number);
      loss += crossEntropyOfLogit(logit, y[i] as number);
      const error = (sigmoid(logit) - (y[i] as number)) / n;
      for (let j = 0; j < m; j++) gradient[j] = (gradient[j] as number) + error * (design[i * m + j] as number);
    }
    if (onEpoch && !onEpoch({ epoch, loss: loss / n, validationLoss: Number.NaN })) throw new TrainingStopped();
    addPull(gradient, w, origin, plan.pull / n);
    step(w, gradient, plan.learningRate);
  }
  return w;
}

/** The Learner in plain TypeScript: the yardstick the others are checked against, and the fallback where no tensor library runs. */
export function referenceLearner(): Learner {
  return {
    backend: 'typescript',
    async gradient(weights, batch) {
      const gradient = new Float64Array(WEIGHT_COUNT);
      const loss = gradientOver(batch.x, batch.y)(weights, allRows(batch.y.length), gradient);
      return { loss, gradient: Float32Array.from(gradient) };
    },
    fineTune,
    fitLinear,
    async fitGrid(problem, pulls, plan) {
      const rows = await Promise.all(Array.from(pulls, (pull) => fitLinear(problem, { ...plan, pull }, null)));
      const m = rows[0]?.length ?? 0;
      const grid = new Float32Array(rows.length * m);
      rows.forEach((row, i) => {
        grid.set(row, i * m);
      });
      return grid;
    },
    dispose() {},
  };
}

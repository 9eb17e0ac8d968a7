import { type Rng, uniform } from '#shared/maths/rng.ts';
import { FEATURE_COUNT, LAYERS, WEIGHT_COUNT } from '../learner.ts';

const [FIRST, SECOND, LAST] = LAYERS;

/** Starting weights: Glorot uniform kernels (Glorot and Bengio 2010), zero biases. */
export function initialWeights(rng: Rng): Float32Array {
  const weights = new Float32Array(WEIGHT_COUNT);
  for (const layer of LAYERS) {
    const bound = Math.sqrt(6 / (layer.inputs + layer.outputs));
    for (let i = 0; i < layer.inputs * layer.outputs; i++) weights[layer.kernel + i] = bound * (2 * uniform(rng) - 1);
  }
  return weights;
}

/** Room for one answer's activations and errors, made once and reused. */
interface Scratch {
  readonly h1: Float32Array;
  readonly h2: Float32Array;
  readonly e1: Float32Array;
  readonly e2: Float32Array;
}

function newScratch(): Scratch {
  return { h1: new Float32Array(32), h2: new Float32Array(16), e1: new Float32Array(32), e2: new Float32Array(16) };
}

/** Logit of the row of x that starts at `from`; leaves the activations in the scratch. */
function forward(w: Float32Array, x: Float32Array, from: number, { h1, h2 }: Scratch): number {
  for (let j = 0; j < 32; j++) h1[j] = w[FIRST.bias + j] as number;
  for (let i = 0; i < FEATURE_COUNT; i++) {
    const xi = x[from + i] as number;
    if (xi === 0) continue;
    const row = FIRST.kernel + i * 32;
    for (let j = 0; j < 32; j++) h1[j] = (h1[j] as number) + xi * (w[row + j] as number);
  }
  for (let j = 0; j < 16; j++) h2[j] = w[SECOND.bias + j] as number;
  for (let i = 0; i < 32; i++) {
    const hi = h1[i] as number;
    if (hi <= 0) {
      h1[i] = 0;
      continue;
    }
    const row = SECOND.kernel + i * 16;
    for (let j = 0; j < 16; j++) h2[j] = (h2[j] as number) + hi * (w[row + j] as number);
  }
  let logit = w[LAST.bias] as number;
  for (let i = 0; i < 16; i++) {
    const hi = h2[i] as number;
    if (hi <= 0) h2[i] = 0;
    else logit += hi * (w[LAST.kernel + i] as number);
  }
  return logit;
}

/** Adds the gradient of one answer, whose logit's error (p - y, scaled) is `error`, to `gradient`. Activations must be fresh in the scratch. */
function backward(
  w: Float32Array,
  x: Float32Array,
  from: number,
  error: number,
  { h1, h2, e1, e2 }: Scratch,
  gradient: Float64Array,
): void {
  gradient[LAST.bias] = (gradient[LAST.bias] as number) + error;
  for (let i = 0; i < 16; i++) {
    const hi = h2[i] as number;
    gradient[LAST.kernel + i] = (gradient[LAST.kernel + i] as number) + error * hi;
    e2[i] = hi > 0 ? error * (w[LAST.kernel + i] as number) : 0;
  }
  for (let j = 0; j < 16; j++) gradient[SECOND.bias + j] = (gradient[SECOND.bias + j] as number) + (e2[j] as number);
  for (let i = 0; i < 32; i++) {
    const hi = h1[i] as number;
    const row = SECOND.kernel + i * 16;
    let sum = 0;
    if (hi > 0) {
      for (let j = 0; j < 16; j++) {
        const ej = e2[j] as number;
        sum += ej * (w[row + j] as number);
        gradient[row + j] = (gradient[row + j] as number) + ej * hi;
      }
    }
    e1[i] = sum;
    gradient[FIRST.bias + i] = (gradient[FIRST.bias + i] as number) + sum;
  }
  for (let i = 0; i < FEATURE_COUNT; i++) {
    const xi = x[from + i] as number;
    if (xi === 0) continue;
    const row = FIRST.kernel + i * 32;
    for (let j = 0; j < 32; j++) gradient[row + j] = (gradient[row + j] as number) + xi * (e1[j] as number);
  }
}

/** The network as a function from one row of standardised features, shape [28], to its logit. */
export function networkOf(weights: Float32Array): (x: Float32Array) => number {
  const scratch = newScratch();
  return (x) => forward(weights, x, 0, scratch);
}

/** Logits of all rows of x, shape [n]. */
export function logitsOf(weights: Float32Array, x: Float32Array): Float32Array {
  const scratch = newScratch();
  return Float32Array.from({ length: x.length / FEATURE_COUNT }, (_, i) => forward(weights, x, i * FEATURE_COUNT, scratch));
}

/** Makes a function that adds the mean-loss gradient over chosen rows to a buffer; hand-written, checked against finite differences. */
export function gradientOver(x: Float32Array, y: Float32Array): (w: Float32Array, rows: Uint32Array, into: Float64Array) => number {
  const scratch = newScratch();
  return (w, rows, into) => {
    into.fill(0);
    let loss = 0;
    for (const row of rows) {
      const logit = forward(w, x, row * FEATURE_COUNT, scratch);
      const outcome = y[row] as number;
      loss += Math.max(logit, 0) - logit * outcome + Math.log1p(Math.exp(-Math.abs(logit)));
      backward(w, x, row * FEATURE_COUNT, (1 / (1 + Math.exp(-logit)) - outcome) / rows.length, scratch, into);
    }
    return loss / rows.length;
  };
}

/**
 * The one port in front of any tensor library, and the network it trains, as data.
 * Everything crosses it as flat Float32Arrays: no tensor type leaves `models/tfjs`.
 */

/** Number of input features; see `models/difficulty/features.ts`. */
export const FEATURE_COUNT = 28;

/** The network `28 -> 32 ReLU -> 16 ReLU -> 1`, its weights flat in this order, kernels row-major [in][out]. */
export const LAYERS = [
  { name: 'hidden1', inputs: FEATURE_COUNT, outputs: 32, kernel: 0, bias: 896 },
  { name: 'hidden2', inputs: 32, outputs: 16, kernel: 928, bias: 1440 },
  { name: 'output', inputs: 16, outputs: 1, kernel: 1456, bias: 1472 },
] as const;

/** Length of the flat weight vector; 5,892 bytes as little-endian float32. */
export const WEIGHT_COUNT = 1473;

/** Answers as network inputs. */
export interface Batch {
  /** Standardised features, shape [n, 28], row-major. */
  readonly x: Float32Array;
  /** Outcomes 0 or 1, shape [n]. */
  readonly y: Float32Array;
}

/** A penalised logistic regression on top of fixed logits: logit = base + F w. */
export interface LinearProblem {
  /** Design matrix F, shape [n, m], row-major. */
  readonly design: Float32Array;
  /** Logits that stay as they are, shape [n]. */
  readonly base: Float32Array;
  /** Outcomes 0 or 1, shape [n]. */
  readonly y: Float32Array;
}

/** How a full-batch Adam descent runs; the penalty is `pull / 2n` times the squared distance from where it starts. */
export interface DescentPlan {
  readonly steps: number;
  readonly learningRate: number;
  /** Strength of the pull towards the start; >= 0, in answers. */
  readonly pull: number;
}

/** One step of a training as it happens. Losses are mean cross-entropy in nats, without penalty; validation is NaN when there is none. */
export interface EpochReport {
  readonly epoch: number;
  readonly loss: number;
  readonly validationLoss: number;
}

/** Told of every epoch; answers whether to go on. */
export type OnEpoch = (report: EpochReport) => boolean;

/** Thrown out of a descent whose `OnEpoch` answered false. */
export class TrainingStopped extends Error {
  constructor() {
    super('training was stopped');
    this.name = 'TrainingStopped';
  }
}

/**
 * What a training backend must do, for the first tier or, with its own batches, the second. Arguments are never written to; every result is
 * a fresh array.
 */
export interface Learner<B = Batch> {
  /** What does the arithmetic: `typescript`, or a TF.js backend. */
  readonly backend: string;
  /** Mean cross-entropy of the batch and its gradient, of the weights' shape: [1473] for the first tier. */
  gradient(weights: Float32Array, batch: B): Promise<{ readonly loss: number; readonly gradient: Float32Array }>;
  /** All weights (of the second tier: the head's) by full-batch Adam from `base`, pulled towards it; without `onEpoch` no loss is computed. @throws TrainingStopped */
  fineTune(base: Float32Array, fit: B, validation: B | null, plan: DescentPlan, onEpoch: OnEpoch | null): Promise<Float32Array>;
  /** Weights w of a linear problem by full-batch Adam from 0, pulled towards 0; shape [m]. @throws TrainingStopped */
  fitLinear(problem: LinearProblem, plan: DescentPlan, onEpoch: OnEpoch | null): Promise<Float32Array>;
  /** `fitLinear` for several strengths of the pull at once, one program; shape [pulls, m], row-major. The plan's own pull is not read. */
  fitGrid(problem: LinearProblem, pulls: Float32Array, plan: DescentPlan): Promise<Float32Array>;
  /** Releases whatever the backend holds; the learner must not be used afterwards. */
  dispose(): void;
}

/** Adam's constants (Kingma and Ba 2015); the learning rate comes with each plan. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Numbers as little-endian float32, four bytes each. */
export function floatsToBytes(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] as number, true);
  return new Uint8Array(view.buffer);
}

/** The weights as the 5,892 little-endian bytes that are hashed, signed and stored. @throws RangeError on a wrong length */
export function weightsToBytes(weights: Float32Array): Uint8Array {
  if (weights.length !== WEIGHT_COUNT) throw new RangeError(`expected ${WEIGHT_COUNT} weights, got ${weights.length}`);
  return floatsToBytes(weights);
}

/** Reads the bytes written by `weightsToBytes`. @throws RangeError on a wrong length or a number that is not finite */
export function weightsFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length !== WEIGHT_COUNT * 4) throw new RangeError(`expected ${WEIGHT_COUNT * 4} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = Float32Array.from({ length: WEIGHT_COUNT }, (_, i) => view.getFloat32(i * 4, true));
  if (!weights.every(Number.isFinite)) throw new RangeError('a weight is not finite');
  return weights;
}

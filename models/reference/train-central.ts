import { type Rng, shuffle } from '#shared/maths/rng.ts';
import { type Batch, LAYERS, WEIGHT_COUNT } from '../learner.ts';
import { adam } from './adam.ts';
import { gradientOver, initialWeights } from './network.ts';

const EPOCHS = 10;
const BATCH_SIZE = 512;
const FIRST_RATE = 2e-3;
const LAST_RATE = 4e-5;
const KERNEL_DECAY = 1e-5;
const AVERAGE_KEEP = 0.998;

function addKernelDecay(gradient: Float64Array, weights: Float32Array): void {
  for (const { kernel, inputs, outputs } of LAYERS) {
    for (let i = kernel; i < kernel + inputs * outputs; i++) gradient[i] = (gradient[i] as number) + KERNEL_DECAY * (weights[i] as number);
  }
}

/**
 * Train the shared network on many learners' answers: Adam on mini-batches of 512, learning rate falling linearly from 2e-3 to 4e-5
 * over ten epochs; the result is the running average of the weights from half-way on.
 *
 * @param batch features [n, 28] and outcomes [n]; table features must be out-of-fold
 * @param rng initial weights and shuffling
 * @param onEpoch told the mean training loss (nats) of every epoch
 */
export function trainCentral({ x, y }: Batch, rng: Rng, onEpoch: (epoch: number, loss: number) => void): Float32Array {
  const weights = initialWeights(rng);
  const average = new Float64Array(WEIGHT_COUNT);
  const gradient = new Float64Array(WEIGHT_COUNT);
  const step = adam(WEIGHT_COUNT);
  const gradientOf = gradientOver(x, y);
  const order = Uint32Array.from({ length: y.length }, (_, i) => i);
  const batches = Math.ceil(y.length / BATCH_SIZE);
  const total = batches * EPOCHS;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    shuffle(order, rng);
    let loss = 0;
    for (let b = 0; b < batches; b++) {
      const t = epoch * batches + b;
      const rows = order.subarray(b * BATCH_SIZE, (b + 1) * BATCH_SIZE);
      loss += gradientOf(weights, rows, gradient) * rows.length;
      addKernelDecay(gradient, weights);
      step(weights, gradient, FIRST_RATE + (LAST_RATE - FIRST_RATE) * (t / total));
      if (t < total / 2) average.set(weights);
      else
        weights.forEach((w, i) => {
          average[i] = AVERAGE_KEEP * (average[i] as number) + (1 - AVERAGE_KEEP) * w;
        });
    }
    onEpoch(epoch, loss / y.length);
  }
  return Float32Array.from(average);
}

import { type Rng, shuffle, uniform } from '#shared/maths/rng.ts';
import { adam } from './adam.ts';
import { backward, begin, carryOn, forward, newPass, type Sequence, STRETCH } from './hybrid-network.ts';
import { type HybridShape, headCount, inputCount, layoutOf } from './hybrid-shape.ts';

/** How the second tier is trained; the constants are the first that were tried on validation learners, none was tuned. */
export interface HybridPlan {
  readonly epochs: number;
  readonly learningRate: number;
  /** Answers a step. */
  readonly batch: number;
  /** Share of the state the head does not see in a pass. */
  readonly dropout: number;
  readonly decay: number;
  readonly skillDecay: number;
}

/** The plan in use. */
export const HYBRID_PLAN: HybridPlan = { epochs: 8, learningRate: 3e-3, batch: 512, dropout: 0.2, decay: 1e-5, skillDecay: 1e-4 };

const AVERAGE_KEEP = 0.995;

/** Starting weights: uniform kernels scaled by their fan (Glorot and Bengio 2010), zero biases. */
export function initialHybrid(shape: HybridShape, rng: Rng): Float32Array {
  const layout = layoutOf(shape);
  const weights = new Float32Array(layout.count);
  const { skills, embedding, state, hidden } = shape;
  const fill = (at: number, n: number, bound: number) => {
    for (let i = 0; i < n; i++) weights[at + i] = bound * (2 * uniform(rng) - 1);
  };
  const gate = Math.sqrt(3 / (inputCount(shape) + state));
  fill(layout.skills, skills * embedding, 0.3);
  fill(layout.inputKernel, inputCount(shape) * 3 * state, gate);
  fill(layout.stateKernel, state * 3 * state, gate);
  fill(layout.headKernel, headCount(shape) * hidden, Math.sqrt(6 / (headCount(shape) + hidden)));
  fill(layout.outputKernel, hidden, Math.sqrt(6 / (hidden + 1)));
  return weights;
}

/** Adds the pull towards zero: stronger on the skills' embeddings, of which each sees few answers. */
function addDecay(gradient: Float64Array, weights: Float32Array, embeddings: number, plan: HybridPlan): void {
  for (let i = 0; i < weights.length; i++)
    gradient[i] = (gradient[i] as number) + (i < embeddings ? plan.skillDecay : plan.decay) * (weights[i] as number);
}

/**
 * Train the second tier: Adam over learners in random order, gradients through stretches of 200 answers, the learning rate falling
 * linearly to a fiftieth; the result is the running average of the weights from half-way on.
 *
 * @param onEpoch told the mean training loss (nats) of every epoch
 */
export function trainHybrid(
  shape: HybridShape,
  sequences: readonly Sequence[],
  rng: Rng,
  onEpoch: (epoch: number, loss: number) => void,
  plan: HybridPlan = HYBRID_PLAN,
): Float32Array {
  const pass = newPass(shape);
  const { count, inputKernel } = pass.layout;
  const weights = initialHybrid(shape, rng);
  const average = new Float64Array(count);
  const gradient = new Float64Array(count);
  const step = adam(count);
  const total = sequences.reduce((sum, s) => sum + s.y.length, 0);
  const steps = Math.max(1, Math.ceil(total / plan.batch) * plan.epochs);
  const order = Uint32Array.from(sequences, (_, i) => i);
  let [done, gathered] = [0, 0];
  const move = () => {
    addDecay(gradient, weights, inputKernel, plan);
    step(weights, gradient, plan.learningRate * Math.max(0.02, 1 - (0.98 * done) / steps));
    gradient.fill(0);
    done += 1;
    gathered = 0;
    if (done < steps / 2) average.set(weights);
    else
      weights.forEach((w, i) => {
        average[i] = AVERAGE_KEEP * (average[i] as number) + (1 - AVERAGE_KEEP) * w;
      });
  };
  const dropout = (mask: Float32Array) => {
    for (let i = 0; i < mask.length; i++) mask[i] = uniform(rng) < plan.dropout ? 0 : 1 / (1 - plan.dropout);
  };
  for (let epoch = 0; epoch < plan.epochs; epoch++) {
    shuffle(order, rng);
    let loss = 0;
    for (const i of order) {
      const sequence = sequences[i] as Sequence;
      begin(pass);
      for (let from = 0; from < sequence.y.length; from += STRETCH) {
        const length = Math.min(STRETCH, sequence.y.length - from);
        forward(pass, weights, sequence, from, length, dropout);
        loss += backward(pass, weights, sequence, from, length, 1 / plan.batch, gradient);
        carryOn(pass, length);
        gathered += length;
        if (gathered >= plan.batch) move();
      }
    }
    onEpoch(epoch, loss / total);
  }
  return Float32Array.from(average);
}

import { ADAM } from '../learner.ts';

/** One Adam step (Kingma and Ba 2015, algorithm 1): changes the weights in place. */
export type AdamStep = (weights: Float32Array, gradient: Float64Array, learningRate: number) => void;

/** A fresh optimiser for `size` weights; its moments live in the closure. */
export function adam(size: number): AdamStep {
  const m = new Float64Array(size);
  const v = new Float64Array(size);
  let step = 0;
  return (weights, gradient, learningRate) => {
    step++;
    const rate = (learningRate * Math.sqrt(1 - ADAM.beta2 ** step)) / (1 - ADAM.beta1 ** step);
    const epsilon = ADAM.epsilon * Math.sqrt(1 - ADAM.beta2 ** step);
    for (let i = 0; i < size; i++) {
      const g = gradient[i] as number;
      const mi = ADAM.beta1 * (m[i] as number) + (1 - ADAM.beta1) * g;
      const vi = ADAM.beta2 * (v[i] as number) + (1 - ADAM.beta2) * g * g;
      m[i] = mi;
      v[i] = vi;
      weights[i] = (weights[i] as number) - (rate * mi) / (Math.sqrt(vi) + epsilon);
    }
  };
}

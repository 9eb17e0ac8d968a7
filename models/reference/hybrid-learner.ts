import { crossEntropyOfLogit } from '#shared/maths/logistic.ts';
import { type Learner, TrainingStopped } from '../learner.ts';
import { adam } from './adam.ts';
import { backward, begin, carryOn, forward, hybridLogits, newPass, type Sequence, STRETCH } from './hybrid-network.ts';
import type { HybridShape } from './hybrid-shape.ts';
import { referenceLearner } from './reference-learner.ts';

/** Learners' answers as the second tier trains on them. */
export type Sequences = readonly Sequence[];

const answersIn = (sequences: Sequences): number => sequences.reduce((sum, s) => sum + s.y.length, 0);

/** The second tier behind the Learner port, in plain TypeScript. Fine-tuning moves the head alone: skills and memory stay shared. */
export function hybridLearner(shape: HybridShape): Learner<Sequences> {
  const pass = newPass(shape);
  const { count, headKernel } = pass.layout;
  const linear = referenceLearner();
  const gradientOf = (weights: Float32Array, sequences: Sequences, into: Float64Array): number => {
    const n = answersIn(sequences);
    into.fill(0);
    let loss = 0;
    for (const sequence of sequences) {
      begin(pass);
      for (let from = 0; from < sequence.y.length; from += STRETCH) {
        const steps = Math.min(STRETCH, sequence.y.length - from);
        forward(pass, weights, sequence, from, steps, null);
        loss += backward(pass, weights, sequence, from, steps, 1 / n, into);
        carryOn(pass, steps);
      }
    }
    return loss / n;
  };
  const meanLoss = (weights: Float32Array, sequences: Sequences): number =>
    sequences.reduce(
      (sum, s) => sum + hybridLogits(pass, weights, s).reduce((own, l, i) => own + crossEntropyOfLogit(l, s.y[i] as number), 0),
      0,
    ) / answersIn(sequences);
  return {
    backend: 'typescript',
    async gradient(weights, sequences) {
      const gradient = new Float64Array(count);
      const loss = gradientOf(weights, sequences, gradient);
      return { loss, gradient: Float32Array.from(gradient) };
    },
    async fineTune(base, fit, validation, plan, onEpoch) {
      const weights = base.slice();
      const gradient = new Float64Array(count);
      const step = adam(count);
      const pull = plan.pull / answersIn(fit);
      for (let epoch = 0; epoch < plan.steps; epoch++) {
        const loss = gradientOf(weights, fit, gradient);
        const validationLoss = validation && onEpoch ? meanLoss(weights, validation) : Number.NaN;
        if (onEpoch && !onEpoch({ epoch, loss, validationLoss })) throw new TrainingStopped();
        gradient.fill(0, 0, headKernel);
        for (let i = headKernel; i < count; i++)
          gradient[i] = (gradient[i] as number) + pull * ((weights[i] as number) - (base[i] as number));
        step(weights, gradient, plan.learningRate);
      }
      return weights;
    },
    fitLinear: linear.fitLinear,
    fitGrid: linear.fitGrid,
    dispose() {},
  };
}

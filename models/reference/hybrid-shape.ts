import { FEATURE_COUNT } from '../learner.ts';

/** Sizes of the second tier: a recurrent state over all answers beside the 28 features. */
export interface HybridShape {
  /** Skills of the pack, each with an embedding. */
  readonly skills: number;
  /** Numbers in a skill's embedding. */
  readonly embedding: number;
  /** Numbers in the recurrent state. */
  readonly state: number;
  /** Units of the head. */
  readonly hidden: number;
}

/** The sizes in use: the first that were tried, kept because validation learners of both published sets were predicted better than by the first tier. */
export const hybridShape = (skills: number): HybridShape => ({ skills, embedding: 16, state: 32, hidden: 32 });

/** Numbers the recurrent unit reads of an answer: the skills' embedding in the half of its outcome, outcome ±1, difficulty, their product. */
export const inputCount = ({ embedding }: HybridShape): number => 2 * embedding + 3;

/** Numbers the head reads of a question: state, embedding, features. */
export const headCount = ({ embedding, state }: HybridShape): number => state + embedding + FEATURE_COUNT;

/** Where each part lies in the flat weight vector; matrices row-major [in][out], gates in the order update, reset, candidate. */
export interface HybridLayout {
  readonly skills: number;
  readonly inputKernel: number;
  readonly stateKernel: number;
  readonly gateBias: number;
  /** The candidate's bias inside the reset product (Cho et al. 2014, as cuDNN and TF.js's `resetAfter` have it). */
  readonly candidateBias: number;
  readonly headKernel: number;
  readonly headBias: number;
  readonly outputKernel: number;
  readonly outputBias: number;
  readonly count: number;
}

/** The layout of a shape; everything from `headKernel` on is the head, the only part a device may fit. */
export function layoutOf(shape: HybridShape): HybridLayout {
  const { skills, embedding, state, hidden } = shape;
  let next = 0;
  const take = (n: number): number => {
    next += n;
    return next - n;
  };
  return {
    skills: take(skills * embedding),
    inputKernel: take(inputCount(shape) * 3 * state),
    stateKernel: take(state * 3 * state),
    gateBias: take(3 * state),
    candidateBias: take(state),
    headKernel: take(headCount(shape) * hidden),
    headBias: take(hidden),
    outputKernel: take(hidden),
    outputBias: take(1),
    count: next,
  };
}

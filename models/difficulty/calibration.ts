import { clip, logit, sigmoid } from '#shared/maths/logistic.ts';
import { type Candidate, type RefitContext, replay } from './candidate.ts';
import type { Answer } from './question.ts';

const STEPS = 50;
const MIN_SLOPE = 0.5;
const MAX_SLOPE = 2;

/** Slope and shift of `p = sigmoid(slope * logit + shift)` by Newton steps with a weak pull towards (1, 0) (Platt 1999). */
export function fitCalibration(p: Float32Array, y: Float32Array): { slope: number; shift: number } {
  let [slope, shift] = [1, 0];
  for (let step = 0; step < STEPS; step++) {
    let [ga, gb, haa, hab, hbb] = [slope - 1, shift, 1, 0, 1];
    for (let i = 0; i < p.length; i++) {
      const l = logit(clip(p[i] as number, 0.001, 0.999));
      const q = sigmoid(slope * l + shift);
      const error = q - (y[i] as number);
      const bend = q * (1 - q);
      ga += error * l;
      gb += error;
      haa += bend * l * l;
      hab += bend * l;
      hbb += bend;
    }
    const det = haa * hbb - hab * hab;
    slope = clip(slope - (hbb * ga - hab * gb) / det, MIN_SLOPE, MAX_SLOPE);
    shift = clip(shift - (haa * gb - hab * ga) / det, -2, 2);
  }
  return { slope, shift };
}

/** The candidate with its probabilities calibrated on answers it was not fitted to. */
export function calibrate(context: RefitContext, candidate: Candidate, fit: readonly Answer[], held: readonly Answer[]): Candidate {
  const { p, y } = replay(context, candidate, fit, held);
  const layer = { ...candidate.layer, calibration: fitCalibration(p, y) };
  return { ...candidate, layer };
}

import { sigmoid } from '#shared/maths/logistic.ts';
import { normal, seededRng, uniform } from '#shared/maths/rng.ts';
import { noDrift, watchDrift } from '../difficulty/drift.ts';

/** Answers of a made-up learner until the alarm, at most so many; the network expects `shift` logits more than what is true. */
export function answersUntilAlarm(seed: number, shift: number, atMost: number): number {
  const rng = seededRng(seed);
  const drift = noDrift();
  for (let n = 1; n <= atMost; n++) {
    const net = 0.9 + 0.9 * normal(rng);
    watchDrift(drift, net, uniform(rng) < sigmoid(net - shift) ? 1 : 0);
    if (drift.sinceAlarm === 0) return n;
  }
  return atMost;
}

/** What a detector did over many learners. */
export interface DriftReport {
  /** Logits by which the learners fell behind what the network expects; 0: not at all. */
  readonly shift: number;
  /** Mean answers until the alarm, those without one counted at the limit. */
  readonly answers: number;
  /** Share of the learners it went off for within the limit. */
  readonly noticed: number;
}

/** Delay, and for a shift of 0 the distance between false alarms, over `learners` made-up learners. */
export function judgeDrift(shift: number, learners: number, atMost: number): DriftReport {
  const until = Array.from({ length: learners }, (_, seed) => answersUntilAlarm(1000 + seed, shift, atMost));
  const answers = until.reduce((sum, n) => sum + n, 0) / learners;
  return { shift, answers, noticed: until.filter((n) => n < atMost).length / learners };
}

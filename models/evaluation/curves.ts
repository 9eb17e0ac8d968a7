import { auc, logLoss } from '#shared/maths/scores.ts';
import type { Served } from './prequential.ts';

/** One bin of a calibration plot. */
export interface CalibrationBin {
  readonly meanP: number;
  readonly share: number;
  readonly answers: number;
}

/** Mean prediction beside the share right, over 15 bins of equal width; empty bins left out. */
export function calibration(p: Float32Array, y: Float32Array, bins = 15): readonly CalibrationBin[] {
  const sums = Array.from({ length: bins }, () => ({ p: 0, y: 0, n: 0 }));
  p.forEach((pi, i) => {
    const sum = sums[Math.min(bins - 1, Math.floor(pi * bins))] as { p: number; y: number; n: number };
    sum.p += pi;
    sum.y += y[i] as number;
    sum.n += 1;
  });
  return sums.filter((s) => s.n > 0).map((s) => ({ meanP: s.p / s.n, share: s.y / s.n, answers: s.n }));
}

/** A point of the selective-accuracy curve. */
export interface SelectivePoint {
  readonly coverage: number;
  readonly accuracy: number;
}

const sureness = (p: number): number => Math.max(p, 1 - p);
const isRight = (p: number, y: number): boolean => p >= 0.5 === (y === 1);

/** Accuracy on the answers the model is surest of, at every twentieth of the answers. */
export function selectiveCurve(p: Float32Array, y: Float32Array): readonly SelectivePoint[] {
  const order = Array.from(p, (_, i) => i).sort((i, j) => sureness(p[j] as number) - sureness(p[i] as number));
  const points: SelectivePoint[] = [];
  let right = 0;
  order.forEach((i, k) => {
    if (isRight(p[i] as number, y[i] as number)) right += 1;
    if (((k + 1) * 20) % order.length < 20) points.push({ coverage: (k + 1) / order.length, accuracy: right / (k + 1) });
  });
  return points;
}

/** Smallest sureness τ from which on the answers reach the goal together: chosen on validation learners, used on others. 1 if none does. */
export function sureFrom(p: Float32Array, y: Float32Array, goal: number): number {
  const order = Array.from(p, (_, i) => i).sort((i, j) => sureness(p[j] as number) - sureness(p[i] as number));
  let [right, tau] = [0, 1];
  order.forEach((i, k) => {
    if (isRight(p[i] as number, y[i] as number)) right += 1;
    if (right / (k + 1) >= goal) tau = sureness(p[i] as number);
  });
  return tau;
}

/** Accuracy on the answers at least as sure as τ, and their share. */
export function selectiveAt(p: Float32Array, y: Float32Array, tau: number): SelectivePoint {
  let [right, n] = [0, 0];
  p.forEach((pi, i) => {
    if (sureness(pi) < tau) return;
    n += 1;
    if (isRight(pi, y[i] as number)) right += 1;
  });
  return { coverage: n / p.length, accuracy: n === 0 ? Number.NaN : right / n };
}

/** A stage of a learner's way: answers `from` to `to` (1-based, inclusive) of every learner together. */
export interface ColdStartPoint {
  readonly from: number;
  /** Null: to the last. */
  readonly to: number | null;
  readonly answers: number;
  readonly auc: number;
  readonly logLoss: number;
}

const STAGES: readonly (readonly [number, number | null])[] = [
  [1, 5],
  [6, 10],
  [11, 20],
  [21, 50],
  [51, 100],
  [101, 200],
  [201, null],
];

/** How good the predictions are at the beginning, and after. */
export function coldStart(learners: readonly Served[]): readonly ColdStartPoint[] {
  return STAGES.flatMap(([from, to]) => {
    const slice = (part: Float32Array) => [...part.subarray(from - 1, to === null ? part.length : Math.min(part.length, to))];
    const p = learners.flatMap((l) => slice(l.served));
    const y = learners.flatMap((l) => slice(l.y));
    const isJudged = y.includes(0) && y.includes(1);
    return isJudged ? [{ from, to, answers: y.length, auc: auc(p, y), logLoss: logLoss(p, y) }] : [];
  });
}

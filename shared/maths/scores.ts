import { crossEntropy } from './logistic.ts';

type Series = ArrayLike<number>;

const at = (series: Series, i: number): number => series[i] ?? Number.NaN;

function mean(n: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += term(i);
  return sum / n;
}

/** Area under the ROC curve by ranks, ties counted half (Hanley and McNeil 1982). NaN if only one class is present. */
export function auc(p: Series, y: Series): number {
  const n = p.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => at(p, i) - at(p, j));
  let rankSumOfRight = 0;
  let right = 0;
  for (let start = 0; start < n; ) {
    let end = start + 1;
    while (end < n && at(p, order[end] ?? 0) === at(p, order[start] ?? 0)) end++;
    const sharedRank = (start + 1 + end) / 2;
    for (let k = start; k < end; k++) {
      if (at(y, order[k] ?? 0) === 1) {
        rankSumOfRight += sharedRank;
        right++;
      }
    }
    start = end;
  }
  return (rankSumOfRight - (right * (right + 1)) / 2) / (right * (n - right));
}

/** Share of answers where (p >= 0.5) agrees with y. */
export function accuracy(p: Series, y: Series): number {
  return mean(p.length, (i) => (at(p, i) >= 0.5 === (at(y, i) === 1) ? 1 : 0));
}

/** Accuracy of always predicting the commoner outcome: the baseline to print beside every accuracy. */
export function majorityAccuracy(y: Series): number {
  const right = mean(y.length, (i) => at(y, i));
  return Math.max(right, 1 - right);
}

/** Mean binary cross-entropy in nats; p held at 1e-6 from 0 and 1. */
export function logLoss(p: Series, y: Series): number {
  return mean(p.length, (i) => crossEntropy(at(p, i), at(y, i)));
}

/** Mean squared error of the probability (Brier 1950). */
export function brier(p: Series, y: Series): number {
  return mean(p.length, (i) => (at(p, i) - at(y, i)) ** 2);
}

/** Expected calibration error over 15 equal-width bins: sum of share times |mean p - mean y|. */
export function ece(p: Series, y: Series, bins = 15): number {
  const sumP = new Float64Array(bins);
  const sumY = new Float64Array(bins);
  for (let i = 0; i < p.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(at(p, i) * bins));
    sumP[bin] = at(sumP, bin) + at(p, i);
    sumY[bin] = at(sumY, bin) + at(y, i);
  }
  return mean(bins, (b) => Math.abs(at(sumP, b) - at(sumY, b))) * (bins / p.length);
}

/** Largest share of answers, most confident first, whose accuracy is at least `goal`; 0 if none reaches it. */
export function selectiveCoverage(p: Series, y: Series, goal: number): number {
  const order = Array.from({ length: p.length }, (_, i) => i).sort((i, j) => Math.abs(at(p, j) - 0.5) - Math.abs(at(p, i) - 0.5));
  let right = 0;
  let covered = 0;
  order.forEach((i, k) => {
    if (at(p, i) >= 0.5 === (at(y, i) === 1)) right++;
    if (right / (k + 1) >= goal) covered = k + 1;
  });
  return p.length === 0 ? 0 : covered / p.length;
}

/** All scores of one set of predictions, under the names the tools print. */
export interface Scores {
  readonly auc: number;
  readonly accuracy: number;
  readonly majorityAccuracy: number;
  readonly logLoss: number;
  readonly brier: number;
  readonly ece: number;
  readonly n: number;
}

/** @param p predicted P(correct), shape [n] @param y outcomes 0 or 1, shape [n] @throws RangeError if lengths differ or n = 0 */
export function scores(p: Series, y: Series): Scores {
  if (p.length !== y.length || p.length === 0)
    throw new RangeError(`need as many predictions as outcomes, got ${p.length} and ${y.length}`);
  return {
    auc: auc(p, y),
    accuracy: accuracy(p, y),
    majorityAccuracy: majorityAccuracy(y),
    logLoss: logLoss(p, y),
    brier: brier(p, y),
    ece: ece(p, y),
    n: p.length,
  };
}

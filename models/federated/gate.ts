import { crossEntropyOfLogit, sigmoid } from '#shared/maths/logistic.ts';
import { accuracy, auc, ece } from '#shared/maths/scores.ts';

/** How candidate and champion did on the public hold-out. */
export interface HoldOutScores {
  readonly logLoss: number;
  readonly championLogLoss: number;
  /** Upper 95 % bound of the mean difference candidate - champion, nats. */
  readonly upperBound: number;
  readonly auc: number;
  readonly accuracy: number;
  readonly championAccuracy: number;
  readonly ece: number;
  /** Worst difference in log loss of a difficulty band, nats. */
  readonly worstBand: number;
}

/** One gate's outcome. */
export interface Gate {
  readonly name: 'integrity' | 'update-norm' | 'log-loss' | 'calibration' | 'subgroups';
  readonly isPassed: boolean;
  readonly value: number;
  readonly limit: number;
}

const LIMITS = { logLoss: 0.002, ece: 0.02, subgroup: 0.01 } as const;
const Z_95 = 1.6448536269514722;
const BANDS = 4;

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum / Math.max(1, values.length);
};

/** Largest worsening among four bands of the champion's own predictions: hard to easy questions. */
function worstBandOf(difference: Float64Array, champion: Float32Array): number {
  const sums = new Float64Array(BANDS);
  const counts = new Float64Array(BANDS);
  difference.forEach((d, i) => {
    const band = Math.min(BANDS - 1, Math.floor(sigmoid(champion[i] as number) * BANDS));
    sums[band] = (sums[band] as number) + d;
    counts[band] = (counts[band] as number) + 1;
  });
  return Math.max(...sums.map((sum, band) => ((counts[band] as number) < 100 ? 0 : sum / (counts[band] as number))));
}

/** Score a candidate against the champion on the same rows. @param candidate logits [n] @param champion logits [n] @param y outcomes [n] */
export function scoreOnHoldOut(candidate: Float32Array, champion: Float32Array, y: Float32Array): HoldOutScores {
  const loss = (logits: Float32Array) => Float64Array.from(logits, (logit, i) => crossEntropyOfLogit(logit, y[i] as number));
  const [own, theirs] = [loss(candidate), loss(champion)];
  const difference = own.map((l, i) => l - (theirs[i] as number));
  const center = mean(difference);
  const variance = mean(difference.map((d) => (d - center) ** 2));
  const [p, championP] = [candidate.map(sigmoid), champion.map(sigmoid)];
  return {
    logLoss: mean(own),
    championLogLoss: mean(theirs),
    upperBound: center + Z_95 * Math.sqrt(variance / y.length),
    auc: auc(p, y),
    accuracy: accuracy(p, y),
    championAccuracy: accuracy(championP, y),
    ece: ece(p, y),
    worstBand: worstBandOf(difference, champion),
  };
}

/**
 * The gates of a candidate (dashboards, section 3.5); all must pass for a promotion without override, and `integrity` always.
 *
 * @param update L2 norm of the noised mean, weight units, and the signed bound on it
 */
export function gatesOf(
  scores: HoldOutScores,
  weights: Float32Array,
  update: { readonly norm: number; readonly bound: number },
): readonly Gate[] {
  const isSound = weights.every(Number.isFinite) && Number.isFinite(scores.logLoss);
  const gate = (name: Gate['name'], value: number, limit: number): Gate => ({ name, isPassed: value <= limit, value, limit });
  return [
    { name: 'integrity', isPassed: isSound, value: isSound ? 0 : 1, limit: 0 },
    gate('update-norm', update.norm, update.bound),
    gate('log-loss', scores.upperBound, LIMITS.logLoss),
    gate('calibration', scores.ece, LIMITS.ece),
    gate('subgroups', scores.worstBand, LIMITS.subgroup),
  ];
}

/** Whether nothing stands against a promotion. */
export function passesAll(gates: readonly Gate[]): boolean {
  return gates.every((g) => g.isPassed);
}

import { accuracy, logLoss, majorityAccuracy } from '#shared/maths/scores.ts';
import { wilson } from '#shared/maths/wilson.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

/** A figure with its 95 % interval and that of a named baseline. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly baseline: number;
}

/** Predictions made before each answer, held against what happened. */
export interface PredictionHistory {
  readonly n: number;
  /** Share predicted right; baseline: always the commoner outcome. */
  readonly accuracy: Figure;
  /** Nats; baseline: always the share right so far. */
  readonly logLoss: Figure;
  /** Mean log loss of each ten answers, oldest first; the last may be of fewer. */
  readonly blocks: readonly { readonly model: number; readonly baseline: number }[];
}

/** Fewest answers a share of right predictions is told for. */
export const RECORD_MIN = 10;
const BLOCK = 10;

/** The share predicted right; null below ten answers. */
export function accuracyOf(answers: readonly AnswerRow[]): Figure | null {
  const n = answers.length;
  if (n < RECORD_MIN) return null;
  const y = answers.map((a) => a.correct);
  const value = accuracy(
    answers.map((a) => a.predicted_p),
    y,
  );
  return { value, ...wilson(Math.round(value * n), n), baseline: majorityAccuracy(y) };
}

/** What somebody would say who knows only the share right so far (Laplace's rule). Shape [answers]. */
function shareSoFar(answers: readonly AnswerRow[]): readonly number[] {
  let right = 0;
  return answers.map(({ correct }, i) => {
    const p = (right + 1) / (i + 2);
    right += correct;
    return p;
  });
}

/**
 * How the model's predictions of the answers shown fared; null below ten of them.
 *
 * @param all answers in order: what the baseline knows of, as the model does
 */
export function predictionHistory(all: readonly AnswerRow[], shown: readonly AnswerRow[] = all): PredictionHistory | null {
  const share = accuracyOf(shown);
  if (!share) return null;
  const n = shown.length;
  const isShown = new Set(shown);
  const losses = (ps: readonly number[]) => ps.map((p, i) => logLoss([p], [shown[i]?.correct ?? 0]));
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const model = losses(shown.map((a) => a.predicted_p));
  const baseline = losses(shareSoFar(all).filter((_, i) => isShown.has(all[i] as AnswerRow)));
  const value = mean(model);
  const half = (1.96 * Math.sqrt(model.reduce((sum, v) => sum + (v - value) ** 2, 0) / (n - 1))) / Math.sqrt(n);
  const blocks = Array.from({ length: Math.ceil(n / BLOCK) }, (_, i) => {
    const of = (all: readonly number[]) => mean(all.slice(i * BLOCK, (i + 1) * BLOCK));
    return { model: of(model), baseline: of(baseline) };
  });
  return { n, accuracy: share, logLoss: { value, low: Math.max(0, value - half), high: value + half, baseline: mean(baseline) }, blocks };
}

/** One logged choice, judged for another policy. */
export interface LoggedChoice {
  /** Probability with which the logging policy made it; in (0, 1]. */
  readonly logged: number;
  /** Probability with which the policy in question would have. */
  readonly target: number;
  /** What came of it: y - p at the first item of its skill not seen before, within seven days; null where there was none. */
  readonly reward: number | null;
  /** The model's expectation of the reward of this choice, and of the policy in question over all it could choose. */
  readonly expected: number;
  readonly expectedOfTarget: number;
}

/** What the log says of a policy that did not make it. */
export type PolicyValue =
  | { readonly kind: 'too-few'; readonly effectiveSampleSize: number; readonly missing: number }
  | {
      readonly kind: 'value';
      /** Self-normalised inverse propensity score (Swaminathan and Joachims 2015). */
      readonly snips: number;
      /** Doubly robust estimate (Dudík, Langford and Li 2011). */
      readonly doublyRobust: number;
      /** Of the doubly robust estimate. */
      readonly standardError: number;
      readonly effectiveSampleSize: number;
      /** Share of the choices without an outcome. */
      readonly missing: number;
    };

const MOST_WEIGHT = 20;
/** Below this effective sample size no number is told. */
export const ENOUGH_EVIDENCE = 100;

/** Judges a policy by another's log: weights w = min(target / logged, 20), effective sample size (Σ w)² / Σ w². @throws RangeError on a propensity outside (0, 1] */
export function judgePolicy(choices: readonly LoggedChoice[]): PolicyValue {
  for (const { logged } of choices) if (!(logged > 0 && logged <= 1)) throw new RangeError(`a logged propensity of ${logged}`);
  const known = choices.flatMap((c) =>
    c.reward === null ? [] : [{ ...c, reward: c.reward, weight: Math.min(c.target / c.logged, MOST_WEIGHT) }],
  );
  const missing = choices.length === 0 ? 0 : 1 - known.length / choices.length;
  const weights = known.reduce((sum, c) => sum + c.weight, 0);
  const squares = known.reduce((sum, c) => sum + c.weight ** 2, 0);
  const effectiveSampleSize = squares === 0 ? 0 : weights ** 2 / squares;
  if (effectiveSampleSize < ENOUGH_EVIDENCE) return { kind: 'too-few', effectiveSampleSize, missing };
  const snips = known.reduce((sum, c) => sum + c.weight * c.reward, 0) / weights;
  const each = known.map((c) => c.expectedOfTarget + c.weight * (c.reward - c.expected));
  const doublyRobust = each.reduce((a, b) => a + b, 0) / each.length;
  const variance = each.reduce((sum, x) => sum + (x - doublyRobust) ** 2, 0) / Math.max(1, each.length - 1);
  return { kind: 'value', snips, doublyRobust, standardError: Math.sqrt(variance / each.length), effectiveSampleSize, missing };
}

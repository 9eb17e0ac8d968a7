import { betaQuantile } from '#shared/maths/beta.ts';

/** Where a topic stands by its own answers alone. */
export interface Area {
  readonly id: string;
  readonly right: number;
  readonly answers: number;
  /** Mean and 90 % interval of the win rate under a Beta(1.5, .5) prior. */
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** `open` below eight answers or while the interval decides nothing. */
  readonly verdict: 'strength' | 'gap' | 'open';
}

/** Fewest answers a topic is judged on; below five it is not even ranked. */
export const AREA_NEEDS = { verdict: 8, rank: 5 } as const;

/** Strength if the interval lies above .75, gap if it lies below .60, else open. */
export function areaOf(id: string, right: number, answers: number): Area {
  const [a, b] = [right + 1.5, answers - right + 0.5];
  const [low, high] = [betaQuantile(0.05, a, b), betaQuantile(0.95, a, b)];
  const verdict = answers < AREA_NEEDS.verdict ? 'open' : low >= 0.75 ? 'strength' : high <= 0.6 ? 'gap' : 'open';
  return { id, right, answers, share: a / (a + b), low, high, verdict };
}

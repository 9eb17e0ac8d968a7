import { remembered } from '#shared/domain/remembered.ts';
import { sigmoid } from '#shared/maths/logistic.ts';

/** An answer as the mastery estimate reads it. */
export interface SkillAnswer {
  readonly skills: readonly string[];
  /** Log-odds of a right answer for an average learner: the item's difficulty table. */
  readonly logit: number;
  readonly y: 0 | 1;
}

/** How a learner stands in a skill, as far as the answers tell. */
export interface Outlook {
  /** Chance that it is not mastered yet: that its items would be answered right less than .8 of the time. */
  readonly left: number;
  /** Answers it is expected to take still, 0 once mastered; 100 stands for any more. */
  readonly answersToGo: number;
}

/** One assumption about how somebody learns; which of them holds is found out from the answers. */
interface Assumption {
  /** Where a skill starts, logits above an average learner. */
  readonly start: number;
  /** Logits a skill grows with an answer to an item at even odds. */
  readonly growth: number;
  /** Chance that one answer makes it known at a stroke (Corbett and Anderson 1995). */
  readonly stroke: number;
  /** Belief in it before the first answer, up to a common factor. */
  readonly weight: number;
}

const ASSUMPTIONS: readonly Assumption[] = [
  { growth: 0.15, stroke: 0.005 },
  { growth: 0.3, stroke: 0.005 },
  { growth: 0.02, stroke: 0.06 },
  { growth: 0.02, stroke: 0.14 },
].flatMap((way) => [
  { ...way, start: -0.6, weight: 1 },
  { ...way, start: 0, weight: 2 },
  { ...way, start: 0.6, weight: 1 },
]);

// strength of a skill, logits above an average learner: a grid from -3 to 4 in thirds
const POINTS = 22;
const WIDTH = 1 / 3;
const GRID = Float64Array.from({ length: POINTS }, (_, i) => -3 + i * WIDTH);
const START_SPREAD = 0.7;
const KNOWN = 2.2;
const KNOWN_SPREAD = 0.5;
const KNOWN_FROM = GRID.findIndex((x) => x >= KNOWN);
const MASTERED = 0.8;
const MASTERY_SOFTNESS = 0.03;
const MOST_TO_GO = 100;

function bell(centre: number, spread: number): Float64Array {
  const heights = GRID.map((x) => Math.exp(-0.5 * ((x - centre) / spread) ** 2));
  const total = heights.reduce((a, b) => a + b, 0);
  return heights.map((height) => height / total);
}

const AS_KNOWN = bell(KNOWN, KNOWN_SPREAD);
const FRESH = ASSUMPTIONS.map(({ start }) => bell(start, START_SPREAD));
const freshBeliefs = (): readonly Float64Array[] => FRESH.map((fresh) => fresh.slice());
const STROKES = Float64Array.from(ASSUMPTIONS, ({ stroke }) => stroke);
/** Chance to climb to the next point with an answer: the less often one errs, the less there is to gain. */
const CLIMBS = ASSUMPTIONS.map(({ growth }) =>
  GRID.map((x, i) => (i === POINTS - 1 ? 0 : Math.min(1, (2 * growth * sigmoid(-x - 0.5)) / WIDTH))),
);

/** Weighs the points by an answer, then moves them by what it teaches; in place. @returns how likely the answer was */
function takeIn(belief: Float64Array, likelihood: Float64Array, climb: Float64Array, stroke: number): number {
  let total = 0;
  for (let i = 0; i < POINTS; i++) {
    const weighed = (belief[i] as number) * (likelihood[i] as number);
    belief[i] = weighed;
    total += weighed;
  }
  const share = 1 / total;
  let struck = 0;
  let risen = 0;
  for (let i = 0; i < POINTS; i++) {
    const before = (belief[i] as number) * share;
    const rises = before * (climb[i] as number);
    const here = before - rises + risen;
    const leaps = i < KNOWN_FROM ? here * stroke : 0;
    belief[i] = here - leaps;
    struck += leaps;
    risen = rises;
  }
  for (let i = 0; i < POINTS; i++) belief[i] = (belief[i] as number) + struck * (AS_KNOWN[i] as number);
  return total;
}

/** Chance at each point that a skill with these items is not mastered there. */
function unmasteredAt(itemLogits: readonly number[]): Float64Array {
  const mean = itemLogits.reduce((a, b) => a + b, 0) / itemLogits.length;
  const variance = itemLogits.reduce((sum, l) => sum + (l - mean) ** 2, 0) / itemLogits.length;
  const flatter = 1 / Math.sqrt(1 + (Math.PI * variance) / 8); // a logistic averaged over a normal spread (MacKay 1992)
  return GRID.map((x) => sigmoid((MASTERED - sigmoid(flatter * (x + mean))) / MASTERY_SOFTNESS));
}

/** Expected answers from each point until mastered: a point is left by a climb or a stroke, never downwards. */
function toGoAt(unmastered: Float64Array, climb: Float64Array, stroke: number): Float64Array {
  const toGo = new Float64Array(POINTS + 1);
  for (let i = POINTS - 1; i >= 0; i--) {
    const up = (1 - stroke) * (climb[i] as number);
    const waits = Math.min(MOST_TO_GO, (1 + up * (toGo[i + 1] as number)) / (up + stroke));
    toGo[i] = (unmastered[i] as number) * waits;
  }
  return toGo;
}

function dot(belief: Float64Array, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < POINTS; i++) sum += (belief[i] as number) * (values[i] as number);
  return sum;
}

/** Log odds against the likeliest assumption at which another is given up: it would no longer show in any figure. */
const GIVEN_UP = 15;

/** Beliefs in every skill met and the logarithm of the evidence for each assumption, after the whole history. */
function beliefsAfter(answers: readonly SkillAnswer[]) {
  const beliefs = new Map<string, readonly Float64Array[]>();
  const evidence = Float64Array.from(ASSUMPTIONS, ({ weight }) => Math.log(weight));
  const likelihood = new Float64Array(POINTS);
  for (const { skills, logit, y } of answers) {
    for (let i = 0; i < POINTS; i++) likelihood[i] = sigmoid(y === 1 ? (GRID[i] as number) + logit : -(GRID[i] as number) - logit);
    let best = Number.NEGATIVE_INFINITY;
    for (let h = 0; h < evidence.length; h++) best = Math.max(best, evidence[h] as number);
    for (let h = 0; h < evidence.length; h++) if ((evidence[h] as number) < best - GIVEN_UP) evidence[h] = Number.NEGATIVE_INFINITY;
    for (const skill of skills) {
      const belief = remembered(beliefs, skill, freshBeliefs);
      for (let h = 0; h < evidence.length; h++) {
        if (evidence[h] === Number.NEGATIVE_INFINITY) continue;
        const likely = takeIn(belief[h] as Float64Array, likelihood, CLIMBS[h] as Float64Array, STROKES[h] as number);
        evidence[h] = (evidence[h] as number) + Math.log(likely);
      }
    }
  }
  return { beliefs, evidence };
}

/**
 * Where a learner stands in every skill, by a filter over a grid of strengths that learns which assumption of growth holds for this learner.
 *
 * @param answers the history, in order
 * @param itemLogits table logits of the items of each skill; skills without items are left out
 */
export function outlooksOf(
  answers: readonly SkillAnswer[],
  itemLogits: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, Outlook> {
  const { beliefs, evidence } = beliefsAfter(answers);
  const best = Math.max(...evidence);
  const kept = ASSUMPTIONS.flatMap(({ stroke }, h) => {
    const odds = Math.exp((evidence[h] as number) - best);
    return odds < Math.exp(-GIVEN_UP) ? [] : [{ h, odds, stroke, climb: CLIMBS[h] as Float64Array }];
  });
  const total = kept.reduce((sum, { odds }) => sum + odds, 0);
  const outlookOf = (skill: string, logits: readonly number[]): Outlook => {
    const belief = beliefs.get(skill) ?? FRESH;
    const unmastered = unmasteredAt(logits);
    let [left, answersToGo] = [0, 0];
    for (const { h, odds, stroke, climb } of kept) {
      left += (odds / total) * dot(belief[h] as Float64Array, unmastered);
      answersToGo += (odds / total) * dot(belief[h] as Float64Array, toGoAt(unmastered, climb, stroke));
    }
    return { left, answersToGo };
  };
  return new Map([...itemLogits].flatMap(([skill, logits]) => (logits.length === 0 ? [] : [[skill, outlookOf(skill, logits)] as const])));
}

import * as z from 'zod/mini';
import { sha256 } from '#shared/crypto/sha256.ts';
import { ascii, concat } from '#shared/domain/bytes.ts';
import type { Estimate } from './figures.ts';
import { CELLS, type CohortNoise, standardError } from './layout.ts';

/** Arms a test may have: what the layout has room for. */
export const MOST_ARMS = 3;
/** Tests that may run at once: what the layout has room for. */
export const MOST_TESTS = 2;
/** Parts an arm's share is counted in. */
export const SHARE_PARTS = 10_000;

/** What a test may measure, 0–1 each: share of answers that were right, (gain of recommendations + 1) / 2, share of days with an answer. */
export const GOALS = ['accuracy', 'gain', 'retention'] as const;

/** Name of what a test measures. */
export type Goal = (typeof GOALS)[number];

const whole = (least: number, most: number) => z.number().check(z.int(), z.gte(least), z.lte(most));

/** One arm: how large it is, of 10,000, and what it does differently: the share of recommendations drawn freely. */
const arm = z.strictObject({
  name: z.string().check(z.minLength(1), z.maxLength(40)),
  share: whole(1, SHARE_PARTS - 1),
  explore_rate: z.number().check(z.gte(0), z.lte(0.5)),
});

/** What is chosen of a test before it runs; the first arm is the control, `window_days` lie between joining and the outcome. */
export const testDesign = z.strictObject({
  goal: z.enum(GOALS),
  arms: z.array(arm).check(
    z.minLength(2),
    z.maxLength(MOST_ARMS),
    z.refine((arms) => arms.reduce((sum, { share }) => sum + share, 0) === SHARE_PARTS, `the shares must sum to ${SHARE_PARTS}`),
    z.refine((arms) => new Set(arms.map(({ name }) => name)).size === arms.length, 'each arm has a name of its own'),
  ),
  window_days: whole(1, 28),
});

/** A test as devices know it: `place` says which of the layout's two places its cells are. */
export const abTest = z.extend(testDesign, { id: whole(1, 2 ** 31 - 1), place: whole(0, MOST_TESTS - 1) });

/** What is chosen of a test before it runs. */
export type TestDesign = z.infer<typeof testDesign>;
/** A test as devices know it. */
export type AbTest = z.infer<typeof abTest>;

/**
 * The arm of an account: SHA-256(tag secret ‖ test id in ASCII) as a big-endian integer mod 10,000 (federation-and-privacy section 11).
 *
 * @param tagSecret shape [32]
 * @returns 0–9999
 */
export function drawnPart(tagSecret: Uint8Array, testId: number): number {
  return sha256(concat(tagSecret, ascii(String(testId)))).reduce((rest, byte) => (rest * 256 + byte) % SHARE_PARTS, 0);
}

/** Index of an account's arm. */
export function armOf(tagSecret: Uint8Array, { id, arms }: Pick<AbTest, 'id' | 'arms'>): number {
  let part = drawnPart(tagSecret, id);
  for (const [index, { share }] of arms.entries()) {
    if (part < share) return index;
    part -= share;
  }
  return arms.length - 1;
}

/** First of an arm's three cells: member, outcome, outcome². */
const cellOf = (place: number, arm: number): number => CELLS.experiments.from + 3 * (MOST_ARMS * place + arm);

/** Tell one's own outcome in one's own arm's cells. @param outcome 0–1 */
export function tellOutcome(values: Float64Array, { place }: Pick<AbTest, 'place'>, arm: number, outcome: number): void {
  values.set([1, outcome, outcome * outcome], cellOf(place, arm));
}

/** Whether the arms of a test do the same: it can find nothing but a fault of its own. */
export const isOfNothing = ({ arms }: TestDesign): boolean => arms.every((arm) => arm.explore_rate === arms[0]?.explore_rate);

/** A mean with an interval that holds at every look. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** What the released slots say of a test. */
export interface Judged {
  /** Noised members and mean of each arm; null while there are too few to show. */
  readonly arms: readonly ({ readonly members: Estimate; readonly goal: Interval | null } | null)[];
  /** Each arm against the control, the control left out; null while either is too small to show. */
  readonly differences: readonly (Interval | null)[];
  /** Chance of arms as unequal as these if the shares were kept; null for more than two arms or none to judge. */
  readonly srm: number | null;
}

/** How a test ended. */
export type TestDecision = 'ship' | 'do-not-ship' | 'discuss';

/** A test as it was registered, what the slots so far say, and how it ended. */
export interface RegisteredTest {
  readonly id: number;
  readonly test: AbTest;
  readonly hypothesis: string;
  /** Learners an arm is planned to have. */
  readonly planned: number;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Epoch ms; null while it runs. */
  readonly endedAt: number | null;
  readonly decision: TestDecision | null;
  readonly reason: string | null;
  readonly judged: Judged;
  /** Slots whose sums carry it. */
  readonly slots: number;
}

const ALPHA = 0.05;
const FEWEST_MEMBERS = 20;
/** The widest half-interval that is shown. */
const WIDEST = 0.25;
/** A plan is for as many slots at least: who joins tells weeks later, and not all in one. */
const LEAST_PLANNED_SLOTS = 4;

/**
 * Half-width of an interval that holds at every look: the normal mixture of Robbins, √((V + r) ln((V + r) / (r α²))) (Howard, Ramdas,
 * McAuliffe and Sekhon 2021), for a sum whose variance so far is V.
 *
 * @param planned the variance at which the interval is to be narrowest
 */
export function mixtureBound(variance: number, planned: number): number {
  const r = planned / (2 * Math.log(1 / ALPHA) + Math.log(1 + 2 * Math.log(1 / ALPHA)));
  return Math.sqrt((variance + r) * Math.log((variance + r) / (r * ALPHA * ALPHA)));
}

/** Upper tail of chi-square with one degree of freedom: erfc(√(x / 2)), by the approximation of Numerical Recipes (relative error < 1.2e-7). */
function chiSquareTail(x: number): number {
  const z = Math.sqrt(x / 2);
  const t = 1 / (1 + z / 2);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  return t * Math.exp(-z * z + series.reduceRight((sum, c) => sum * t + c, 0));
}

interface ArmSums {
  readonly members: number;
  readonly mean: number;
  /** Variance of one learner's outcome. */
  readonly spread: number;
}

/** Cells of a slot, and the rule of noise it was released under. */
export interface TestSlot {
  readonly cells: ArrayLike<number>;
  readonly noise: CohortNoise;
}

function sumsOf(slots: readonly TestSlot[], first: number): ArmSums {
  const sum = (i: number) => slots.reduce((all, { cells, noise }) => all + noise.k * (cells[first + i] as number), 0);
  const [members, outcomes, squares] = [sum(0), sum(1), sum(2)];
  const mean = members > 0 ? Math.min(1, Math.max(0, outcomes / members)) : 0;
  // an outcome within 0–1 spreads by a quarter at most
  return { members, mean, spread: members > 0 ? Math.min(0.25, Math.max(0, squares / members - mean * mean)) : 0.25 };
}

/** Variance of an arm's sum that one slot's noise gives it. */
const noiseOf = (noise: CohortNoise): number => (noise.k * standardError(CELLS.experiments.from, noise)) ** 2;

/**
 * Judge a test by every slot since it began. Counts and means carry the noise of all of them; an interval widens by it, and one wider than what
 * is shown of any figure is left out.
 *
 * @param planned learners an arm is planned to have; with the first slot's K it says how many slots the test is planned for
 */
export function judgeTest(test: AbTest, slots: readonly TestSlot[], planned: number): Judged {
  const [first] = slots;
  const sums = test.arms.map((_, arm) => sumsOf(slots, cellOf(test.place, arm)));
  const noised = slots.reduce((sum, { noise }) => sum + noiseOf(noise), 0);
  const plannedNoise = first
    ? Math.max(LEAST_PLANNED_SLOTS, Math.ceil((test.arms.length * planned) / first.noise.k)) * noiseOf(first.noise)
    : 0;
  const isLarge = ({ members }: ArmSums) => members >= FEWEST_MEMBERS + 2 * Math.sqrt(noised);
  /** Variance of an arm's sum of outcomes about its mean times its members, both noised. */
  const varianceOf = ({ members, mean, spread }: ArmSums) => members * spread + noised * (1 + mean * mean);
  const around = (mean: number, variance: number, n: number, most: number): Interval | null => {
    const half = mixtureBound(variance, most) / n;
    return half <= WIDEST ? { mean, low: mean - half, high: mean + half } : null;
  };
  const [control] = sums as [ArmSums, ...ArmSums[]];
  return {
    arms: sums.map((own) =>
      isLarge(own)
        ? {
            members: { value: own.members, se: Math.sqrt(noised) },
            goal: around(own.mean, varianceOf(own), own.members, planned * 0.25 + plannedNoise),
          }
        : null,
    ),
    differences: sums.slice(1).map((own) => {
      if (!isLarge(own) || !isLarge(control)) return null;
      // Arms of unequal size: the variance of the difference of means, brought to sums of as many as the smaller has.
      const n = Math.min(own.members, control.members);
      const variance = [own, control].reduce((all, arm) => all + (varianceOf(arm) * n * n) / (arm.members * arm.members), 0);
      return around(own.mean - control.mean, variance, n, planned * 0.5 + 2 * plannedNoise);
    }),
    srm: mismatch(test, sums, noised),
  };
}

/** X² = (n₁ − p₁N)² / (N p₁ p₂ + v (p₁² + p₂²)), one degree of freedom. */
function mismatch({ arms }: AbTest, sums: readonly ArmSums[], noised: number): number | null {
  const [a, b] = sums;
  if (sums.length !== 2 || !a || !b) return null;
  const all = a.members + b.members;
  if (all < FEWEST_MEMBERS) return null;
  const [p, q] = arms.map((arm) => arm.share / SHARE_PARTS) as [number, number];
  return chiSquareTail((a.members - p * all) ** 2 / (all * p * q + noised * (p * p + q * q)));
}

import { crossEntropy } from '#shared/maths/logistic.ts';
import { below, normal, type Rng, seededRng, uniform } from '#shared/maths/rng.ts';
import { type Fit, fitReviews, type ReviewEvent, type ReviewScore } from '../review/fit.ts';
import { DEFAULT_PARAMETERS, type Memory, type Scheduler, scheduler } from '../review/memory.ts';

/** How made-up people forget: as FSRS-6 has it with parameters of their own, or by a plain half-life, as it does not. */
export const FORGETTERS = ['fsrs', 'half-life'] as const;

/** One of them. */
export type Forgetter = (typeof FORGETTERS)[number];

/** One made-up learner's reviews: the defaults, the fit, what is kept of it, and a prediction that knows the mean alone. */
export interface ReviewJudgement {
  readonly defaults: ReviewScore;
  readonly kept: ReviewScore;
  readonly isKept: boolean;
  readonly meanLogLoss: number;
}

const DAY_MS = 86_400_000;
const [ITEMS, DAYS, A_DAY] = [60, 150, 12];

interface Recall {
  chance(item: number, now: number): number;
  reviewed(item: number, isRight: boolean, now: number): void;
}

function fsrsRecall(rng: Rng): Recall {
  const own = scheduler(DEFAULT_PARAMETERS.map((w, i) => (i === 20 ? w : w * Math.exp(0.35 * normal(rng)))));
  const memories = new Map<number, Memory>();
  return {
    chance: (item, now) => {
      const memory = memories.get(item);
      return memory ? own.recall(memory, now) : 0.5;
    },
    reviewed: (item, isRight, now) =>
      void memories.set(item, own.remember(memories.get(item) ?? null, isRight ? 3 : 1, now, Math.floor(now / DAY_MS))),
  };
}

function halfLifeRecall(rng: Rng): Recall {
  const growth = 1.6 + 0.8 * uniform(rng);
  const halfLife = new Map<number, number>();
  const last = new Map<number, number>();
  return {
    chance: (item, now) => 2 ** (-(now - (last.get(item) ?? now)) / DAY_MS / (halfLife.get(item) ?? 2)),
    reviewed(item, isRight, now) {
      halfLife.set(item, Math.max(0.7, (halfLife.get(item) ?? 2) * (isRight ? growth : 0.6)));
      last.set(item, now);
    },
  };
}

/** Reviews as the product asks for them: the least remembered first, some new ones, a few days left out. */
function history(recall: Recall, fsrs: Scheduler, rng: Rng): readonly ReviewEvent[] {
  const memories = new Map<number, Memory>();
  const events: ReviewEvent[] = [];
  for (let day = 0; day < DAYS; day++) {
    if (below(7, rng) === 0) continue;
    const morning = day * DAY_MS;
    const asked = Array.from({ length: ITEMS }, (_, i) => i)
      .map((i) => ({ i, recall: memories.has(i) ? fsrs.recall(memories.get(i) as Memory, morning) : 0.93 + 0.04 * uniform(rng) }))
      .sort((a, b) => a.recall - b.recall)
      .slice(0, A_DAY);
    asked.forEach(({ i }, k) => {
      const at = morning + k * 30_000;
      const isRight = uniform(rng) < recall.chance(i, at);
      recall.reviewed(i, isRight, at);
      memories.set(i, fsrs.remember(memories.get(i) ?? null, isRight ? 3 : 1, at, day));
      events.push({ itemId: String(i), grade: isRight ? 3 : 1, at, day });
    });
  }
  return events;
}

function fitted(events: readonly ReviewEvent[]): Fit {
  const steps = fitReviews(events);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The schedule judged on one made-up learner, on the latest fifth of the reviews, which the fit has not seen. */
export function judgeSchedule(forgetter: Forgetter, seed: number): ReviewJudgement {
  const rng = seededRng(seed);
  const events = history(forgetter === 'fsrs' ? fsrsRecall(rng) : halfLifeRecall(rng), scheduler(), rng);
  const { before, after, isBetter } = fitted(events);
  const held = events.slice(Math.floor(events.length * 0.8));
  const known = events.slice(0, Math.floor(events.length * 0.8));
  const mean = known.filter((e) => e.grade > 1).length / known.length;
  const meanLogLoss = held.reduce((sum, e) => sum + crossEntropy(mean, e.grade > 1 ? 1 : 0), 0) / held.length;
  return { defaults: before, kept: isBetter ? after : before, isKept: isBetter, meanLogLoss };
}

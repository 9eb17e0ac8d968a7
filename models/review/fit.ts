import { clipParameters } from 'ts-fsrs';
import { crossEntropy } from '#shared/maths/logistic.ts';
import type { Grade } from './grading.ts';
import { DEFAULT_PARAMETERS, type Memory, scheduler } from './memory.ts';

/** One answer of a review history. */
export interface ReviewEvent {
  readonly itemId: string;
  readonly grade: Grade;
  readonly at: number;
  readonly day: number;
}

/** How a set of parameters predicts reviews a day or more after the answer before. */
export interface ReviewScore {
  /** Mean log loss, nats. */
  readonly logLoss: number;
  /** Root mean squared gap between predicted and observed recall over twenty bins, weighted by count. */
  readonly rmseBins: number;
  readonly n: number;
}

/** What a fit came to. */
export interface Fit {
  readonly parameters: readonly number[];
  /** On the latest fifth of the reviews, which the fit has not seen. */
  readonly before: ReviewScore;
  readonly after: ReviewScore;
  /** Better by at least .001 nats and one standard error: only then it is worth keeping. */
  readonly isBetter: boolean;
}

/** Fewest reviews a fit is offered for. */
export const MIN_REVIEWS = 400;

const FITTED = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 17, 18, 20] as const;
const STEPS = 40;
const RATE = 0.04;
const PULL = 0.3;

interface Predicted {
  readonly p: number;
  readonly y: 0 | 1;
  readonly at: number;
}

function predictions(w: readonly number[], events: readonly ReviewEvent[]): readonly Predicted[] {
  const fsrs = scheduler(w);
  const memories = new Map<string, Memory>();
  return events.flatMap(({ itemId, grade, at, day }) => {
    const memory = memories.get(itemId) ?? null;
    memories.set(itemId, fsrs.remember(memory, grade, at, day));
    return memory && day > memory.day ? [{ p: fsrs.recall(memory, at), y: grade === 1 ? (0 as const) : (1 as const), at }] : [];
  });
}

/** Log loss and RMSE(bins) of reviews after `from` (epoch ms). */
export function scoreReviews(w: readonly number[], events: readonly ReviewEvent[], from = 0): ReviewScore {
  const all = predictions(w, events).filter((r) => r.at >= from);
  const bins = Array.from({ length: 20 }, () => ({ p: 0, y: 0, n: 0 }));
  let loss = 0;
  for (const { p, y } of all) {
    loss += crossEntropy(p, y);
    const bin = bins[Math.min(19, Math.floor(p * 20))] as { p: number; y: number; n: number };
    bin.p += p;
    bin.y += y;
    bin.n += 1;
  }
  const squares = bins.reduce((sum, { p, y, n }) => sum + (n === 0 ? 0 : (p - y) ** 2 / n), 0);
  const n = all.length;
  return { logLoss: n === 0 ? Number.NaN : loss / n, rmseBins: n === 0 ? Number.NaN : Math.sqrt(squares / n), n };
}

/** Parameters as exponents around the defaults: each fitted one is default · e^x, so that none changes its sign. */
function parametersAt(x: readonly number[]): number[] {
  const w = [...DEFAULT_PARAMETERS];
  FITTED.forEach((index, i) => {
    w[index] = (w[index] as number) * Math.exp(x[i] as number);
  });
  return clipParameters(w, 0);
}

function objective(x: readonly number[], events: readonly ReviewEvent[], until: number): number {
  const used = predictions(parametersAt(x), events).filter((r) => r.at < until);
  const loss = used.reduce((sum, { p, y }) => sum + crossEntropy(p, y), 0) / used.length;
  return loss + (PULL / used.length) * x.reduce((sum, v) => sum + (v / 0.5) ** 2, 0);
}

function gradient(x: readonly number[], events: readonly ReviewEvent[], until: number): number[] {
  const H = 1e-3;
  const base = objective(x, events, until);
  return x.map(
    (_, i) =>
      (objective(
        x.map((v, k) => (k === i ? v + H : v)),
        events,
        until,
      ) -
        base) /
      H,
  );
}

function standardError(w: readonly number[], events: readonly ReviewEvent[], from: number): number {
  const held = (parameters: readonly number[]) => predictions(parameters, events).filter((r) => r.at >= from);
  const [old, fresh] = [held(DEFAULT_PARAMETERS), held(w)];
  const gaps = old.map((r, i) => crossEntropy(r.p, r.y) - crossEntropy(fresh[i]?.p ?? r.p, r.y));
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, g) => sum + (g - mean) ** 2, 0) / Math.max(1, gaps.length - 1) / gaps.length);
}

/**
 * Fit FSRS-6 to a learner: fourteen of its parameters by Adam on numerical gradients, pulled towards the defaults, on the earlier four
 * fifths of the reviews; judged on the last fifth. A generator, so that the caller may draw progress and stop between steps.
 *
 * @param events every answer of the learner, oldest first
 * @yields share done, 0–1
 */
export function* fitReviews(events: readonly ReviewEvent[]): Generator<number, Fit> {
  const moments = predictions(DEFAULT_PARAMETERS, events).map((r) => r.at);
  const until = moments[Math.floor(moments.length * 0.8)] ?? Number.POSITIVE_INFINITY;
  const x = FITTED.map(() => 0);
  const [m, v] = [FITTED.map(() => 0), FITTED.map(() => 0)];
  for (let step = 1; step <= STEPS; step++) {
    const g = gradient(x, events, until);
    for (let i = 0; i < x.length; i++) {
      m[i] = 0.9 * (m[i] as number) + 0.1 * (g[i] as number);
      v[i] = 0.99 * (v[i] as number) + 0.01 * (g[i] as number) ** 2;
      const mean = (m[i] as number) / (1 - 0.9 ** step);
      x[i] = (x[i] as number) - (RATE * mean) / (Math.sqrt((v[i] as number) / (1 - 0.99 ** step)) + 1e-8);
    }
    yield step / STEPS;
  }
  const parameters = parametersAt(x);
  const before = scoreReviews(DEFAULT_PARAMETERS, events, until);
  const after = scoreReviews(parameters, events, until);
  const gain = before.logLoss - after.logLoss;
  return { parameters, before, after, isBetter: gain >= 0.001 && gain >= standardError(parameters, events, until) };
}

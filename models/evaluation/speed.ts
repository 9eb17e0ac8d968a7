import { remembered } from '#shared/domain/remembered.ts';
import { below, normal, type Rng, seededRng } from '#shared/maths/rng.ts';
import { absorb, freshModel, predict } from '../difficulty/personal-model.ts';
import type { Question } from '../difficulty/question.ts';
import { priorTables } from '../difficulty/tables.ts';
import { runSearch, runTraining } from '../difficulty/training-job.ts';
import { DEVICE_ANSWERS, deviceDelta } from '../federated/delta.ts';
import { FEATURE_COUNT, type Learner } from '../learner.ts';
import { outlooksOf } from '../recommend/mastery.ts';
import { scoreOptions } from '../recommend/score.ts';
import { drawSlate } from '../recommend/slate.ts';
import { hadTheirTurn, worthsOf } from '../recommend/worth.ts';
import { initialWeights, logitsOf, networkOf } from '../reference/network.ts';

/** One thing timed, milliseconds; beside it the bare arithmetic it cannot do without, where there is such a floor. */
export interface Timing {
  readonly what: string;
  readonly ms: number;
  readonly floor: number | null;
  /** What is asked of it, milliseconds and floors; null where nothing is. */
  readonly mostMs: number | null;
  readonly mostFloors: number | null;
}

/** Whether a timing keeps what is asked of it; null where nothing is. */
export function keepsLimits({ ms, floor, mostMs, mostFloors }: Timing): boolean | null {
  if (mostMs === null && mostFloors === null) return null;
  return (mostMs === null || ms <= mostMs) && (mostFloors === null || floor === null || ms <= mostFloors * floor);
}

/** Milliseconds from any moment on. */
export type Clock = () => number;

/** Made-up questions over forty skills. */
export function speedQuestions(n: number): readonly Question[] {
  return Array.from({ length: n }, (_, i) => ({ id: `i${i}`, skills: [`s${i % 40}`], prior: 0.65 }));
}

/** A model that has seen so many answers, and their log. */
export function studiedModel(items: readonly Question[], answers: number, rng: Rng) {
  const weights = initialWeights(seededRng(1));
  const model = freshModel(networkOf(weights), priorTables(items));
  const log = Array.from({ length: answers }, () => {
    const question = items[below(items.length, rng)] as Question;
    const y = below(2, rng) as 0 | 1;
    const { p } = absorb(model, { question, y });
    return { itemId: question.id, y, servedP: p };
  });
  return { model, log, weights };
}

async function median(runs: number, clock: Clock, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const from = clock();
    await work();
    times.push(clock() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN;
}

function rank({ model, log }: ReturnType<typeof studiedModel>, items: readonly Question[], rng: Rng): void {
  const options = items.map((q) => ({ itemId: q.id, skills: q.skills, p: predict(model, q).p, attempts: 0, answersAgo: 100, due: 0 }));
  const logits = new Map(items.map((q) => [q.id, model.tables.item(q).logit]));
  const skillsOf = new Map(items.map((q) => [q.id, q.skills]));
  const answers = log.map(({ itemId, y }) => ({ skills: skillsOf.get(itemId) ?? [], logit: logits.get(itemId) ?? 0, y }));
  const itemLogits = new Map<string, number[]>();
  for (const q of items) for (const skill of q.skills) remembered(itemLogits, skill, () => []).push(logits.get(q.id) ?? 0);
  const weights = new Map([...itemLogits.keys()].map((skill) => [skill, 1 / itemLogits.size]));
  const worths = worthsOf(outlooksOf(answers, itemLogits), weights, hadTheirTurn(answers.map((a) => a.skills)));
  drawSlate(scoreOptions(options, { targetP: 0.8, answers: answers.length, worths }), 3, rng);
}

/** Times what the page does after every answer: ranking with features, one prediction, one update; told of each. */
export async function measureServing(clock: Clock, tell: (timing: Timing) => void): Promise<void> {
  const rng = seededRng(2);
  for (const [n, mostMs] of [
    [2000, 60],
    [10_000, 250],
  ] as const) {
    const items = speedQuestions(n);
    const studied = studiedModel(items, 1000, rng);
    const x = Float32Array.from({ length: n * FEATURE_COUNT }, () => normal(rng));
    const floor = await median(15, clock, () => logitsOf(studied.weights, x));
    const ms = await median(15, clock, () => rank(studied, items, rng));
    tell({ what: `rank ${n} items with features`, ms, floor, mostMs, mostFloors: 3 });
  }
  const items = speedQuestions(500);
  const { model, weights } = studiedModel(items, 500, rng);
  const one = Float32Array.from({ length: FEATURE_COUNT }, () => normal(rng));
  const network = networkOf(weights);
  const question = items[7] as Question;
  const each = async (work: () => unknown) => {
    const thousand = await median(15, clock, () => {
      for (let i = 0; i < 1000; i++) work();
    });
    return thousand / 1000;
  };
  const floor = await each(() => network(one));
  const asked = { floor, mostMs: null, mostFloors: 3 };
  tell({ what: 'one prediction', ms: await each(() => predict(model, question)), ...asked });
  tell({ what: 'update after one answer', ms: await each(() => absorb(model, { question, y: 1 })), ...asked });
}

/** Times what a learner trains: the step for the federation, refits on 500 and 5,000 answers, the search of the layer's settings; told of each. */
export async function measureTraining(learner: Learner, clock: Clock, tell: (timing: Timing) => void): Promise<void> {
  const items = speedQuestions(500);
  const none = { floor: null, mostMs: null, mostFloors: null };
  const rng = seededRng(4);
  const x = Float32Array.from({ length: DEVICE_ANSWERS * FEATURE_COUNT }, () => normal(rng));
  const y = Float32Array.from({ length: DEVICE_ANSWERS }, () => below(2, rng));
  const step = await median(5, clock, () => deviceDelta(learner, initialWeights(seededRng(1)), { x, y }));
  tell({ what: `step for the federation, ${learner.backend}`, ms: step, ...none });
  for (const n of [500, 5000]) {
    const { log, weights } = studiedModel(items, n, seededRng(3));
    const job = { globalWeights: weights, questions: items, answers: log };
    const ms = await median(3, clock, () => runTraining(job, learner, networkOf, () => true));
    tell({ what: `refit on ${n} answers, ${learner.backend}`, ms, ...none, mostMs: 10_000 });
    if (n < 5000) continue;
    const search = await median(3, clock, () => runSearch(job, learner, networkOf, () => true));
    tell({ what: `search of 27 settings, ${learner.backend}`, ms: search, ...none, mostMs: 10_000 });
  }
}

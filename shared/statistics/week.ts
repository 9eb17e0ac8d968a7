import { CELLS, COHORT_CELLS } from './layout.ts';

/** An answer as its cells need it. */
export interface WeekAnswer {
  /** Epoch ms, and the offset of local time, minutes east of UTC. */
  readonly at: number;
  readonly tz: number;
  /** Predicted before the answer. */
  readonly p: number;
  readonly correct: 0 | 1;
  readonly seconds: number;
  /** Nobody had seen the question here before. */
  readonly isFirst: boolean;
  /** Places of its topics in the syllabus of the task's pack, from 0; empty for another pack's. */
  readonly topics: readonly number[];
}

/** A real exam's result as it was told. */
export interface ToldResult {
  readonly passed: boolean | null;
  /** Share of 1. */
  readonly score: number | null;
  readonly predicted: { readonly low: number; readonly high: number } | null;
}

/** What a report is made from: a learner's last seven days, and in which of the last four weeks they studied. */
export interface WeekFacts {
  /** Epoch ms. */
  readonly now: number;
  /** Of the last 28 days, oldest first. */
  readonly answers: readonly WeekAnswer[];
  /** Begun in the last seven days. */
  readonly sessions: number;
  /** Recommended items; `gain` is the mean of y − p of those answered, null without. */
  readonly slates: {
    readonly shown: number;
    readonly opened: number;
    readonly answered: number;
    readonly dismissed: number;
    readonly gain: number | null;
  };
  /** What this device's own gate said of the last shared model; null if none came. */
  readonly update: 'kept' | 'refused' | null;
  /** Mean rating, 1–5, null if none was given; and how often the difficulty felt right, of the times it was told, 0–1. */
  readonly feedback: { readonly rating: number | null; readonly feltRight: number };
  readonly result: ToldResult | null;
  /** Refits of the personal model. */
  readonly device: { readonly registered: number; readonly rejected: number; readonly failed: number };
}

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const MINUTE_MS = 60_000;
const TIME_EDGES = [2, 5, 10, 20, 40, 80, 160];
/** The largest loss the cell can tell, nats. */
const MOST_LOSS = 2;
/** Topics a report has room for. */
export const TOPIC_SLOTS = 16;

const tell = (values: Float64Array, from: number, told: readonly number[]): void => values.set(told, from);

/** Fractions by bin. @param binOf null: counted in no bin, though in the whole */
function histogram(values: Float64Array, from: number, answers: readonly WeekAnswer[], binOf: (answer: WeekAnswer) => number | null): void {
  for (const answer of answers) {
    const bin = binOf(answer);
    if (bin !== null) values[from + bin] = (values[from + bin] as number) + 1 / answers.length;
  }
}

const tenth = (p: number): number => Math.min(9, Math.max(0, Math.floor(10 * p)));
const mean = (of: readonly number[]): number => (of.length === 0 ? 0 : of.reduce((a, b) => a + b, 0) / of.length);
const localTime = ({ at, tz }: WeekAnswer): number => at + tz * MINUTE_MS;

function activity(values: Float64Array, { now, answers, sessions }: WeekFacts, week: readonly WeekAnswer[]): void {
  const days = new Set(week.map((a) => Math.floor(localTime(a) / DAY_MS))).size;
  const minutes = week.reduce((sum, a) => sum + a.seconds, 0) / 60;
  const ago = new Set(answers.map((a) => Math.floor((now - a.at) / WEEK_MS)));
  const active = [0, 1, 2, 3].map((weeks) => (ago.has(weeks) ? 1 : 0));
  tell(values, CELLS.activity.from, [days / 7, minutes / 600, week.length / 500, sessions / 21, ...active]);
}

function prediction(values: Float64Array, week: readonly WeekAnswer[]): void {
  const loss = (a: WeekAnswer) => -Math.log(Math.max(Number.EPSILON, a.correct === 1 ? a.p : 1 - a.p));
  tell(values, CELLS.prediction.from, [
    mean(week.filter((a) => a.isFirst).map((a) => a.correct)),
    mean(week.map((a) => a.p)),
    mean(week.map((a) => (a.p - a.correct) ** 2)),
    mean(week.map(loss)) / MOST_LOSS,
  ]);
}

function topics(values: Float64Array, week: readonly WeekAnswer[]): void {
  for (const { topics: own, correct } of week) {
    for (const slot of own) {
      if (slot >= TOPIC_SLOTS) continue;
      const part = 1 / (week.length * own.length);
      const [practised, right] = [CELLS.topicPractice.from + slot, CELLS.topicSuccess.from + slot];
      values[practised] = (values[practised] as number) + part;
      values[right] = (values[right] as number) + part * correct;
    }
  }
}

function outcome(values: Float64Array, { result }: WeekFacts): void {
  if (!result) return;
  const { passed, score, predicted } = result;
  const isInside = predicted !== null && score !== null && score >= predicted.low && score <= predicted.high;
  tell(values, CELLS.outcome.from, [1, passed ? 1 : 0, score ?? 0, isInside ? 1 : 0, predicted ? predicted.high - predicted.low : 0]);
}

/**
 * A learner's week as the cells of layout 1 (federation-and-privacy section 11), each within 0–1 by its meaning or clamped where it is encoded.
 * Cells of A/B tests are left at zero.
 *
 * @returns shape [128]
 */
export function cellsOfWeek(facts: WeekFacts): Float64Array {
  const values = new Float64Array(COHORT_CELLS);
  const week = facts.answers.filter((a) => facts.now - a.at < WEEK_MS);
  activity(values, facts, week);
  prediction(values, week);
  histogram(values, CELLS.responseTime.from, week, (a) => TIME_EDGES.filter((edge) => a.seconds >= edge).length);
  histogram(values, CELLS.hour.from, week, (a) => Math.floor((((localTime(a) % DAY_MS) + DAY_MS) % DAY_MS) / (DAY_MS / 8)));
  histogram(values, CELLS.servedP.from, week, (a) => tenth(a.p));
  histogram(values, CELLS.correctByP.from, week, (a) => (a.correct === 1 ? tenth(a.p) : null));
  const { shown, opened, answered, dismissed, gain } = facts.slates;
  const ofShown = (n: number) => n / Math.max(1, shown);
  // Who was recommended nothing gained nothing: the middle of the scale.
  tell(values, CELLS.recommender.from, [
    shown / 100,
    ofShown(opened),
    answered / Math.max(1, opened),
    ofShown(dismissed),
    ((gain ?? 0) + 1) / 2,
  ]);
  topics(values, week);
  if (facts.update) values[CELLS.update.from + (facts.update === 'kept' ? 0 : 1)] = 1;
  const { rating, feltRight } = facts.feedback;
  tell(values, CELLS.feedback.from, [...(rating === null ? [0, 0] : [1, (rating - 1) / 4]), feltRight]);
  outcome(values, facts);
  tell(values, CELLS.device.from, [facts.device.registered / 10, facts.device.rejected / 10, facts.device.failed / 10]);
  return values;
}

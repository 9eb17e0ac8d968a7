import type { Memory, Scheduler } from './memory.ts';

/** What the learner decided about reviewing. */
export interface ReviewPlan {
  /** Share of reviews wanted per weekday, Monday first: 1 normal, .5 fewer, 0 none. Shape [7]. */
  readonly easyDays: readonly number[];
  /** Most reviews offered on one day. */
  readonly dailyCap: number;
  /** Work a backlog off over this many days; 1: as the cap allows. */
  readonly spreadDays: number;
  /** Study day the spreading began; null: it never ends. */
  readonly spreadFrom: number | null;
  readonly isPaused: boolean;
  /** Study day of the exam; null if not known. */
  readonly examDay: number | null;
}

/** One question in the queue. */
export interface Due {
  readonly itemId: string;
  /** Study day on which it is due. */
  readonly day: number;
  /** Chance of recall now (before an exam: on the exam's day), 0–1. */
  readonly recall: number;
}

/** The reviews of a day. */
export interface Queue {
  /** Today's portion, least likely recalled first. */
  readonly today: readonly Due[];
  /** All that is due by today, the portion included. */
  readonly dueByToday: number;
  /** Counts per day from today on, the overdue within today; shape [30]. */
  readonly forecast: readonly number[];
}

const RETENTION = 0.9;
const FORECAST_DAYS = 30;
const DAY_MS = 86_400_000;

/** Weekday of a day count since 1970-01-01, a Thursday: Monday 0 – Sunday 6. */
export const weekdayOf = (day: number): number => (((day + 3) % 7) + 7) % 7;

/** 0–1 from a text, the same on every device: which half of the questions an easier day keeps. */
function share(text: string): number {
  let hash = 0x811c9dc5;
  for (const c of text) hash = Math.imul(hash ^ (c.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash / 4_294_967_296;
}

/** A day on which this question may come: the wanted one, else the nearest before it (never before `first`), else the next after. */
function onWantedDay(itemId: string, day: number, first: number, easyDays: readonly number[]): number {
  const fits = (candidate: number) => share(`${itemId}/${weekdayOf(candidate)}`) < (easyDays[weekdayOf(candidate)] ?? 1);
  for (let back = 0; back < 7 && day - back >= first; back++) if (fits(day - back)) return day - back;
  for (let on = 1; on < 7; on++) if (fits(day + on)) return day + on;
  return day;
}

/** Study day a question is due: recall at 90 %, on a wanted weekday, before the exam. */
export function dueDay(scheduler: Scheduler, itemId: string, memory: Memory, plan: ReviewPlan): number {
  const wanted = memory.day + Math.max(1, Math.round(scheduler.interval(memory, RETENTION)));
  const onDay = onWantedDay(itemId, wanted, memory.day + 1, plan.easyDays);
  const lastBeforeExam = plan.examDay === null || plan.examDay <= memory.day + 1 ? onDay : plan.examDay - 1;
  return Math.min(onDay, lastBeforeExam);
}

/**
 * Today's reviews and the month ahead. The portion is never more than the cap, and a backlog is spread over the days asked for;
 * before an exam the order is by recall on its day.
 *
 * @param memories by item id; suspended questions left out by the caller
 * @param today study day of `now` @param done reviews given on it already: they are part of the day's portion
 */
export function reviewQueue(
  scheduler: Scheduler,
  memories: ReadonlyMap<string, Memory>,
  plan: ReviewPlan,
  { now, today, done }: { readonly now: number; readonly today: number; readonly done: number },
): Queue {
  const isBeforeExam = plan.examDay !== null && plan.examDay > today;
  const at = isBeforeExam ? now + ((plan.examDay as number) - today) * DAY_MS : now;
  const all = [...memories].map(
    ([itemId, memory]): Due => ({ itemId, day: dueDay(scheduler, itemId, memory, plan), recall: scheduler.recall(memory, at) }),
  );
  const due = all.filter((d) => d.day <= today).sort((a, b) => a.recall - b.recall);
  const daysLeft = plan.spreadFrom === null ? plan.spreadDays : plan.spreadDays - (today - plan.spreadFrom);
  const ofToday = Math.min(plan.dailyCap, Math.ceil((due.length + done) / Math.max(1, daysLeft)));
  const portion = Math.max(0, ofToday - done);
  const forecast = Array.from({ length: FORECAST_DAYS }, (_, i) => (i === 0 ? due.length : all.filter((d) => d.day === today + i).length));
  return { today: plan.isPaused ? [] : due.slice(0, portion), dueByToday: due.length, forecast };
}

import type { LogReader } from '#client/ports/experiment-log.ts';
import { type Fit, fitReviews } from '#models/review/fit.ts';
import { scheduler } from '#models/review/memory.ts';
import { type Queue, type ReviewPlan, reviewQueue } from '#models/review/queue.ts';
import { studyDay } from '#shared/domain/time.ts';
import type { Desk } from './desk.ts';
import { reviewHistory } from './recollection.ts';
import { REVIEW_PARAMETERS, type TutorState } from './tutor-state.ts';

/** Settings of the review queue as they are stored, all texts. */
export const REVIEW_KEYS = { cap: 'review.cap', spread: 'review.spread', paused: 'review.paused', easy: 'review.easy' } as const;

const DAY_MS = 86_400_000;
const DEFAULT_CAP = 40;

/** Fold of the settings into what the learner decided about reviewing. */
export async function readReviewPlan(reader: LogReader): Promise<ReviewPlan> {
  const rows = new Map((await reader.list('settings')).map((s) => [s.key, s.value]));
  const easy = (rows.get(REVIEW_KEYS.easy) ?? '').split(',').map(Number);
  const examDate = rows.get('exam_date');
  // the day on which it was chosen is missing in logs of the first release
  const [days = '1', from] = (rows.get(REVIEW_KEYS.spread) ?? '1').split('@');
  return {
    easyDays: easy.length === 7 && easy.every((share) => share >= 0 && share <= 1) ? easy : Array.from({ length: 7 }, () => 1),
    dailyCap: Number(rows.get(REVIEW_KEYS.cap) ?? DEFAULT_CAP),
    spreadDays: Number(days),
    spreadFrom: from === undefined ? null : Number(from),
    isPaused: rows.get(REVIEW_KEYS.paused) === 'on',
    examDay: examDate ? Math.floor(Date.parse(`${examDate}T00:00:00Z`) / DAY_MS) : null,
  };
}

/** Today's reviews and the month ahead. */
export function queueOf(desk: Desk, state: TutorState, plan: ReviewPlan): Queue {
  const { at, tz } = desk.ports.moment();
  const { memories, parameters } = state.recollection;
  const asked = new Map(
    [...memories].filter(
      ([id]) => !state.suspended.has(id) && desk.course.items.get(id)?.status !== 'retired' && desk.course.items.has(id),
    ),
  );
  const today = studyDay(at, tz);
  const done = reviewsOf(state, today);
  return reviewQueue(state.recollection.scheduler ?? scheduler(parameters), asked, plan, { now: at, today, done });
}

/** Questions met on an earlier day that were answered again on this one. */
function reviewsOf(state: TutorState, day: number): number {
  const first = state.answers.findIndex((a) => studyDay(a.at, a.tz) >= day);
  if (first < 0) return 0;
  const before = new Set(state.answers.slice(0, first).map((a) => a.item_id));
  return new Set(state.answers.slice(first).flatMap((a) => (before.has(a.item_id) ? [a.item_id] : []))).size;
}

/** Reviews so far: answers to a question a day or more after the one before. */
export function reviewCount(state: TutorState): number {
  const last = new Map<string, number>();
  let n = 0;
  for (const a of state.answers) {
    const day = studyDay(a.at, a.tz);
    const before = last.get(a.item_id);
    if (before !== undefined && day > before) n += 1;
    last.set(a.item_id, day);
  }
  return n;
}

/** Fit the scheduler to the learner, yielding to the page between steps; kept only if it is better. @returns null when stopped */
export async function fitSchedule(desk: Desk, onProgress: (share: number) => void, signal: AbortSignal): Promise<Fit | null> {
  const { answers } = await desk.state();
  const steps = fitReviews(reviewHistory(answers));
  for (;;) {
    const step = steps.next();
    if (step.done) {
      const fit = step.value;
      if (fit.isBetter) {
        const value = JSON.stringify(fit.parameters);
        await desk.write(async () => ({ drafts: [{ kind: 'setting.set', body: { key: REVIEW_PARAMETERS, value } }], refold: true }));
      }
      return fit;
    }
    onProgress(step.value);
    await new Promise((go) => setTimeout(go));
    if (signal.aborted) return null;
  }
}

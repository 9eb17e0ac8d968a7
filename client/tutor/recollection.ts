import type { ReviewEvent } from '#models/review/fit.ts';
import { gradeOf, newPace, type Pace } from '#models/review/grading.ts';
import type { Memory, Scheduler } from '#models/review/memory.ts';
import { CONFIDENCE } from '#shared/domain/confidence.ts';
import { studyDay } from '#shared/domain/time.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

/** What is remembered of every question answered, folded answer by answer. `memories` and `pace` change in place. */
export interface Recollection {
  /** Null while nothing has been answered: the scheduler's code is fetched with the first answer. */
  readonly scheduler: Scheduler | null;
  /** FSRS-6's 21 parameters in use; undefined: the defaults. */
  readonly parameters: readonly number[] | undefined;
  readonly memories: Map<string, Memory>;
  readonly pace: Pace;
}

/** Fetches the scheduler's code; a page does so early, so that the first answer need not wait for it. @throws Error when it cannot be had */
export const fetchScheduler = () => import('#models/review/memory.ts');

/** What the scheduler is told of an answer, at the pace so far. */
function reviewOf(row: AnswerRow, pace: Pace): ReviewEvent {
  const recall = { correct: row.correct, confidence: row.confidence ?? CONFIDENCE.sure, timeSpent: row.time_spent };
  const event = { itemId: row.item_id, grade: row.grade ?? gradeOf(recall, pace.median()), at: row.at, day: studyDay(row.at, row.tz) };
  pace.add(row.time_spent);
  return event;
}

function remember({ memories, pace }: Recollection, fsrs: Scheduler, row: AnswerRow): void {
  const { itemId, grade, at, day } = reviewOf(row, pace);
  memories.set(itemId, fsrs.remember(memories.get(itemId) ?? null, grade, at, day));
}

/** Everything remembered after the given answers. @param parameters FSRS-6's 21; the defaults if left out @throws Error when the scheduler's code cannot be had */
export async function recollectionOf(answers: readonly AnswerRow[], parameters?: readonly number[]): Promise<Recollection> {
  const blank = { parameters, memories: new Map<string, Memory>(), pace: newPace() };
  if (answers.length === 0) return { ...blank, scheduler: null };
  const fsrs = (await fetchScheduler()).scheduler(parameters);
  const recollection = { ...blank, scheduler: fsrs };
  for (const row of answers) remember(recollection, fsrs, row);
  return recollection;
}

/** Takes one more answer in, in constant time. @param answers all that stand, the new one last */
export async function recollect(before: Recollection, answers: readonly AnswerRow[]): Promise<Recollection> {
  const latest = answers.at(-1);
  if (!before.scheduler) {
    // without the code (offline, first visit) it is remembered at the next opening: the answer itself is saved
    return recollectionOf(answers, before.parameters).catch(() => before);
  }
  if (latest) remember(before, before.scheduler, latest);
  return before;
}

/** The graded history a personal fit learns from. */
export function reviewHistory(answers: readonly AnswerRow[]): readonly ReviewEvent[] {
  const pace = newPace();
  return answers.map((row) => reviewOf(row, pace));
}

import type { ReviewEvent } from '#models/review/fit.ts';
import { gradeOf, newPace, type Pace } from '#models/review/grading.ts';
import { type Memory, type Scheduler, scheduler } from '#models/review/memory.ts';
import { CONFIDENCE } from '#shared/domain/confidence.ts';
import { studyDay } from '#shared/domain/time.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

/** What is remembered of every question answered, folded answer by answer. `memories` and `pace` change in place. */
export interface Recollection {
  readonly scheduler: Scheduler;
  /** FSRS-6's 21 parameters in use; undefined: the defaults. */
  readonly parameters: readonly number[] | undefined;
  readonly memories: Map<string, Memory>;
  readonly pace: Pace;
}

/** Takes one more answer in, in constant time. */
export function recollect({ scheduler: fsrs, memories, pace }: Recollection, row: AnswerRow): ReviewEvent {
  const recall = { correct: row.correct, confidence: row.confidence ?? CONFIDENCE.sure, timeSpent: row.time_spent };
  const event = { itemId: row.item_id, grade: gradeOf(recall, pace.median()), at: row.at, day: studyDay(row.at, row.tz) };
  memories.set(row.item_id, fsrs.remember(memories.get(row.item_id) ?? null, event.grade, event.at, event.day));
  pace.add(row.time_spent);
  return event;
}

/** Everything remembered after the given answers. @param parameters FSRS-6's 21; the defaults if left out */
export function recollectionOf(answers: readonly AnswerRow[], parameters?: readonly number[]): Recollection {
  const recollection = { scheduler: scheduler(parameters), parameters, memories: new Map<string, Memory>(), pace: newPace() };
  for (const row of answers) recollect(recollection, row);
  return recollection;
}

/** The graded history a personal fit learns from. */
export function reviewHistory(answers: readonly AnswerRow[]): readonly ReviewEvent[] {
  const recollection = { scheduler: scheduler(), parameters: undefined, memories: new Map<string, Memory>(), pace: newPace() };
  return answers.map((row) => recollect(recollection, row));
}

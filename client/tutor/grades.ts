import type { Grade } from '#models/review/grading.ts';
import { scheduler } from '#models/review/memory.ts';
import { dueDay } from '#models/review/queue.ts';
import { studyDay } from '#shared/domain/time.ts';
import type { Desk } from './desk.ts';
import { recollectionOf, reviewHistory } from './recollection.ts';
import { readReviewPlan } from './reviews.ts';

/** One of the four grades a learner may give a recall. */
export interface GradeChoice {
  readonly grade: Grade;
  /** Days until the next review, whole. */
  readonly days: number;
  /** What the answer itself says: its time, and how sure it was. */
  readonly isSuggested: boolean;
}

const GRADES: readonly Grade[] = [1, 2, 3, 4];

/** What each grade of the latest answer would lead to. @returns empty unless that answer stands last */
export async function gradeChoices(desk: Desk, attemptId: string): Promise<readonly GradeChoice[]> {
  const { answers, recollection } = await desk.state();
  const last = answers.at(-1);
  if (last?.attempt_id !== attemptId) return [];
  const fsrs = scheduler(recollection.parameters);
  const before = (await recollectionOf(answers.slice(0, -1), recollection.parameters)).memories.get(last.item_id) ?? null;
  const suggested = reviewHistory(answers).at(-1)?.grade;
  const plan = await readReviewPlan(desk.ports.log);
  return GRADES.map((grade) => {
    const memory = fsrs.remember(before, grade, last.at, studyDay(last.at, last.tz));
    // as the queue will have it: on a wanted weekday, before the exam
    return { grade, days: dueDay(fsrs, last.item_id, memory, plan) - memory.day, isSuggested: grade === suggested };
  });
}

/** The learner's own grade of a recall takes the place of the one read from the answer. */
export async function gradeAnswer(desk: Desk, attemptId: string, grade: Grade): Promise<void> {
  await desk.write(async () => ({
    drafts: [{ kind: 'answer.graded', body: { attempt_id: attemptId, grade } }],
    async apply(state) {
      const place = state.answers.findLastIndex((a) => a.attempt_id === attemptId);
      const answer = state.answers[place];
      if (!answer) return;
      state.answers[place] = { ...answer, grade };
      state.recollection = await recollectionOf(state.answers, state.recollection.parameters);
    },
  }));
}

import { advance } from '#models/difficulty/features.ts';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { copyLayer } from '#models/difficulty/personal-layer.ts';
import { teach } from '#models/difficulty/personal-model.ts';
import { MAX_TIME_SPENT_S } from '#shared/domain/confidence.ts';
import { below, type Rng } from '#shared/maths/rng.ts';
import { choiceFromList, emptyChoice, grade, isComplete } from '#shared/packs/grade.ts';
import type { Body, Draft } from '#shared/tracking/event.ts';
import type { ExamMark, ExamRow } from '#shared/tracking/rows.ts';
import { type Desk, sessionOf } from './desk.ts';
import { scoreNow } from './score.ts';
import { beginSession, showItem } from './session.ts';
import { type EndedAnswer, ending } from './session-end.ts';
import { type Course, foldModel, modelLabel, personalizationLevel, questionOf, type TutorState } from './tutor-state.ts';

/** How a mock exam is to be. */
export interface ExamPlan {
  readonly questions: number;
  /** Minutes, the time factor applied; null untimed. */
  readonly minutes: number | null;
}

const shuffledBy = <T>(all: readonly T[], rng: Rng): T[] => {
  const mixed = [...all];
  for (let i = mixed.length - 1; i > 0; i--) {
    const k = below(i + 1, rng);
    [mixed[i], mixed[k]] = [mixed[k] as T, mixed[i] as T];
  }
  return mixed;
};

/** Questions by the topics' weights (largest remainders), drawn evenly within each. */
export function drawExam(course: Course, state: TutorState, questions: number, rng: Rng): readonly string[] {
  const { topics } = course.pack.manifest;
  const pool = course.pack.items.filter((i) => i.status !== 'retired' && !state.suspended.has(i.id));
  const byTopic = topics.map((t) =>
    shuffledBy(
      pool.filter((i) => i.topics[0] === t.id).map((i) => i.id),
      rng,
    ),
  );
  const shares = topics.map((t, i) => ({ i, exact: t.weight * questions }));
  const counts = shares.map(({ i, exact }) => Math.min(Math.floor(exact), byTopic[i]?.length ?? 0));
  const order = [...shares].sort((a, b) => (b.exact % 1) - (a.exact % 1));
  for (let left = Math.min(questions, pool.length) - counts.reduce((a, b) => a + b, 0), k = 0; left > 0; k++) {
    const { i } = order[k % order.length] as { i: number };
    if ((counts[i] as number) >= (byTopic[i]?.length ?? 0)) continue;
    counts[i] = (counts[i] as number) + 1;
    left--;
  }
  return shuffledBy(
    byTopic.flatMap((ids, i) => ids.slice(0, counts[i])),
    rng,
  );
}

/** Begin a mock exam; the range predicted now is stored with it. @returns its session id */
export async function startExam(desk: Desk, { questions, minutes }: ExamPlan): Promise<string> {
  const session_id = desk.newId();
  await desk.write(async (now) => {
    const { at, rng } = desk.ports.moment();
    const item_ids = [...drawExam(desk.course, now, questions, rng)];
    const score = await scoreNow(desk, now);
    const begun = await beginSession(desk, now, { session_id, mode: 'exam', planned: item_ids.length, item_ids });
    const deadline = minutes === null ? null : at + Math.round(minutes * 60_000);
    const predicted = score.kind === 'range' ? score.range : null;
    return {
      drafts: [...begun, { kind: 'exam.started', body: { session_id, pack_id: desk.packId, item_ids, minutes, deadline, predicted } }],
    };
  });
  return session_id;
}

/** Keep an answer or a flag of a running mock exam; nothing is marked yet. */
export async function markExam(desk: Desk, sessionId: string, itemId: string, { choice, flagged, ms_raw }: ExamMark): Promise<void> {
  const body = { session_id: sessionId, item_id: itemId, choice: [...choice], flagged, ms_raw: Math.round(ms_raw) };
  await desk.write(async () => ({ drafts: [{ kind: 'exam.marked', body }] }));
}

interface Marked {
  readonly itemId: string;
  readonly mark: ExamMark;
  readonly correct: 0 | 1;
}

/** The questions that were answered, in the order of the exam. */
export function markedAnswers(course: Course, exam: ExamRow): readonly Marked[] {
  return exam.item_ids.flatMap((itemId): Marked[] => {
    const [mark, item] = [exam.marks[itemId], course.items.get(itemId)];
    if (!mark || !item || mark.choice.length === 0) return [];
    const choice = choiceFromList(item, mark.choice);
    const isUntouched = JSON.stringify(choice) === JSON.stringify(emptyChoice(item)) && item.type !== 'order';
    return isUntouched || !isComplete(item, choice) ? [] : [{ itemId, mark, correct: grade(item, choice) }];
  });
}

/** Hand a mock exam in: every answer is recorded and learned from in one transaction. A second call changes nothing. */
export async function submitExam(desk: Desk, sessionId: string, reason: 'submitted' | 'time'): Promise<void> {
  const { log, global, moment } = desk.ports;
  await desk.write(async (now) => {
    const exam = await log.get('exams', sessionId);
    if (!exam || exam.submitted) return null;
    const session = await sessionOf(desk, sessionId);
    const answered = markedAnswers(desk.course, exam);
    const model = foldModel(desk.course, global, now.champion, now.answers, storeLayer(copyLayer(now.model.layer)));
    const taught: TutorState = { ...now, model };
    const { at } = moment();
    const given: EndedAnswer[] = [];
    const drafts = answered.flatMap(({ itemId, mark, correct }): Draft[] => {
      const shown = showItem(desk, taught, session, itemId, undefined);
      const answer = { question: questionOf(desk.course, itemId), y: correct };
      const body: Body<'answer.recorded'> = {
        ...shown.body,
        choice: [...mark.choice],
        correct,
        ms_raw: mark.ms_raw,
        time_spent: Math.min(mark.ms_raw / 1000, MAX_TIME_SPENT_S),
        personalization_level: personalizationLevel(taught),
      };
      teach(model, answer);
      advance(model.history, answer);
      given.push({ ...body, at });
      return [shown, { kind: 'answer.recorded', body }];
    });
    const correct = answered.filter((a) => a.correct === 1).length;
    // its answers are written with its end
    const over = {
      ...session,
      totals: { ...session.totals, topStep: Math.max(session.totals.topStep, session.totals.nextStep + given.length - 1) },
    };
    const end: Draft = { kind: 'exam.submitted', body: { session_id: sessionId, reason, correct, answered: answered.length } };
    return {
      drafts: [...drafts, end, ...(await ending(desk, [...now.answers, ...given], over, 'finished'))],
      together: { personal: { pack_id: desk.packId, model_version: modelLabel(now, global), layer: storeLayer(model.layer) } },
      refold: true,
    };
  });
}

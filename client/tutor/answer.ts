import { advance } from '#models/difficulty/features.ts';
import { storeLayer } from '#models/difficulty/layer-codec.ts';
import { copyLayer } from '#models/difficulty/personal-layer.ts';
import { type PersonalModel, teach } from '#models/difficulty/personal-model.ts';
import { CONFIDENCE, type Confidence, MAX_TIME_SPENT_S } from '#shared/domain/confidence.ts';
import { type Choice, choiceToList, grade } from '#shared/packs/grade.ts';
import type { Body, Draft } from '#shared/tracking/event.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';
import type { Desk } from './desk.ts';
import { sessionOf } from './desk.ts';
import { recollect, recollectionOf } from './recollection.ts';
import { openQuestion, type Shown, showItem } from './session.ts';
import { foldModel, modelLabel, personalizationLevel, questionOf, resetPlace, type TutorState } from './tutor-state.ts';

/** What a learner tapped. */
export interface AnswerDraft {
  readonly shown: Shown;
  readonly choice: Choice;
  readonly confidence: Confidence;
  /** Visible time, milliseconds. */
  readonly msRaw: number;
}

function recordedBody({ shown, choice, confidence, msRaw }: AnswerDraft, correct: 0 | 1, level: number): Body<'answer.recorded'> {
  return {
    ...shown.attempt,
    choice: choiceToList(choice),
    correct,
    confidence: CONFIDENCE[confidence],
    ms_raw: Math.round(msRaw),
    time_spent: Math.min(msRaw / 1000, MAX_TIME_SPENT_S),
    personalization_level: level,
  };
}

/** The event of an alarm that this very answer set off. */
function driftFound(desk: Desk, now: TutorState, taught: PersonalModel, attempt: Shown['attempt']): readonly Draft[] {
  if (taught.layer.drift.sinceAlarm !== 0) return [];
  const { attempt_id } = attempt;
  return [{ kind: 'drift.detected', body: { pack_id: desk.packId, attempt_id, model_version: modelLabel(now, desk.ports.global) } }];
}

/**
 * Store an answer, its metrics and what the personal layer learned from it, in one transaction; the state in memory follows only then.
 *
 * @returns false if the attempt had been answered already
 * @throws StorageFault with nothing changed, so that the same call may be tried again
 */
export async function recordAnswer(desk: Desk, draft: AnswerDraft): Promise<boolean> {
  const { log, global } = desk.ports;
  const { attempt, item } = draft.shown;
  const correct = grade(item, draft.choice);
  const answer = { question: questionOf(desk.course, item.id), y: correct };
  return desk.write(async (now) => {
    const taught = { ...now.model, layer: copyLayer(now.model.layer) };
    teach(taught, answer);
    return {
      drafts: [
        { kind: 'answer.recorded', body: recordedBody(draft, correct, personalizationLevel(now)) },
        ...driftFound(desk, now, taught, attempt),
      ],
      together: { personal: { pack_id: desk.packId, model_version: modelLabel(now, global), layer: storeLayer(taught.layer) } },
      apply: async (state) => {
        state.model = taught;
        advance(taught.history, answer);
        const row = await log.get('answers', attempt.attempt_id);
        if (!row) return;
        state.answers.push(row);
        state.recollection = await recollect(state.recollection, state.answers);
      },
    };
  });
}

/** Undo an answer the serving version has learned: that version serves no more, and which one then does is folded from the log. */
async function undoLearned(desk: Desk, last: AnswerRow): Promise<void> {
  await desk.write(async () => ({ drafts: [{ kind: 'answer.undone', body: { attempt_id: last.attempt_id } }], refold: true }));
  await desk.write(async (now) => ({ drafts: [showItem(desk, now, await sessionOf(desk, last.session_id), last.item_id, last.slate_id)] }));
}

async function undoSince(desk: Desk, last: AnswerRow): Promise<void> {
  const { global } = desk.ports;
  await desk.write(async (now) => {
    const rest = now.answers.filter((a) => a.attempt_id !== last.attempt_id);
    if (rest.length === now.answers.length) return null;
    const model = foldModel(desk.course, global, now.champion, rest, null, await resetPlace(desk.ports.log, desk.packId), now.model.rates);
    const session = await sessionOf(desk, last.session_id);
    return {
      drafts: [
        { kind: 'answer.undone', body: { attempt_id: last.attempt_id } },
        showItem(desk, { ...now, model, answers: rest }, session, last.item_id, last.slate_id),
      ],
      together: { personal: { pack_id: desk.packId, model_version: modelLabel(now, global), layer: storeLayer(model.layer) } },
      apply: async (state) => {
        state.model = model;
        state.answers.splice(0, state.answers.length, ...rest);
        state.recollection = await recollectionOf(rest, state.recollection.parameters);
      },
    };
  });
}

/** Take back the session's latest standing answer and put its question on screen again. @returns null if there is none */
export async function undoAnswer(desk: Desk, sessionId: string): Promise<Shown | null> {
  const { answers, champion } = await desk.state();
  const last = answers.findLast((a) => a.session_id === sessionId);
  if (!last) return null;
  if (champion && last.seq <= champion.throughSeq) await undoLearned(desk, last);
  else await undoSince(desk, last);
  return openQuestion(desk, sessionId);
}

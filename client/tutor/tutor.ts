import type { GlobalModel } from '#client/ports/global-model.ts';
import type { Trained, Trainer, TrainingProgress } from '#client/ports/trainer.ts';
import type { Pack } from '#shared/packs/schema.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { Tables } from '#shared/tracking/rows.ts';
import { type AnswerDraft, recordAnswer, undoAnswer } from './answer.ts';
import { openDesk, type TutorPorts } from './desk.ts';
import { type GlobalVerdict, judgeGlobal } from './judge-global.ts';
import { type ItemMark, markItem } from './mark-item.ts';
import { recommend } from './recommend.ts';
import { endSession, question, type SessionPlan, type Shown, startSession } from './session.ts';
import { closeLostRuns, isRefitDue, trainModel } from './training.ts';
import { type Course, courseOf, type TutorState } from './tutor-state.ts';

/** The learner's side of one pack: what to ask next, what an answer teaches, what the log then says. All writes are durable when they resolve. */
export interface Tutor {
  readonly global: TutorPorts['global'];
  readonly course: Course;
  readonly packId: string;
  state(): Promise<TutorState>;
  startSession(plan: SessionPlan): Promise<string>;
  question(sessionId: string): Promise<Shown | null>;
  record(draft: AnswerDraft): Promise<boolean>;
  undo(sessionId: string): Promise<Shown | null>;
  endSession(sessionId: string, reason: 'finished' | 'left'): Promise<void>;
  recommend(): Promise<Tables['slates'] | null>;
  /** Write events that do not touch the model, such as feedback or a setting. */
  note(drafts: readonly Draft[]): Promise<void>;
  /** Flag, bookmark, note, suspend or report a question; kept apart from the pack. */
  overlay(mark: ItemMark): Promise<void>;
  train(trainer: Trainer, onProgress: (progress: TrainingProgress) => void, signal: AbortSignal): Promise<Trained>;
  isRefitDue(): Promise<boolean>;
  closeLostRuns(): Promise<void>;
  /** How another shared model does on this learner's own answers, beside the one that serves. */
  readonly judge: (candidate: GlobalModel) => Promise<GlobalVerdict>;
}

/** Open a pack for study. */
export function openTutor(pack: Pack, ports: TutorPorts): Tutor {
  const desk = openDesk(courseOf(pack), ports);
  return {
    global: ports.global,
    course: desk.course,
    packId: desk.packId,
    state: desk.state,
    startSession: (plan) => startSession(desk, plan),
    question: (sessionId) => question(desk, sessionId),
    record: (draft) => recordAnswer(desk, draft),
    undo: (sessionId) => undoAnswer(desk, sessionId),
    endSession: (sessionId, reason) => endSession(desk, sessionId, reason),
    recommend: () => recommend(desk),
    note: async (drafts) => void (await desk.write(async () => ({ drafts }))),
    overlay: (mark) => markItem(desk, mark),
    train: (trainer, onProgress, signal) => trainModel(desk, trainer, onProgress, signal),
    isRefitDue: () => isRefitDue(ports.log, desk),
    closeLostRuns: () => closeLostRuns(desk),
    judge: (candidate) => judgeGlobal(desk, candidate),
  };
}

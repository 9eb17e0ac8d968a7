import type { GlobalModel } from '#client/ports/global-model.ts';
import type { Trained, Trainer, TrainingProgress } from '#client/ports/trainer.ts';
import type { Rung, SearchResult } from '#models/difficulty/automl.ts';
import type { PredictedScore } from '#models/patterns/predicted-score.ts';
import type { Fit } from '#models/review/fit.ts';
import type { Queue, ReviewPlan } from '#models/review/queue.ts';
import type { Pack } from '#shared/packs/schema.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { ExamMark, Tables } from '#shared/tracking/rows.ts';
import { type AnswerDraft, recordAnswer, undoAnswer } from './answer.ts';
import { foresee } from './choose.ts';
import { openDesk, type TutorPorts, targetChance } from './desk.ts';
import type { ExamPlan } from './exam.ts';
import type { GradeChoice } from './grades.ts';
import type { GlobalVerdict } from './judge-global.ts';
import { type ItemMark, markItem } from './mark-item.ts';
import { endSession, question, type SessionPlan, type Shown, startSession } from './session.ts';
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
  /** Work ahead what the next question needs, a little at a time. */
  foresee(): Promise<void>;
  undo(sessionId: string): Promise<Shown | null>;
  /** What each of the four grades of the latest answer would lead to; empty if another stands last. */
  grades(attemptId: string): Promise<readonly GradeChoice[]>;
  /** The learner's own grade of a recall. */
  grade(attemptId: string, grade: GradeChoice['grade']): Promise<void>;
  endSession(sessionId: string, reason: 'finished' | 'left'): Promise<void>;
  recommend(): Promise<Tables['slates'] | null>;
  /** Write events that do not touch the model, such as feedback or a setting. */
  note(drafts: readonly Draft[]): Promise<void>;
  /** Flag, bookmark, note, suspend or report a question; kept apart from the pack. */
  overlay(mark: ItemMark): Promise<void>;
  /** Begin a mock exam. @returns its session id */
  startExam(plan: ExamPlan): Promise<string>;
  markExam(sessionId: string, itemId: string, mark: ExamMark): Promise<void>;
  submitExam(sessionId: string, reason: 'submitted' | 'time'): Promise<void>;
  /** The exam's score as far as it can be told now. */
  score(): Promise<PredictedScore>;
  /** Today's reviews and the month ahead. */
  reviews(plan: ReviewPlan): Promise<Queue>;
  /** Fit the review schedule to the learner; kept only if better. @returns null when stopped */
  fitSchedule(onProgress: (share: number) => void, signal: AbortSignal): Promise<Fit | null>;
  /** The chance of a right answer the learner asked for. */
  targetChance(): Promise<number>;
  train(trainer: Trainer, onProgress: (progress: TrainingProgress) => void, signal: AbortSignal): Promise<Trained>;
  isRefitDue(): Promise<boolean>;
  /** Search the layer's settings; what is better is used. @returns null when stopped */
  search(trainer: Trainer, onRung: (rung: Rung) => void, signal: AbortSignal): Promise<SearchResult | null>;
  isSearchDue(): Promise<boolean>;
  /** Log what the pattern analyser finds, once a day. @returns whether a run was logged */
  logPatterns(): Promise<boolean>;
  /** Let an earlier version serve again. */
  rollBack(version: number): Promise<void>;
  /** Forget what the personal model learned; the answers stay. */
  resetModel(): Promise<void>;
  closeLostRuns(): Promise<void>;
  /** How another shared model does on this learner's own answers, beside the one that serves. */
  readonly judge: (candidate: GlobalModel) => Promise<GlobalVerdict>;
}

// Not needed for the first question: fetched when first used, on the device once installed.
const training = () => import('./training.ts');
const exams = () => import('./exam.ts');
const reviews = () => import('./reviews.ts');
const search = () => import('./search.ts');
const management = () => import('./manage-model.ts');

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
    foresee: async () => foresee(desk.course, await desk.state(), () => new Promise((go) => setTimeout(go))),
    undo: (sessionId) => undoAnswer(desk, sessionId),
    grades: async (attemptId) => (await import('./grades.ts')).gradeChoices(desk, attemptId),
    grade: async (attemptId, grade) => (await import('./grades.ts')).gradeAnswer(desk, attemptId, grade),
    endSession: (sessionId, reason) => endSession(desk, sessionId, reason),
    recommend: async () => (await import('./recommend.ts')).recommend(desk),
    note: async (drafts) => void (await desk.write(async () => ({ drafts }))),
    overlay: (mark) => markItem(desk, mark),
    startExam: async (plan) => (await exams()).startExam(desk, plan),
    markExam: async (sessionId, itemId, mark) => (await exams()).markExam(desk, sessionId, itemId, mark),
    submitExam: async (sessionId, reason) => (await exams()).submitExam(desk, sessionId, reason),
    score: async () => (await import('./score.ts')).scoreNow(desk, await desk.state()),
    reviews: async (plan) => (await reviews()).queueOf(desk, await desk.state(), plan),
    fitSchedule: async (onProgress, signal) => (await reviews()).fitSchedule(desk, onProgress, signal),
    targetChance: () => targetChance(desk),
    train: async (trainer, onProgress, signal) => (await training()).trainModel(desk, trainer, onProgress, signal),
    isRefitDue: async () => (await training()).isRefitDue(ports.log, desk),
    search: async (trainer, onRung, signal) => (await search()).searchLayer(desk, trainer, onRung, signal),
    isSearchDue: async () => (await search()).isSearchDue(ports.log, desk),
    logPatterns: async () => (await import('./pattern-run.ts')).logPatterns(desk),
    rollBack: async (version) => (await management()).rollBack(desk, version),
    resetModel: async () => (await management()).resetModel(desk),
    closeLostRuns: async () => (await training()).closeLostRuns(desk),
    judge: async (candidate) => (await import('./judge-global.ts')).judgeGlobal(desk, candidate),
  };
}

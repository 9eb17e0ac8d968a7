import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { StorageFault } from '#client/ports/experiment-log.ts';
import type { GradeChoice } from '#client/tutor/grades.ts';
import { useOnce } from '#client/tutor/learner-ports.tsx';
import { fetchScheduler } from '#client/tutor/recollection.ts';
import type { Shown } from '#client/tutor/session.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { visibleTimer } from '#client/ui/visible-timer.ts';
import type { Confidence } from '#shared/domain/confidence.ts';
import { type Choice, choiceFromList, choiceToList, emptyChoice, grade, isComplete } from '#shared/packs/grade.ts';
import { keepUnsaved, readUnsaved } from './unsaved.ts';

/** The screen's one question: being answered, or checked. */
export interface Stage {
  readonly shown: Shown;
  readonly choice: Choice;
  readonly phase: 'open' | 'checked';
  readonly confidence: Confidence | null;
  readonly fault: 'full' | 'not-saved' | 'interrupted' | 'step' | null;
  /** Just checked: a second tap meant for Sure must not press Next, which stands in its place. */
  readonly isFresh: boolean;
}

const DOUBLE_TAP_MS = 400;

const opened = (shown: Shown): Stage => ({
  shown,
  choice: emptyChoice(shown.item),
  phase: 'open',
  confidence: null,
  fault: null,
  isFresh: false,
});

/** One question after another: what is on screen, and the four things a learner may do with it. */
export function useStudy(tutor: Tutor, sessionId: string, first: Shown) {
  const { t } = useSpeech();
  const [, go] = useLocation();
  const [stage, setStage] = useState<Stage>(() => opened(first));
  const [fieldFault, setFieldFault] = useState<string | null>(null);
  const busy = useRef(false);
  const [timer] = useState(() => visibleTimer(performance.now(), document));
  useEffect(() => timer.stop, [timer]);

  const show = (shown: Shown) => {
    timer.restart(performance.now());
    setFieldFault(null);
    setStage(opened(shown));
    scrollTo({ top: 0 });
  };
  /** One step at a time: a second tap while one is under way does nothing. */
  const once = async (step: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    try {
      await step();
    } catch (cause) {
      const kind = cause instanceof StorageFault ? cause.kind : null;
      const known = kind === 'full' || (kind === 'interrupted' && readUnsaved(stage.shown.attempt.attempt_id)) ? kind : null;
      setStage((s) => ({ ...s, fault: known ?? (s.phase === 'open' ? 'not-saved' : 'step') }));
    } finally {
      busy.current = false;
    }
  };
  const proceed = async () => {
    const shown = await tutor.question(sessionId);
    if (shown) return show(shown);
    await tutor.endSession(sessionId, 'finished');
    go(`/done/${sessionId}`, { replace: true });
  };
  const { isFresh } = stage;
  useEffect(() => {
    if (!isFresh) return;
    const timer = setTimeout(() => setStage((s) => ({ ...s, isFresh: false })), DOUBLE_TAP_MS);
    return () => clearTimeout(timer);
  }, [isFresh]);
  const answer = (confidence: Confidence) =>
    once(async () => {
      if (stage.phase !== 'open') return;
      if (!isComplete(stage.shown.item, stage.choice)) {
        if (stage.shown.item.type === 'numeric') setFieldFault(t.study.notANumber);
        return;
      }
      const msRaw = timer.elapsed(performance.now());
      const { shown, choice } = stage;
      const isStored = await tutor.record({ shown, choice, confidence, msRaw }).catch((cause: unknown) => {
        keepUnsaved({ attemptId: shown.attempt.attempt_id, choice: choiceToList(choice), confidence, msRaw });
        throw cause;
      });
      keepUnsaved(null);
      // Answered in another tab meanwhile: that answer counts, so no feedback is shown for this one.
      if (!isStored) return proceed();
      setStage({ ...stage, phase: 'checked', confidence, fault: null, isFresh: true });
      // once the feedback is painted
      requestAnimationFrame(() => setTimeout(() => void tutor.foresee().catch(() => undefined)));
    });
  /** An answer kept aside when the database was lost is saved now, as it was given. */
  const rescue = useEffectEvent(() => {
    const unsaved = readUnsaved(first.attempt.attempt_id);
    if (!unsaved || stage.phase !== 'open') return;
    const choice = choiceFromList(first.item, unsaved.choice);
    void once(async () => {
      const { confidence, msRaw } = unsaved;
      setStage({ ...stage, choice });
      const isStored = await tutor.record({ shown: first, choice, confidence, msRaw });
      keepUnsaved(null);
      if (!isStored) return proceed();
      setStage({ ...stage, choice, phase: 'checked', confidence, fault: null, isFresh: true });
    });
  });
  useEffect(() => rescue(), []);
  const next = () =>
    once(async () => {
      if (stage.phase === 'checked' && !stage.isFresh) await proceed();
    });
  /** On to the next question, the recall graded as the learner says. */
  const settle = ({ grade, isSuggested }: GradeChoice) =>
    once(async () => {
      if (stage.phase !== 'checked' || stage.isFresh) return;
      if (!isSuggested) await tutor.grade(stage.shown.attempt.attempt_id, grade);
      await proceed();
    });
  const undo = () =>
    once(async () => {
      const shown = await tutor.undo(sessionId);
      if (shown) show(shown);
    });
  /** The question is to be asked no more: on to another one. */
  const skip = () => once(proceed);
  const choose = (choice: Choice) => {
    // needed once the answer is given: fetched while the learner makes up their mind
    void fetchScheduler().catch(() => undefined);
    setFieldFault(null);
    if (stage.phase === 'open') setStage({ ...stage, choice, fault: null });
  };
  return { stage, fieldFault, answer, next, settle, undo, skip, choose };
}

const NO_GRADES: readonly GradeChoice[] = [];

/** The four grades of a review answered right; empty elsewhere, and where the learner has not asked for them. A wrong answer is Again. */
export function useGrades(tutor: Tutor, stage: Stage, isOn: boolean): readonly GradeChoice[] {
  const { shown, phase, choice } = stage;
  const attemptId = shown.attempt.attempt_id;
  const isAsked = isOn && phase === 'checked' && shown.session.mode === 'review' && grade(shown.item, choice) === 1;
  const loaded = useOnce(async () => (isAsked ? tutor.grades(attemptId) : NO_GRADES), `${attemptId} ${isAsked}`);
  return isAsked && loaded.kind === 'ready' ? loaded.value : NO_GRADES;
}

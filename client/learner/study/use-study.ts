import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { StorageFault } from '#client/ports/experiment-log.ts';
import type { Shown } from '#client/tutor/session.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import type { Confidence } from '#shared/domain/confidence.ts';
import { type Choice, emptyChoice, isComplete } from '#shared/packs/grade.ts';
import { visibleTimer } from '#client/ui/visible-timer.ts';

/** The screen's one question: being answered, or checked. */
export interface Stage {
  readonly shown: Shown;
  readonly choice: Choice;
  readonly phase: 'open' | 'checked';
  readonly confidence: Confidence | null;
  readonly fault: 'full' | 'not-saved' | 'step' | null;
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
      const isFull = cause instanceof StorageFault && cause.kind === 'full';
      setStage((s) => ({ ...s, fault: isFull ? 'full' : s.phase === 'open' ? 'not-saved' : 'step' }));
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
      const isStored = await tutor.record({ shown: stage.shown, choice: stage.choice, confidence, msRaw });
      // Answered in another tab meanwhile: that answer counts, so no feedback is shown for this one.
      if (!isStored) return proceed();
      setStage({ ...stage, phase: 'checked', confidence, fault: null, isFresh: true });
    });
  const next = () =>
    once(async () => {
      if (stage.phase === 'checked' && !stage.isFresh) await proceed();
    });
  const undo = () =>
    once(async () => {
      const shown = await tutor.undo(sessionId);
      if (shown) show(shown);
    });
  /** The question is to be asked no more: on to another one. */
  const skip = () => once(proceed);
  const choose = (choice: Choice) => {
    setFieldFault(null);
    if (stage.phase === 'open') setStage({ ...stage, choice, fault: null });
  };
  return { stage, fieldFault, answer, next, undo, skip, choose };
}

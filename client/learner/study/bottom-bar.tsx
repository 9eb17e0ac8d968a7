import { Undo2 } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import type { GradeChoice } from '#client/tutor/grades.ts';
import type { Confidence } from '#shared/domain/confidence.ts';
import { isComplete } from '#shared/packs/grade.ts';
import type { Stage } from './use-study.ts';

const GradeButtons = lazy(async () => ({ default: (await import('./grade-buttons.tsx')).GradeButtons }));

interface BarProps {
  readonly stage: Stage;
  readonly hasGuess: boolean;
  /** What the four grades lead to; empty where the answer's own grade stands. */
  readonly grades: readonly GradeChoice[];
  readonly onGrade: (choice: GradeChoice) => void;
  readonly onAnswer: (confidence: Confidence) => void;
  readonly onNext: () => void;
  readonly onUndo: () => void;
}

/**
 * Two buttons that never move: Not sure and Sure, then Undo and Next in the very same places; four after a review, if wanted.
 * By their keys they stay the same elements: to take the focused one away costs a layout of its own before the feedback is drawn.
 */
export function BottomBar({ stage, hasGuess, grades, onGrade, onAnswer, onNext, onUndo }: BarProps) {
  const { t } = useSpeech();
  const isLast = stage.shown.session.totals.answered + 1 >= stage.shown.session.planned;
  const { item } = stage.shown;
  // A number that is none is told so when it is checked, not by a dead button.
  const isTyped = item.type === 'numeric' && stage.choice.kind === 'text' && stage.choice.text.trim() !== '';
  const mayAnswer = stage.phase === 'open' && (isTyped || isComplete(item, stage.choice));
  const isGraded = stage.phase === 'checked' && grades.length > 0;
  return (
    <div className="bottom">
      {stage.fault && (
        <div className="notice bad fault" role="alert">
          {{ full: t.study.full, 'not-saved': t.study.notSaved, interrupted: t.study.interrupted, step: t.study.stepFailed }[stage.fault]}
          {stage.fault === 'interrupted' && (
            <button type="button" className="button" onClick={() => location.reload()}>
              {t.common.reload}
            </button>
          )}
        </div>
      )}
      <div data-buttons={isGraded ? 4 : hasGuess ? 3 : 2}>
        {isGraded ? (
          <Suspense>
            <GradeButtons choices={grades} isFresh={stage.isFresh} onGrade={onGrade} />
          </Suspense>
        ) : stage.phase === 'checked' ? (
          <>
            <button key="left" type="button" className="button" onClick={onUndo}>
              <Undo2 className="icon" size={20} strokeWidth={1.75} aria-hidden />
              {t.study.undo}
            </button>
            <button key="right" type="button" className="button primary" data-fresh={stage.isFresh || undefined} onClick={onNext}>
              {isLast ? t.study.finish : t.study.next}
            </button>
          </>
        ) : (
          <>
            {hasGuess && (
              <button key="guess" type="button" className="button" disabled={!mayAnswer} onClick={() => onAnswer('guess')}>
                {t.study.guess}
              </button>
            )}
            <button key="left" type="button" className="button" disabled={!mayAnswer} onClick={() => onAnswer('notSure')}>
              {t.study.notSure}
            </button>
            <button key="right" type="button" className="button primary" disabled={!mayAnswer} onClick={() => onAnswer('sure')}>
              {t.study.sure}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

import { Flag, LayoutGrid, X } from 'lucide-react';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useExamWords } from '#client/i18n/exam-words.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { readSettings, UNREAD_SETTINGS, useLog } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { LanguageChoice } from '#client/ui/language-choice.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { keyedChoice, keyPlace } from '#client/ui/question/keyed-choice.ts';
import { QuestionBody } from '#client/ui/question/question-body.tsx';
import { stemOf } from '#client/ui/question/typed.tsx';
import { choiceFromList, emptyChoice } from '#shared/packs/grade.ts';
import type { ExamMark, ExamRow } from '#shared/tracking/rows.ts';
import { useExam, useTimeLeft } from './use-exam.ts';

const isAnswered = (mark: ExamMark | undefined): boolean => mark?.choice.some((text) => text.trim() !== '') ?? false;

function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}

/** Time left; it can be hidden, and speaks only at whole minutes of the last five. */
function Clock({ left }: { readonly left: number | null }) {
  const w = useExamWords();
  const [isHidden, setHidden] = useState(false);
  if (left === null) return <p className="small quiet">{w.noClock}</p>;
  const minutes = Math.ceil(left / 60_000);
  return (
    <>
      <button
        type="button"
        className="button plain number"
        aria-label={isHidden ? w.showClock : w.hideClock}
        onClick={() => setHidden(!isHidden)}
      >
        {isHidden ? w.showClock : w.left(clockText(left))}
      </button>
      <span className="only-spoken" role="status">
        {minutes <= 5 && minutes > 0 ? w.spoken(minutes) : ''}
      </span>
    </>
  );
}

interface OverviewProps {
  readonly exam: ExamRow;
  readonly marks: ExamRow['marks'];
  readonly place: number;
  readonly onGo: (to: number) => void;
  readonly onHandIn: () => void;
  readonly onClose: () => void;
}

/** Every question at a glance, and the way to hand in. */
function Overview({ exam, marks, place, onGo, onHandIn, onClose }: OverviewProps) {
  const w = useExamWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const open = exam.item_ids.filter((id) => !isAnswered(marks[id])).length;
  return (
    <dialog ref={dialog} className="sheet" onClose={onClose} aria-labelledby="overview">
      <div className="stack">
        <h2 id="overview">{w.overview}</h2>
        <p className="quiet small">{w.legend}</p>
        <ol className="navigator">
          {exam.item_ids.map((id, i) => (
            <li key={id}>
              <button
                type="button"
                className="button"
                data-answered={isAnswered(marks[id]) || undefined}
                aria-current={i === place ? 'true' : undefined}
                aria-label={w.item(i + 1, isAnswered(marks[id]), marks[id]?.flagged ?? false)}
                onClick={() => {
                  onGo(i);
                  dialog.current?.close();
                }}
              >
                {i + 1}
                {marks[id]?.flagged && ' ⚑'}
              </button>
            </li>
          ))}
        </ol>
        <p>
          {w.open(open)} {w.confirm}
        </p>
        <button type="button" className="button primary wide" onClick={onHandIn}>
          {w.handIn}
        </button>
        <button type="button" className="button wide" onClick={() => dialog.current?.close()}>
          {w.close}
        </button>
        <LanguageChoice />
      </div>
    </dialog>
  );
}

/** A mock exam under way, in whichever order, with flags, no feedback; the clock runs on the wall. */
export function RunningExam({ tutor, exam }: { readonly tutor: Tutor; readonly exam: ExamRow }) {
  const w = useExamWords();
  const { language } = useSpeech();
  const [, goTo] = useLocation();
  const inputRef = useRef<HTMLInputElement>(null);
  const state = useExam(tutor, exam);
  const [isOverview, setOverview] = useState(false);
  const [isFailed, setFailed] = useState(false);
  const isEnding = useRef(false);
  const { place, mark, marks } = state;
  const total = exam.item_ids.length;
  const handIn = async (reason: 'submitted' | 'time') => {
    if (isEnding.current) return;
    isEnding.current = true;
    setFailed(false);
    try {
      await state.flush();
      await tutor.submitExam(exam.session_id, reason);
    } catch {
      isEnding.current = false;
      setFailed(true);
    }
  };
  const left = useTimeLeft(exam, () => void handIn('time'));
  usePageTitle(w.pageTitle(place + 1, total));
  const item = tutor.course.items.get(state.itemId);
  const choice = item && (mark.choice.length > 0 ? choiceFromList(item, mark.choice) : emptyChoice(item));
  const settings = useLog(readSettings, 'settings');
  const { hasKeys } = settings.kind === 'ready' ? settings.value : UNREAD_SETTINGS;
  /** 1–5 or A–E choose, F flags (these can be off); Enter is Next. */
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    const where = keyPlace(event);
    if (where === 'not-ours' || !item || !choice) return;
    if (event.key === 'Enter' && where !== 'control') {
      event.preventDefault();
      if (place + 1 < total) state.go(place + 1);
      else setOverview(true);
    }
    if (where === 'field' || !hasKeys) return;
    if (event.key.toLowerCase() === 'f') state.flag();
    const chosen = keyedChoice(item, choice, event.key);
    if (chosen) state.choose(chosen);
  });
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const stem = item ? stemOf(item, language) : null;
  return (
    <>
      <div className="top">
        <button type="button" className="button plain" aria-label={w.leave} onClick={() => void state.flush().finally(() => goTo('/'))}>
          <X className="icon" size={22} strokeWidth={1.75} aria-hidden />
        </button>
        <p className="count small">{w.of(place + 1, total)}</p>
        <span style={{ flex: 1 }} />
        <Clock left={left} />
        <button type="button" className="button plain" onClick={state.flag} aria-label={w.flag} aria-pressed={mark.flagged}>
          <Flag className="icon" size={20} strokeWidth={1.75} fill={mark.flagged ? 'currentColor' : 'none'} aria-hidden />
        </button>
        <button type="button" className="button plain" onClick={() => setOverview(true)} aria-label={w.overview} aria-haspopup="dialog">
          <LayoutGrid className="icon" size={20} strokeWidth={1.75} aria-hidden />
        </button>
      </div>
      {stem && item && choice && (
        <>
          <div className="stem">
            <h1 lang={stem.lang}>{stem.text}</h1>
          </div>
          <QuestionBody key={item.id} item={item} choice={choice} onChoice={state.choose} fieldFault={null} inputRef={inputRef} />
        </>
      )}
      <div className="bottom">
        {(state.isUnsaved || isFailed) && (
          <div className="notice bad fault" role="alert">
            <p className="row apart">
              {w.notSaved}
              <button
                type="button"
                className="button"
                onClick={() => (isFailed ? void handIn(left === 0 ? 'time' : 'submitted') : state.save())}
              >
                {w.tryAgain}
              </button>
            </p>
          </div>
        )}
        <div>
          <button type="button" className="button" disabled={place === 0} onClick={() => state.go(place - 1)}>
            {w.previous}
          </button>
          {place + 1 < total ? (
            <button type="button" className="button primary" onClick={() => state.go(place + 1)}>
              {w.next}
            </button>
          ) : (
            <button type="button" className="button primary" onClick={() => setOverview(true)}>
              {w.handIn}
            </button>
          )}
        </div>
      </div>
      {isOverview && (
        <Overview
          exam={exam}
          marks={marks}
          place={place}
          onGo={state.go}
          onHandIn={() => void handIn('submitted')}
          onClose={() => setOverview(false)}
        />
      )}
    </>
  );
}

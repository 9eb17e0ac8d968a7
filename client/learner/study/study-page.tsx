import { CircleCheck, CircleX, Ellipsis, Flag, Undo2, X } from 'lucide-react';
import { lazy, Suspense, useDeferredValue, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { readSettings, UNREAD_SETTINGS, useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import type { Shown } from '#client/tutor/session.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { CheckedBody, QuestionBody } from '#client/ui/question/question-body.tsx';
import { stemOf } from '#client/ui/question/typed.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { grade, isComplete } from '#shared/packs/grade.ts';
import type { Item } from '#shared/packs/schema.ts';
import { BottomBar } from './bottom-bar.tsx';
import { useStudyKeys } from './study-keys.ts';
import { type Stage, useGrades, useStudy } from './use-study.ts';

const QuestionMenu = lazy(async () => ({ default: (await import('./question-menu.tsx')).QuestionMenu }));

interface TopProps {
  readonly stage: Stage;
  readonly isFlagged: boolean;
  /** Undo has left its place below to the four grades. */
  readonly isGraded: boolean;
  readonly onLeave: () => void;
  readonly onUndo: () => void;
  readonly onFlag: () => void;
  readonly onMenu: () => void;
}

// made once: with every answer they are passed over
const LEAVE = <X className="icon" size={22} strokeWidth={1.75} aria-hidden />;
const UNDO = <Undo2 className="icon" size={20} strokeWidth={1.75} aria-hidden />;
const FLAG = <Flag className="icon" size={20} strokeWidth={1.75} aria-hidden />;
const FLAGGED = <Flag className="icon" size={20} strokeWidth={1.75} fill="currentColor" aria-hidden />;
const MENU = <Ellipsis className="icon" size={22} strokeWidth={1.75} aria-hidden />;

function TopBar({ stage, isFlagged, isGraded, onLeave, onUndo, onFlag, onMenu }: TopProps) {
  const { t } = useSpeech();
  const { planned, totals } = stage.shown.session;
  const number = totals.answered + 1;
  return (
    <div className="top">
      <button type="button" className="button plain" onClick={onLeave} aria-label={t.study.leave}>
        {LEAVE}
      </button>
      <p className="count small">{t.study.count(number, planned)}</p>
      <div className="progress" aria-hidden="true">
        <div className="done-part" style={{ width: `${(100 * (number - (stage.phase === 'checked' ? 0 : 1))) / planned}%` }} />
      </div>
      <button
        type="button"
        className="button plain"
        onClick={onUndo}
        aria-label={t.study.undo}
        disabled={stage.phase === 'open' ? totals.answered === 0 : !isGraded}
      >
        {UNDO}
      </button>
      <button type="button" className="button plain" onClick={onFlag} aria-label={t.study.flag} aria-pressed={isFlagged}>
        {isFlagged ? FLAGGED : FLAG}
      </button>
      <button type="button" className="button plain" onClick={onMenu} aria-label={t.study.menu} aria-haspopup="dialog">
        {MENU}
      </button>
    </div>
  );
}

function Feedback({ stage }: { readonly stage: Stage }) {
  const { t } = useSpeech();
  const heading = useRef<HTMLHeadingElement>(null);
  const isRight = grade(stage.shown.item, stage.choice) === 1;
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div className={isRight ? 'feedback right' : 'feedback wrong'} role="status">
      <h2 ref={heading} tabIndex={-1}>
        {isRight ? (
          <CircleCheck className="icon" size={24} strokeWidth={2} aria-hidden />
        ) : (
          <CircleX className="icon" size={24} strokeWidth={2} aria-hidden />
        )}
        {isRight ? t.study.correct : t.study.wrong}
      </h2>
      <p className="quiet">
        {stage.confidence && t.study.youSaid[stage.confidence]} {t.study.predicted(t.common.percent(stage.shown.attempt.predicted_p))}
      </p>
    </div>
  );
}

const CAUSES = ['knowledge', 'misread', 'reasoning', 'timing'] as const;

/** One optional tap for the error log: what went wrong. */
function ErrorCause({ tutor, attemptId }: { readonly tutor: Tutor; readonly attemptId: string }) {
  const { t } = useSpeech();
  const [cause, setCause] = useState<(typeof CAUSES)[number] | null>(null);
  const tell = (value: (typeof CAUSES)[number]) => {
    setCause(value);
    void tutor.note([{ kind: 'answer.cause', body: { attempt_id: attemptId, cause: value } }]);
  };
  return (
    <Segments
      legend={t.study.cause}
      name="cause"
      value={cause}
      choices={CAUSES.map((value) => ({ value, label: t.study.causes[value] }))}
      onChange={tell}
    />
  );
}

/** What is shown once the question is checked, laid out unseen while the learner still chooses: after the tap it only has to be uncovered. */
function Answered({ stage }: { readonly stage: Stage }) {
  const early = useDeferredValue(stage);
  // of the question before: nothing yet
  const { phase, shown, choice } = stage.phase === 'checked' ? stage : early;
  if (shown !== stage.shown) return null;
  if (!isComplete(shown.item, choice)) return null;
  const isChecked = phase === 'checked';
  return (
    <div key={shown.attempt.attempt_id} className={isChecked ? undefined : 'unseen'}>
      <CheckedBody item={shown.item} choice={choice} />
    </div>
  );
}

function AfterAnswer({ tutor, stage }: { readonly tutor: Tutor; readonly stage: Stage }) {
  const { t } = useSpeech();
  const { item, attempt } = stage.shown;
  return (
    <div className="after">
      {grade(item, stage.choice) === 0 && <ErrorCause tutor={tutor} attemptId={attempt.attempt_id} />}
      <p className="quiet small">
        {t.study.references}:{' '}
        <span translate="no">{item.references.map((r) => [r.title, r.locator].filter(Boolean).join(', ')).join(' · ')}</span>
      </p>
    </div>
  );
}

function useItemFlag(tutor: Tutor, item: Item): readonly [boolean, () => Promise<void>] {
  const row = useLog((reader) => reader.get('items', [tutor.packId, item.id]), `${tutor.packId} ${item.id}`);
  const isFlagged = row.kind === 'ready' && row.value?.flagged === true;
  return [isFlagged, () => tutor.overlay({ kind: 'item.flagged', itemId: item.id, value: !isFlagged })];
}

function Running({ tutor, sessionId, first }: { readonly tutor: Tutor; readonly sessionId: string; readonly first: Shown }) {
  const { t, language } = useSpeech();
  const [, go] = useLocation();
  const inputRef = useRef<HTMLInputElement>(null);
  const { stage, fieldFault, answer, next, settle, undo, skip, choose } = useStudy(tutor, sessionId, first);
  const { item, session, attempt } = stage.shown;
  const [struck, setStruck] = useState<{ readonly attempt: string; readonly ids: ReadonlySet<string> }>({ attempt: '', ids: new Set() });
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isFlagged, flag] = useItemFlag(tutor, item);
  const settings = useLog(readSettings, 'settings');
  const { hasGuess, hasGrades, hasKeys } = settings.kind === 'ready' ? settings.value : UNREAD_SETTINGS;
  const ruledOut = struck.attempt === attempt.attempt_id ? struck.ids : new Set<string>();
  const strike = (id: string) => {
    const ids = new Set(ruledOut);
    if (!ids.delete(id)) ids.add(id);
    setStruck({ attempt: attempt.attempt_id, ids });
  };
  // below all options: drawn once the feedback is painted
  const isAfter = useDeferredValue(stage.phase === 'checked');
  const stem = stemOf(item, language);
  const number = session.totals.answered + 1;
  const earlier = useOnce(async () => (await tutor.state()).answers.some((a) => a.session_id !== sessionId), sessionId);
  const isLevel = stage.shown.reason === 'cold' || (earlier.kind === 'ready' && !earlier.value);
  const grades = useGrades(tutor, stage, hasGrades);
  const asGraded = async (place: number) => {
    const choice = grades[place];
    if (choice) await settle(choice);
  };
  useStudyKeys(
    item,
    stage.choice,
    stage.phase,
    { answer, next, undo, choose, flag, grade: asGraded, help: () => setMenuOpen(true) },
    hasKeys,
  );
  usePageTitle(t.study.pageTitle(number, session.planned));
  const suspended = () => {
    setMenuOpen(false);
    if (stage.phase === 'open') void skip();
  };
  return (
    <>
      <TopBar
        stage={stage}
        isFlagged={isFlagged}
        isGraded={grades.length > 0}
        onLeave={() => go('/')}
        onUndo={() => void undo()}
        onFlag={() => void flag()}
        onMenu={() => setMenuOpen(true)}
      />
      <div className="stem">
        {isLevel && stage.phase === 'open' && <p className="quiet small">{t.study.level}</p>}
        <h1 lang={stem.lang}>{stem.text}</h1>
      </div>
      {stage.phase === 'checked' && <Feedback key={`feedback ${attempt.attempt_id}`} stage={stage} />}
      {stage.phase === 'open' && (
        <QuestionBody
          item={item}
          choice={stage.choice}
          onChoice={choose}
          fieldFault={fieldFault}
          inputRef={inputRef}
          struck={ruledOut}
          onStrike={strike}
        />
      )}
      <Answered stage={stage} />
      {stage.phase === 'open' && hasKeys && <p className="keys quiet small">{t.study.keys}</p>}
      {stage.phase === 'checked' && isAfter && <AfterAnswer key={`after ${attempt.attempt_id}`} tutor={tutor} stage={stage} />}
      <BottomBar
        stage={stage}
        hasGuess={hasGuess}
        grades={grades}
        onGrade={(c) => void settle(c)}
        onAnswer={(c) => void answer(c)}
        onNext={() => void next()}
        onUndo={() => void undo()}
      />
      {isMenuOpen && (
        <Suspense>
          <QuestionMenu tutor={tutor} item={item} onClose={() => setMenuOpen(false)} onSuspended={suspended} />
        </Suspense>
      )}
    </>
  );
}

/** One question after another, each answer written before the screen moves. */
export function StudyPage({ sessionId }: { readonly sessionId: string }) {
  const { t } = useSpeech();
  const ports = usePorts();
  const [, go] = useLocation();
  const loaded = useOnce(async () => {
    const session = await ports.log.get('sessions', sessionId);
    const tutor = session ? await ports.tutorFor(session.pack_id) : null;
    const first = (await tutor?.question(sessionId)) ?? null;
    if (tutor && !first) await tutor.endSession(sessionId, 'finished');
    return tutor ? { tutor, first } : null;
  }, sessionId);
  const isOver = loaded.kind === 'ready' && loaded.value !== null && loaded.value.first === null;
  useEffect(() => {
    if (isOver) go(`/done/${sessionId}`, { replace: true });
  }, [isOver, go, sessionId]);
  const isGone = loaded.kind === 'failed' || (loaded.kind === 'ready' && loaded.value === null);
  return (
    <main className="study">
      {loaded.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {isGone && (
        <div className="stack" style={{ paddingTop: 24 }}>
          <Notice tone="bad">{loaded.kind === 'failed' ? storageWords(t, loaded.fault) : t.study.gone}</Notice>
          <Link className="button" href="/">
            {t.study.toHome}
          </Link>
        </div>
      )}
      {loaded.kind === 'ready' && loaded.value?.first && (
        <Running tutor={loaded.value.tutor} sessionId={sessionId} first={loaded.value.first} />
      )}
    </main>
  );
}

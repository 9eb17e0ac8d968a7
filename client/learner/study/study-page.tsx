import './study.css';
import { CircleCheck, CircleX, Undo2, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import type { Shown } from '#client/tutor/session.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import type { Confidence } from '#shared/domain/confidence.ts';
import { grade } from '#shared/packs/grade.ts';
import { type Item, inLanguage } from '#shared/packs/schema.ts';
import { QuestionBody } from './question-body.tsx';
import { useStudyKeys } from './study-keys.ts';
import { type Stage, useStudy } from './use-study.ts';

function TopBar({ stage, onLeave, onUndo }: { readonly stage: Stage; readonly onLeave: () => void; readonly onUndo: () => void }) {
  const { t } = useSpeech();
  const { planned, totals } = stage.shown.session;
  const number = totals.answered + 1;
  return (
    <div className="top">
      <button type="button" className="button plain" onClick={onLeave} aria-label={t.study.leave}>
        <X className="icon" size={22} strokeWidth={1.75} aria-hidden />
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
        disabled={stage.phase !== 'open' || totals.answered === 0}
      >
        <Undo2 className="icon" size={20} strokeWidth={1.75} aria-hidden />
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

function AfterAnswer({ tutor, item }: { readonly tutor: Tutor; readonly item: Item }) {
  const { t } = useSpeech();
  const [isReported, setReported] = useState(false);
  const report = async () => {
    await tutor.note([{ kind: 'item.reported', body: { item_id: item.id, value: 'learner' } }]);
    setReported(true);
  };
  return (
    <div className="after">
      <p className="quiet small">
        {t.study.references}: {item.references.map((r) => [r.title, r.locator].filter(Boolean).join(', ')).join(' · ')}
      </p>
      <div>
        {isReported ? (
          <p className="quiet small" role="status">
            {t.study.reported}
          </p>
        ) : (
          <button type="button" className="button plain small" onClick={() => void report()}>
            {t.study.report}
          </button>
        )}
      </div>
    </div>
  );
}

interface BarProps {
  readonly stage: Stage;
  readonly onAnswer: (confidence: Confidence) => void;
  readonly onNext: () => void;
  readonly onUndo: () => void;
}

/** Two buttons that never move: Not sure and Sure, then Undo and Next in the very same places. */
function BottomBar({ stage, onAnswer, onNext, onUndo }: BarProps) {
  const { t } = useSpeech();
  const isLast = stage.shown.session.totals.answered + 1 >= stage.shown.session.planned;
  const mayAnswer =
    stage.phase === 'open' && (stage.choice.kind === 'text' ? stage.choice.text.trim() !== '' : stage.choice.ids.length > 0);
  return (
    <div className="bottom">
      {stage.fault && (
        <div className="notice bad fault" role="alert">
          {{ full: t.study.full, 'not-saved': t.study.notSaved, step: t.study.stepFailed }[stage.fault]}
        </div>
      )}
      <div>
        {stage.phase === 'checked' ? (
          <>
            <button type="button" className="button" onClick={onUndo}>
              <Undo2 className="icon" size={20} strokeWidth={1.75} aria-hidden />
              {t.study.undo}
            </button>
            <button type="button" className="button primary" data-fresh={stage.isFresh || undefined} onClick={onNext}>
              {isLast ? t.study.finish : t.study.next}
            </button>
          </>
        ) : (
          <>
            <button type="button" className="button" disabled={!mayAnswer} onClick={() => onAnswer('notSure')}>
              {t.study.notSure}
            </button>
            <button type="button" className="button primary" disabled={!mayAnswer} onClick={() => onAnswer('sure')}>
              {t.study.sure}
            </button>
          </>
        )}
      </div>
    </div>
  );
}

function Running({ tutor, sessionId, first }: { readonly tutor: Tutor; readonly sessionId: string; readonly first: Shown }) {
  const { t, language } = useSpeech();
  const [, go] = useLocation();
  const inputRef = useRef<HTMLInputElement>(null);
  const { stage, fieldFault, answer, next, undo, choose } = useStudy(tutor, sessionId, first);
  const { item, session } = stage.shown;
  const stem = inLanguage(item.stem, language);
  const number = session.totals.answered + 1;
  const isLevel = stage.shown.session.seq <= 5 || stage.shown.reason === 'cold';
  useStudyKeys(stage.shown.item, stage.choice, stage.phase, { answer, next, undo, choose });
  useEffect(() => {
    document.title = `${t.study.pageTitle(number, session.planned)} · ${t.name}`;
  }, [t, number, session.planned]);
  return (
    <>
      <TopBar stage={stage} onLeave={() => go('/')} onUndo={() => void undo()} />
      <div className="stem">
        {isLevel && stage.phase === 'open' && <p className="quiet small">{t.study.level}</p>}
        <h1 lang={stem.lang}>{stem.text}</h1>
      </div>
      {stage.phase === 'checked' && <Feedback key={`feedback ${stage.shown.attempt.attempt_id}`} stage={stage} />}
      <QuestionBody
        item={item}
        choice={stage.choice}
        onChoice={choose}
        isChecked={stage.phase === 'checked'}
        fieldFault={fieldFault}
        inputRef={inputRef}
      />
      {stage.phase === 'open' && <p className="keys quiet small">{t.study.keys}</p>}
      {stage.phase === 'checked' && <AfterAnswer key={`after ${stage.shown.attempt.attempt_id}`} tutor={tutor} item={item} />}
      <BottomBar stage={stage} onAnswer={(c) => void answer(c)} onNext={() => void next()} onUndo={() => void undo()} />
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

import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useExamWords } from '#client/i18n/exam-words.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { examScore } from '#client/tutor/score.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Read, ReadPack } from '#client/ui/read.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import type { ExamRow } from '#shared/tracking/rows.ts';
import { ExamReport } from './report.tsx';
import { RunningExam } from './running.tsx';

const FACTORS = ['1', '1.25', '1.5', '2', 'none'] as const;
type Factor = (typeof FACTORS)[number];

const hundred = (share: number): number => Math.round(100 * share);

function Past({ exams }: { readonly exams: readonly ExamRow[] }) {
  const w = useExamWords();
  const { language } = useSpeech();
  const done = exams.filter((e) => e.submitted).sort((a, b) => b.at - a.at);
  return (
    <section className="card" aria-labelledby="past">
      <h2 id="past">{w.past}</h2>
      {done.length === 0 && <p className="quiet">{w.noPast}</p>}
      <ul>
        {done.map((exam) => (
          <li key={exam.session_id}>
            <Link href={`/exam/${exam.session_id}`} className="row apart number" style={{ minHeight: 48 }}>
              <span>{new Date(exam.at).toLocaleDateString(language)}</span>
              <span>{w.score(Math.round(examScore(exam) * exam.item_ids.length), exam.item_ids.length)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Length, time and what is predicted; then it starts. */
function SetUp({ tutor, exams }: { readonly tutor: Tutor; readonly exams: readonly ExamRow[] }) {
  const w = useExamWords();
  const [, go] = useLocation();
  const { exam } = tutor.course.pack.manifest;
  const most = Math.min(exam.questions, tutor.course.pack.items.filter((i) => i.status !== 'retired').length);
  const lengths = [...new Set([Math.max(1, Math.round(most / 6)), Math.max(1, Math.round(most / 3)), most])];
  const [questions, setQuestions] = useState(lengths[1] ?? most);
  const [factor, setFactor] = useState<Factor>('1');
  const [isBusy, setBusy] = useState(false);
  const score = useOnce(() => tutor.score(), tutor.packId);
  const minutes = factor === 'none' ? null : Math.max(1, Math.round((questions * exam.minutes * Number(factor)) / exam.questions));
  const start = async () => {
    setBusy(true);
    try {
      go(`/exam/${await tutor.startExam({ questions, minutes })}`);
    } finally {
      setBusy(false);
    }
  };
  const running = exams.find((e) => !e.submitted);
  return (
    <>
      {running ? (
        <section className="card">
          <h2>{w.resume}</h2>
          <Link className="button primary wide" href={`/exam/${running.session_id}`}>
            {w.goOn}
          </Link>
        </section>
      ) : (
        <section className="card" aria-label={w.title}>
          <Segments
            legend={w.length}
            name="length"
            value={String(questions)}
            choices={lengths.map((n) => ({ value: String(n), label: w.questions(n) }))}
            onChange={(n) => setQuestions(Number(n))}
          />
          <Segments
            legend={w.time}
            name="factor"
            value={factor}
            choices={FACTORS.map((value) => ({ value, label: w.factors[value] }))}
            onChange={setFactor}
          />
          <p className="number">{w.willTake(questions, minutes)}</p>
          {score.kind === 'ready' && (
            <p className="quiet number">
              {score.value.kind === 'range' ? w.predicted(hundred(score.value.range.low), hundred(score.value.range.high)) : w.noPrediction}
            </p>
          )}
          <button type="button" className="button primary wide" disabled={isBusy} onClick={() => void start()}>
            {w.start}
          </button>
        </section>
      )}
      <Past exams={exams} />
    </>
  );
}

/** Where a mock exam is set up, and earlier ones are listed. */
export function ExamPage({ packId }: { readonly packId: string }) {
  const w = useExamWords();
  const ports = usePorts();
  const tutor = useOnce(() => ports.tutorFor(packId), packId);
  const exams = useLog((reader) => reader.list('exams', 'pack_id', packId), packId);
  usePageTitle(w.title);
  return (
    <main className="page">
      <header>
        <h1>{w.title}</h1>
        <p className="quiet">{w.lead}</p>
      </header>
      <ReadPack loaded={tutor}>{(opened) => <Read loaded={exams}>{(earlier) => <SetUp tutor={opened} exams={earlier} />}</Read>}</ReadPack>
    </main>
  );
}

/** One mock exam: running, or its report. */
export function ExamSittingPage({ sessionId }: { readonly sessionId: string }) {
  const w = useExamWords();
  const { t } = useSpeech();
  const ports = usePorts();
  const isOver = useLog(async (reader) => (await reader.get('exams', sessionId))?.submitted?.at ?? null, sessionId);
  const over = isOver.kind === 'ready' ? String(isOver.value) : 'waiting';
  const loaded = useOnce(async () => {
    const exam = await ports.log.get('exams', sessionId);
    const tutor = exam ? await ports.tutorFor(exam.pack_id) : null;
    return exam && tutor ? { exam, tutor, answers: await ports.log.list('answers', 'session_id', sessionId) } : null;
  }, `${sessionId} ${over}`);
  const isRunning = loaded.kind === 'ready' && loaded.value !== null && !loaded.value.exam.submitted;
  return (
    <main className={isRunning ? 'study' : 'page bare'} style={isRunning ? undefined : { paddingBottom: 32 }}>
      {loaded.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {loaded.kind === 'failed' && <Notice tone="bad">{storageWords(t, loaded.fault)}</Notice>}
      {loaded.kind === 'ready' && !loaded.value && (
        <>
          <Notice tone="bad">{w.gone}</Notice>
          <Link className="button" href="/exam">
            {w.title}
          </Link>
        </>
      )}
      {loaded.kind === 'ready' &&
        loaded.value &&
        (loaded.value.exam.submitted ? <ExamReport {...loaded.value} /> : <RunningExam {...loaded.value} />)}
    </main>
  );
}

import { Play, WifiOff } from 'lucide-react';
import { Link, useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';
import { type Settings, useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { standings, summarise } from '#client/tutor/summary.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import type { TutorState } from '#client/tutor/tutor-state.ts';
import { ModelFacts } from '#client/ui/model-facts.tsx';
import { useOnline } from '#client/ui/online.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { fetchWords, storageWords } from '#client/ui/storage-words.ts';
import { TopicGraph } from '#client/ui/topic-graph.tsx';
import { inLanguage } from '#shared/packs/localised.ts';
import type { SessionRow } from '#shared/tracking/rows.ts';
import { AskResult } from './ask-result.tsx';
import { minutesFor, Recommendations } from './recommendations.tsx';
import { answersOfDay, Today } from './today.tsx';
import { Ways } from './ways.tsx';

// Asked for once the page is drawn: fetched with it.
void Promise.all([import('#client/tutor/recommend.ts'), import('#client/tutor/reviews.ts')]).catch(() => undefined);

const FIRST_SESSION = 10;

function Standing({ answers, examDate, now }: { readonly answers: number; readonly examDate: string | null; readonly now: number }) {
  const { t } = useSpeech();
  const { storage } = usePorts();
  const isOnline = useOnline();
  const days = examDate ? Math.ceil((new Date(`${examDate}T00:00`).getTime() - now) / 86_400_000) : null;
  return (
    <p className="row">
      {days !== null && days >= 0 && <span className="chip number">{t.home.days(days)}</span>}
      <span className="chip">
        {!isOnline && <WifiOff className="icon" size={14} strokeWidth={1.75} aria-hidden />}
        {storage === 'memory' ? t.home.notKept : isOnline ? t.home.saved : t.home.offline(answers)}
      </span>
    </p>
  );
}

function Continue({ tutor, state, settings }: { readonly tutor: Tutor; readonly state: TutorState; readonly settings: Settings }) {
  const { t } = useSpeech();
  const [, go] = useLocation();
  const open = useLog(async (reader): Promise<SessionRow | null> => {
    const sessions = (await reader.list('sessions', 'pack_id', tutor.packId)).filter((s) => s.mode !== 'exam');
    const latest = sessions.reduce<SessionRow | null>((a, b) => (a && a.seq > b.seq ? a : b), null);
    return latest && latest.ended === null && latest.totals.answered < latest.planned ? latest : null;
  }, tutor.packId);
  if (open.kind === 'failed') return <Notice tone="bad">{storageWords(t, open.fault)}</Notice>;
  if (open.kind === 'waiting') return <div style={{ minHeight: 56 }} />;
  const session = open.value;
  const pace = minutesFor(1000, state) / 1000;
  const questions = state.answers.length === 0 ? FIRST_SESSION : Math.min(40, Math.max(5, Math.round(settings.minutesADay / pace)));
  const start = async () => go(`/study/${session?.session_id ?? (await tutor.startSession({ mode: 'practice', planned: questions }))}`);
  return (
    <button type="button" className="button primary wide" style={{ minHeight: 56 }} onClick={() => void start()}>
      <Play className="icon" size={20} strokeWidth={1.75} aria-hidden />
      {session ? t.home.resume(session.planned - session.totals.answered) : t.home.continue(minutesFor(questions, state), questions)}
    </button>
  );
}

function Loaded({ tutor, settings }: { readonly tutor: Tutor; readonly settings: Settings }) {
  const model = useModelWords();
  const { t, language } = useSpeech();
  const { moment } = usePorts();
  const head = useLog((reader) => reader.head(), 'head');
  const state = useOnce(async () => ({ ...(await tutor.state()) }), `${tutor.packId} ${head.kind === 'ready' ? head.value : ''}`);
  if (state.kind === 'failed') return <Notice tone="bad">{storageWords(t, state.fault)}</Notice>;
  if (state.kind === 'waiting') return <Waiting text={t.common.loading} />;
  const { at, tz } = moment();
  const today = answersOfDay(state.value.answers, at, tz);
  const todayItems = new Set(today.flatMap((a) => tutor.course.items.get(a.item_id)?.topics ?? []));
  const topics = standings(tutor.course, state.value).map((topic) => ({
    ...topic,
    title: inLanguage(topic.title, language).text,
    isToday: todayItems.has(topic.id),
  }));
  const strongest = topics.filter((topic) => topic.answers >= 3).sort((a, b) => b.strength - a.strength)[0];
  const summary = summarise(state.value, tutor.global);
  return (
    <>
      <header className="masthead">
        <div>
          <h1>{inLanguage(tutor.course.pack.manifest.title, language).text}</h1>
          <Standing answers={state.value.answers.length} examDate={settings.examDate} now={at} />
        </div>
        <TopicGraph nodes={topics} words={t.graph} percent={t.common.percent} size="small" />
      </header>
      <Continue tutor={tutor} state={state.value} settings={settings} />
      <AskResult packId={tutor.packId} examDate={settings.examDate} />
      <Ways tutor={tutor} answers={state.value.answers.length} />
      <Today answers={today} />
      <Recommendations tutor={tutor} state={state.value} />
      <section className="card" aria-labelledby="model">
        <header>
          <h2 id="model">{t.home.model}</h2>
          <p className="quiet">{model.stage[summary.stage]}</p>
        </header>
        <ModelFacts {...summary} />
        <Link className="button" href="/my-model">
          {t.home.modelMore}
        </Link>
      </section>
      <section className="card" aria-labelledby="graph">
        <header>
          <h2 id="graph">{t.home.graphTitle}</h2>
        </header>
        <p className="quiet">
          {strongest ? t.home.graphSentence(strongest.title, t.common.percent(strongest.strength)) : t.home.graphEmpty}
        </p>
        <TopicGraph nodes={topics} words={t.graph} percent={t.common.percent} size="large" />
        <Link className="button" href="/progress">
          {t.home.progressMore}
        </Link>
      </section>
    </>
  );
}

/** The way in each day: continue, today, the model, what next. */
export function HomePage({ settings, packId }: { readonly settings: Settings; readonly packId: string }) {
  const { t } = useSpeech();
  usePageTitle(null);
  const ports = usePorts();
  const tutor = useOnce(() => ports.tutorFor(packId), packId);
  return (
    <main className="page">
      {tutor.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {(tutor.kind === 'failed' || (tutor.kind === 'ready' && !tutor.value)) && (
        <>
          <h1>{t.nav.home}</h1>
          <Notice tone="bad">{fetchWords(t, tutor.kind === 'failed' ? tutor.fault : null)}</Notice>
          <Link className="button" href="/packs">
            {t.nav.packs}
          </Link>
        </>
      )}
      {tutor.kind === 'ready' && tutor.value && <Loaded tutor={tutor.value} settings={settings} />}
    </main>
  );
}

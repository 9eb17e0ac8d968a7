import { useState } from 'react';
import { useLocation } from 'wouter';
import { LANGUAGES, useSpeech } from '#client/i18n/language.tsx';
import { type CatalogueEntry, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { AddPack } from '#client/ui/add-pack.tsx';
import { LanguageChoice } from '#client/ui/language-choice.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { fetchWords } from '#client/ui/storage-words.ts';
import { TopicGraph } from '#client/ui/topic-graph.tsx';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Pack } from '#shared/packs/schema.ts';

const SAMPLE = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => ({
  id,
  title: id,
  requires: [[], [], ['a'], ['a', 'b'], ['b'], ['c', 'd', 'e']][i] ?? [],
  strength: [0.9, 0.75, 0.6, 0.4, 0.55, 0][i] ?? 0,
  answers: [20, 14, 9, 5, 3, 0][i] ?? 0,
  isToday: i === 3,
}));

/** The first screen: what this is, in one breath, and one button. */
export function WelcomePage() {
  const { t } = useSpeech();
  usePageTitle(null);
  const [, go] = useLocation();
  return (
    <main className="page bare" style={{ minHeight: '100dvh', alignContent: 'center', paddingBottom: 32 }}>
      <div aria-hidden="true" style={{ maxWidth: 280, width: '100%', margin: '0 auto' }}>
        <TopicGraph nodes={SAMPLE} words={t.graph} percent={t.common.percent} size="small" />
      </div>
      <header style={{ textAlign: 'center' }}>
        <h1 style={{ fontSize: '1.875rem' }}>{t.name}</h1>
        <p>{t.welcome.lead}</p>
        <p className="quiet">{t.welcome.promise}</p>
      </header>
      <button type="button" className="button primary wide" style={{ minHeight: 56 }} onClick={() => go('/start')}>
        {t.welcome.start}
      </button>
      <LanguageChoice hideLegend />
    </main>
  );
}

function PackCard({
  entry,
  onChoose,
  isBusy,
}: {
  readonly entry: CatalogueEntry;
  readonly onChoose: () => void;
  readonly isBusy: boolean;
}) {
  const { t, language } = useSpeech();
  const title = inLanguage(entry.title, language).text;
  const names = entry.languages.map((tag) => LANGUAGES.find((l) => l.tag === tag)?.name ?? tag).join(', ');
  return (
    <li className="card">
      <h2>{title}</h2>
      <p>{inLanguage(entry.description, language).text}</p>
      <p className="quiet small">
        {t.common.questions(entry.itemCount)} · {t.start.languages(names)} ·{' '}
        {t.start.licence(entry.licence, t.common.kilobytes(entry.bytes))}
      </p>
      <button type="button" className="button primary wide" disabled={isBusy} onClick={onChoose}>
        {t.start.choose(title)}
      </button>
    </li>
  );
}

/** Choose an exam: the catalogue, or a pack of one's own. */
export function StartPage() {
  const { t } = useSpeech();
  usePageTitle(t.start.title);
  const ports = usePorts();
  const [, go] = useLocation();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const next = (pack: Pack) => go(`/start/${pack.manifest.id}`);
  const choose = async (entry: CatalogueEntry) => {
    setBusy(true);
    setFault(null);
    try {
      next(await ports.fetchPack(entry));
    } catch (cause) {
      setFault(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="page bare">
      <header>
        <h1>{t.start.title}</h1>
      </header>
      <ul className="stack">
        {ports.catalogue.map((entry) => (
          <PackCard key={entry.id} entry={entry} isBusy={isBusy} onChoose={() => void choose(entry)} />
        ))}
      </ul>
      {isBusy && <Waiting text={t.common.loading} />}
      {fault !== null && <Notice tone="bad">{fetchWords(t, fault)}</Notice>}
      <AddPack install={ports.installPack} onAdded={next} />
    </main>
  );
}

/** When the exam is and how long a day: both may stay open. Then straight to the first question. */
export function PlanPage({ packId }: { readonly packId: string }) {
  const { t } = useSpeech();
  usePageTitle(t.start.planTitle);
  const ports = usePorts();
  const [, go] = useLocation();
  const [date, setDate] = useState('');
  const [minutes, setMinutes] = useState('15');
  const tutor = useOnce(() => ports.tutorFor(packId), packId);
  const begin = async (withPlan: boolean) => {
    if (tutor.kind !== 'ready' || !tutor.value) return;
    const set = (key: string, value: string) => ({ kind: 'setting.set' as const, body: { key, value } });
    const held = Math.min(60, Math.max(5, Math.round(Number(minutes)) || 15));
    const plan = withPlan ? [set('exam_date', date), set('minutes_a_day', String(held))] : [];
    await tutor.value.note([set('pack', packId), ...plan]);
    go(`/study/${await tutor.value.startSession({ mode: 'practice', planned: 10 })}`, { replace: true });
  };
  const isReady = tutor.kind === 'ready' && tutor.value !== null;
  return (
    <main className="page bare">
      <header>
        <h1>{t.start.planTitle}</h1>
        <p className="quiet">{t.start.planLead}</p>
      </header>
      {tutor.kind === 'failed' && <Notice tone="bad">{fetchWords(t, tutor.fault)}</Notice>}
      {tutor.kind === 'ready' && !tutor.value && <Notice tone="bad">{t.packs.unavailable}</Notice>}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void begin(true);
        }}
      >
        <label className="field">
          <span className="quiet">{t.start.date}</span>
          <input type="date" value={date} onChange={(event) => setDate(event.target.value)} />
        </label>
        <label className="field">
          <span className="quiet">{t.start.minutes}</span>
          <input
            type="number"
            inputMode="numeric"
            min={5}
            max={60}
            step={5}
            value={minutes}
            onChange={(event) => setMinutes(event.target.value)}
          />
        </label>
        <button type="submit" className="button primary wide" disabled={!isReady}>
          {t.start.continue}
        </button>
        <button type="button" className="button wide" disabled={!isReady} onClick={() => void begin(false)}>
          {t.start.skip}
        </button>
      </form>
      <button type="button" className="button plain" onClick={() => go('/start')}>
        {t.common.back}
      </button>
    </main>
  );
}

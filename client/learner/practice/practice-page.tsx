import { useState } from 'react';
import { useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useReviewWords } from '#client/i18n/review-words.ts';
import { errorLog } from '#client/tutor/insights.ts';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { ReadPack } from '#client/ui/read.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { below } from '#shared/maths/rng.ts';
import { inLanguage } from '#shared/packs/localised.ts';

const POOLS = ['all', 'unseen', 'wrong', 'bookmarked', 'flagged'] as const;
type Pool = (typeof POOLS)[number];
const COUNTS = [5, 10, 20, 40];

async function poolsOf(
  tutor: Tutor,
  list: (packId: string) => Promise<readonly { item_id: string; bookmarked: boolean; flagged: boolean }[]>,
) {
  const state = await tutor.state();
  const marks = await list(tutor.packId);
  const items = tutor.course.pack.items.filter((i) => i.status !== 'retired' && !state.suspended.has(i.id));
  const answered = new Set(state.answers.map((a) => a.item_id));
  const ids: Readonly<Record<Pool, ReadonlySet<string>>> = {
    all: new Set(items.map((i) => i.id)),
    unseen: new Set(items.flatMap((i) => (answered.has(i.id) ? [] : [i.id]))),
    wrong: new Set(errorLog(state.answers).map((a) => a.item_id)),
    bookmarked: new Set(marks.flatMap((m) => (m.bookmarked ? [m.item_id] : []))),
    flagged: new Set(marks.flatMap((m) => (m.flagged ? [m.item_id] : []))),
  };
  return { tutor, items, ids };
}

function Chooser({ tutor, items, ids }: Awaited<ReturnType<typeof poolsOf>>) {
  const w = useReviewWords();
  const { language, t } = useSpeech();
  const { moment } = usePorts();
  const [, go] = useLocation();
  const [topics, setTopics] = useState<ReadonlySet<string>>(new Set());
  const [pool, setPool] = useState<Pool>('all');
  const [wanted, setWanted] = useState(10);
  const matching = items.filter((i) => ids[pool].has(i.id) && (topics.size === 0 || i.topics.some((topic) => topics.has(topic))));
  const toggle = (id: string) => {
    const next = new Set(topics);
    if (!next.delete(id)) next.add(id);
    setTopics(next);
  };
  const start = async () => {
    const { rng } = moment();
    const left = matching.map((i) => i.id);
    const itemIds = Array.from({ length: Math.min(wanted, left.length) }, () => left.splice(below(left.length, rng), 1)[0] ?? '');
    go(`/study/${await tutor.startSession({ mode: 'custom', itemIds })}`);
  };
  return (
    <>
      <fieldset className="card">
        <legend className="only-spoken">{w.topics}</legend>
        <label className="check">
          <input type="checkbox" checked={topics.size === 0} onChange={() => setTopics(new Set())} />
          {w.all}
        </label>
        {tutor.course.pack.manifest.topics.map((topic) => (
          <label key={topic.id} className="check">
            <input type="checkbox" checked={topics.has(topic.id)} onChange={() => toggle(topic.id)} />
            {inLanguage(topic.title, language).text}
          </label>
        ))}
      </fieldset>
      <section className="card">
        <label className="field">
          <span className="quiet">{w.pool}</span>
          <select value={pool} onChange={(event) => setPool(event.target.value as Pool)}>
            {POOLS.map((value) => (
              <option key={value} value={value}>
                {w.pools[value]}
              </option>
            ))}
          </select>
        </label>
        <Segments
          legend={w.number}
          name="wanted"
          value={String(wanted)}
          choices={COUNTS.map((n) => ({ value: String(n), label: t.common.questions(n) }))}
          onChange={(n) => setWanted(Number(n))}
        />
        <p className="number" role="status">
          {w.matching(matching.length)}
        </p>
        <button type="button" className="button primary wide" disabled={matching.length === 0} onClick={() => void start()}>
          {w.begin}
        </button>
      </section>
    </>
  );
}

/** A session of the learner's own choice: topics, and which of their questions. */
export function PracticePage({ packId }: { readonly packId: string }) {
  const w = useReviewWords();
  const ports = usePorts();
  const loaded = useOnce(async () => {
    const tutor = await ports.tutorFor(packId);
    return tutor ? poolsOf(tutor, (id) => ports.log.list('items', 'pack_id', id)) : null;
  }, packId);
  usePageTitle(w.practiceTitle);
  return (
    <main className="page">
      <header>
        <h1>{w.practiceTitle}</h1>
        <p className="quiet">{w.practiceLead}</p>
      </header>
      <ReadPack loaded={loaded}>{(value) => <Chooser {...value} />}</ReadPack>
    </main>
  );
}

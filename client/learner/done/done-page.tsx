import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useDoneWords } from '#client/i18n/done-words.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { standings, type TopicStanding } from '#client/tutor/summary.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { foldModel } from '#client/tutor/tutor-state.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { CheckedBody } from '#client/ui/question/question-body.tsx';
import { stemOf } from '#client/ui/question/typed.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { TopicGraph } from '#client/ui/topic-graph.tsx';
import { choiceFromList } from '#shared/packs/grade.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Draft } from '#shared/tracking/event.ts';
import type { AnswerRow, SessionRow } from '#shared/tracking/rows.ts';
import { KeepSafe } from './keep-safe.tsx';
import { WeekRating } from './week-rating.tsx';

const PREDICTED_SCORE_FROM = 30;

interface Outcome {
  readonly tutor: Tutor;
  readonly session: SessionRow;
  readonly answers: readonly AnswerRow[];
  readonly total: number;
  readonly before: readonly TopicStanding[];
  readonly after: readonly TopicStanding[];
}

async function outcomeOf(tutor: Tutor, session: SessionRow): Promise<Outcome> {
  const state = await tutor.state();
  const answers = state.answers.filter((a) => a.session_id === session.session_id);
  const earlier = state.answers.filter((a) => a.seq < (answers[0]?.seq ?? 0));
  const wasServing = state.champion && state.champion.throughSeq < (answers[0]?.seq ?? 0) ? state.champion : null;
  const modelBefore = foldModel(tutor.course, tutor.global, wasServing, earlier, null);
  return {
    tutor,
    session,
    answers,
    total: state.answers.length,
    before: standings(tutor.course, { ...state, model: modelBefore, answers: earlier }),
    after: standings(tutor.course, state),
  };
}

/** Topics of the session whose expected share moved, largest move first. */
function Changes({ outcome }: { readonly outcome: Outcome }) {
  const { t, language } = useSpeech();
  const done = useDoneWords();
  const { percent } = t.common;
  const touched = new Set(outcome.answers.flatMap((a) => outcome.tutor.course.items.get(a.item_id)?.topics ?? []));
  const changes = outcome.after
    .map((after, i) => ({ ...after, from: outcome.before[i]?.strength ?? 0 }))
    .filter((topic) => touched.has(topic.id))
    .sort((a, b) => Math.abs(b.strength - b.from) - Math.abs(a.strength - a.from));
  const score = (topicId: string) => {
    const own = outcome.answers.filter((a) => outcome.tutor.course.items.get(a.item_id)?.topics.includes(topicId));
    return done.topicScore(own.filter((a) => a.correct === 1).length, own.length);
  };
  return (
    <section className="card" aria-labelledby="changed">
      <h2 id="changed">{done.changed}</h2>
      <table>
        <tbody>
          {changes.map((topic) => (
            <tr key={topic.id}>
              <td>{done.change(inLanguage(topic.title, language).text, percent(topic.from), percent(topic.strength))}</td>
              <td className="number quiet">{score(topic.id)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet small">{done.changeHint}</p>
      {outcome.total < PREDICTED_SCORE_FROM && <p className="quiet small">{done.early(outcome.total)}</p>}
    </section>
  );
}

function WrongItems({ outcome }: { readonly outcome: Outcome }) {
  const { language } = useSpeech();
  const done = useDoneWords();
  const wrong = outcome.answers.filter((a) => a.correct === 0);
  return (
    <section className="card" aria-labelledby="wrong">
      <h2 id="wrong">{done.wrongItems}</h2>
      {wrong.length === 0 && <p>{done.allRight}</p>}
      <ul>
        {wrong.map((answer) => {
          const item = outcome.tutor.course.items.get(answer.item_id);
          if (!item) return null;
          const stem = stemOf(item, language);
          return (
            <li key={answer.attempt_id} style={{ borderTop: '1px solid var(--hairline)' }}>
              <details>
                <summary lang={stem.lang} style={{ color: 'inherit' }}>
                  {stem.text}
                </summary>
                <CheckedBody item={item} choice={choiceFromList(item, answer.choice)} />
              </details>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Rating({ outcome }: { readonly outcome: Outcome }) {
  const done = useDoneWords();
  const [rating, setRating] = useState<string | null>(null);
  const [felt, setFelt] = useState<'easy' | 'right' | 'hard' | null>(null);
  const { tutor, session } = outcome;
  const give = (more: { rating?: number; difficulty_felt?: 'easy' | 'right' | 'hard' }, then: readonly Draft[] = []) =>
    tutor.note([{ kind: 'feedback.given', body: { about: 'session', ref: session.session_id, ...more } }, ...then]);
  const rate = (value: string) => {
    setRating(value);
    void give({ rating: Number(value) });
  };
  const feel = (value: 'easy' | 'right' | 'hard') => {
    setFelt(value);
    const target = { easy: 'harder', right: null, hard: 'easier' }[value];
    void give({ difficulty_felt: value }, target ? [{ kind: 'setting.set', body: { key: `target.${tutor.packId}`, value: target } }] : []);
  };
  return (
    <section className="card" aria-label={done.rate}>
      <Segments
        legend={done.rate}
        name="rating"
        value={rating}
        choices={['1', '2', '3', '4', '5'].map((value) => ({ value, label: value }))}
        onChange={rate}
      />
      <Segments
        legend={done.felt}
        name="felt"
        value={felt}
        choices={[
          { value: 'easy', label: done.easy },
          { value: 'right', label: done.right },
          { value: 'hard', label: done.hard },
        ]}
        onChange={feel}
      />
      <p className="quiet small" role="status" style={{ minHeight: '1.6em' }}>
        {(rating || felt) && done.thanks}
      </p>
    </section>
  );
}

function Loaded({ outcome }: { readonly outcome: Outcome }) {
  const { t, language } = useSpeech();
  const done = useDoneWords();
  const [, go] = useLocation();
  const { tutor, session, answers } = outcome;
  const right = answers.filter((a) => a.correct === 1).length;
  const touched = new Set(answers.flatMap((a) => tutor.course.items.get(a.item_id)?.topics ?? []));
  const nodes = outcome.after.map((topic) => ({ ...topic, title: inLanguage(topic.title, language).text, isToday: touched.has(topic.id) }));
  const undo = async () => {
    if (await tutor.undo(session.session_id)) go(`/study/${session.session_id}`);
  };
  const again = async () => go(`/study/${await tutor.startSession({ mode: 'practice', planned: Math.max(5, session.planned) })}`);
  return (
    <>
      <header>
        <p className="quiet">{done.title}</p>
        <h1 className="number">{answers.length === 0 ? done.nothing : done.score(right, answers.length)}</h1>
      </header>
      <TopicGraph nodes={nodes} words={t.graph} percent={t.common.percent} size="small" />
      {answers.length > 0 && (
        <>
          <Changes outcome={outcome} />
          <WrongItems outcome={outcome} />
          <Rating outcome={outcome} />
          <WeekRating />
          <KeepSafe packId={tutor.packId} />
        </>
      )}
      <div className="stack">
        <button type="button" className="button primary wide" onClick={() => void again()}>
          {done.more}
        </button>
        <Link className="button wide" href="/">
          {done.done}
        </Link>
        {answers.length > 0 && (
          <button type="button" className="button plain" onClick={() => void undo()}>
            {done.undo}
          </button>
        )}
      </div>
    </>
  );
}

/** What a session brought, and how it felt. */
export function DonePage({ sessionId }: { readonly sessionId: string }) {
  const { t } = useSpeech();
  const done = useDoneWords();
  const ports = usePorts();
  const loaded = useOnce(async () => {
    const session = await ports.log.get('sessions', sessionId);
    const tutor = session ? await ports.tutorFor(session.pack_id) : null;
    return session && tutor ? outcomeOf(tutor, session) : null;
  }, sessionId);
  usePageTitle(done.title);
  return (
    <main className="page bare" style={{ paddingBottom: 32 }}>
      {loaded.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {loaded.kind === 'failed' && <Notice tone="bad">{storageWords(t, loaded.fault)}</Notice>}
      {loaded.kind === 'ready' && !loaded.value && (
        <>
          <Notice tone="bad">{t.study.gone}</Notice>
          <Link className="button" href="/">
            {t.study.toHome}
          </Link>
        </>
      )}
      {loaded.kind === 'ready' && loaded.value && <Loaded outcome={loaded.value} />}
    </main>
  );
}

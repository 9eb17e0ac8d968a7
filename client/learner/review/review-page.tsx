import { Link, useLocation } from 'wouter';
import { useSpeech } from '#client/i18n/language.tsx';
import { useReviewWords } from '#client/i18n/review-words.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { secondsAQuestion } from '#client/tutor/pace.ts';
import { readReviewPlan, reviewCount } from '#client/tutor/reviews.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { Bars } from '#client/ui/bars.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { ReadPack } from '#client/ui/read.tsx';
import type { Queue, ReviewPlan } from '#models/review/queue.ts';
import type { Loaded } from '#shared/domain/loaded.ts';
import { PersonalFit } from './personal-fit.tsx';
import { PlanForm } from './plan-form.tsx';

const DAY_MS = 86_400_000;

interface Ready {
  readonly tutor: Tutor;
  readonly plan: ReviewPlan;
  readonly queue: Queue;
  readonly pace: number;
  readonly reviews: number;
}

function Today({ tutor, plan, queue, pace }: Ready) {
  const w = useReviewWords();
  const [, go] = useLocation();
  const n = queue.today.length;
  const start = async () => go(`/study/${await tutor.startSession({ mode: 'review', itemIds: queue.today.map((d) => d.itemId) })}`);
  const isNew = queue.forecast.every((count) => count === 0);
  return (
    <section className="card" aria-labelledby="portion">
      <h2 id="portion" className="number">
        {plan.isPaused ? w.paused : w.portion(n, Math.max(1, Math.round((n * pace) / 60)))}
      </h2>
      <p className="quiet">{isNew ? w.none : w.portionHint}</p>
      {n > 0 && (
        <button type="button" className="button primary wide" onClick={() => void start()}>
          {w.start}
        </button>
      )}
      {!plan.isPaused && queue.dueByToday > n && <p className="quiet small number">{w.rest(queue.dueByToday - n)}</p>}
    </section>
  );
}

function Forecast({ queue, pace }: Ready) {
  const w = useReviewWords();
  const { t, language } = useSpeech();
  const { moment } = usePorts();
  const dayName = (i: number) =>
    i === 0 ? w.today : new Date(moment().at + i * DAY_MS).toLocaleDateString(language, { month: 'short', day: 'numeric' });
  const total = queue.forecast.reduce((a, b) => a + b, 0);
  const minutes = (n: number) => Math.round((n * pace) / 60);
  return (
    <section className="card" aria-labelledby="forecast">
      <h2 id="forecast">{w.forecast}</h2>
      <p className="number">{w.forecastSentence(total, minutes(total))}</p>
      <Bars title={w.forecastTitle} values={queue.forecast} ends={[w.today, dayName(29)]} />
      <details className="small">
        <summary>{t.common.showTable}</summary>
        <table>
          <thead>
            <tr>
              <th>{w.day}</th>
              <th className="number">{w.reviews}</th>
              <th className="number">{w.minutes}</th>
            </tr>
          </thead>
          <tbody>
            {queue.forecast.map((n, i) => (
              <tr key={dayName(i)}>
                <td>{dayName(i)}</td>
                <td className="number">{n}</td>
                <td className="number">{minutes(n)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

/** What is due today, the month ahead, and how much the learner wants of it. */
export function ReviewPage({ packId }: { readonly packId: string }) {
  const w = useReviewWords();
  const ports = usePorts();
  const plan = useLog(readReviewPlan, 'review');
  const answered = useLog((reader) => reader.head(), 'head');
  const key = `${packId} ${JSON.stringify(plan)} ${answered.kind === 'ready' ? answered.value : ''}`;
  const ready = useOnce(async (): Promise<Ready | null | undefined> => {
    if (plan.kind !== 'ready') return undefined;
    const tutor = await ports.tutorFor(packId);
    if (!tutor) return null;
    const state = await tutor.state();
    return {
      tutor,
      plan: plan.value,
      queue: await tutor.reviews(plan.value),
      pace: secondsAQuestion(state.answers),
      reviews: reviewCount(state),
    };
  }, key);
  usePageTitle(w.title);
  // while the plan is read there is nothing yet, which is not the same as no pack
  const loaded = ready.kind === 'ready' && ready.value === undefined ? ({ kind: 'waiting' } as const) : (ready as Loaded<Ready | null>);
  return (
    <main className="page">
      <header>
        <h1>{w.title}</h1>
      </header>
      <ReadPack loaded={loaded}>
        {(value) => (
          <>
            <Today {...value} />
            <Forecast {...value} />
            <PlanForm tutor={value.tutor} plan={value.plan} />
            <PersonalFit tutor={value.tutor} reviews={value.reviews} />
            <Link className="button wide" href="/practice">
              {w.practiceTitle}
            </Link>
          </>
        )}
      </ReadPack>
    </main>
  );
}

import { useEffect, useRef, useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useReviewWords } from '#client/i18n/review-words.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { type Fit, MIN_REVIEWS } from '#models/review/fit.ts';

type Progress =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly share: number }
  | { readonly kind: 'done'; readonly fit: Fit };

/** The offer to fit the schedule to the learner, once there are enough reviews. */
export function PersonalFit({ tutor, reviews }: { readonly tutor: Tutor; readonly reviews: number }) {
  const w = useReviewWords();
  const { t } = useSpeech();
  const [progress, setProgress] = useState<Progress>({ kind: 'idle' });
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  const run = async () => {
    stop.current = new AbortController();
    setProgress({ kind: 'running', share: 0 });
    const fit = await tutor.fitSchedule((share) => setProgress({ kind: 'running', share }), stop.current.signal);
    setProgress(fit ? { kind: 'done', fit } : { kind: 'idle' });
  };
  const mayRun = reviews >= MIN_REVIEWS;
  return (
    <section className="card" aria-labelledby="fit">
      <h2 id="fit">{w.fitTitle}</h2>
      {progress.kind !== 'done' && <p className="number">{mayRun ? w.fitOffer : w.fitEarly(reviews, MIN_REVIEWS)}</p>}
      {mayRun && progress.kind === 'idle' && (
        <button type="button" className="button" onClick={() => void run()}>
          {w.fit}
        </button>
      )}
      {progress.kind === 'running' && (
        <p className="row apart number" role="status">
          {w.fitting(t.common.percent(progress.share))}
          <button type="button" className="button" onClick={() => stop.current?.abort()}>
            {w.stop}
          </button>
        </p>
      )}
      {progress.kind === 'done' && (
        <p className="number" role="status">
          {(progress.fit.isBetter ? w.fitKept : w.fitDropped)(
            progress.fit.before.logLoss.toFixed(3),
            progress.fit.after.logLoss.toFixed(3),
            progress.fit.after.n,
          )}
        </p>
      )}
    </section>
  );
}

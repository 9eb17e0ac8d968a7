import { useState } from 'react';
import { useDoneWords } from '#client/i18n/done-words.ts';
import { useLog, usePorts } from '#client/tutor/learner-ports.tsx';
import { Segments } from '#client/ui/segments.tsx';

const WEEK_MS = 7 * 86_400_000;
const MIN_ANSWERS = 20;
/** Setting: when it was last put off, epoch ms. */
const SKIPPED = 'week.skipped';

/** Once a week, the app itself is rated; skippable. */
export function WeekRating() {
  const done = useDoneWords();
  const { log, moment } = usePorts();
  const [rating, setRating] = useState<string | null>(null);
  const [now] = useState<number>(() => moment().at);
  const isDue = useLog(async (reader) => {
    const rated = (await reader.list('feedback')).filter((f) => f.about === 'week').reduce((at, f) => Math.max(at, f.at), 0);
    const latest = Math.max(rated, Number((await reader.get('settings', SKIPPED))?.value ?? 0));
    const answers = await reader.list('answers');
    const first = Math.min(now, ...answers.slice(0, 1).map((a) => a.at));
    return answers.length >= MIN_ANSWERS && now - Math.max(latest, first) >= WEEK_MS;
  }, 'week');
  if (rating === null && !(isDue.kind === 'ready' && isDue.value)) return null;
  const rate = (value: string) => {
    setRating(value);
    const ref = new Date(now).toISOString().slice(0, 10);
    void log.append([{ kind: 'feedback.given', body: { about: 'week', ref, rating: Number(value) } }]);
  };
  const skip = () => void log.append([{ kind: 'setting.set', body: { key: SKIPPED, value: String(now) } }]);
  return (
    <section className="card" aria-label={done.week}>
      <Segments
        legend={done.week}
        name="week"
        value={rating}
        choices={['1', '2', '3', '4', '5'].map((value) => ({ value, label: value }))}
        onChange={rate}
      />
      {rating === null && (
        <button type="button" className="button plain" onClick={skip}>
          {done.notNow}
        </button>
      )}
      {rating && (
        <p className="quiet small" role="status">
          {done.thanks}
        </p>
      )}
    </section>
  );
}

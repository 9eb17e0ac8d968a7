import { useSpeech } from '#client/i18n/language.tsx';
import { useReviewWords } from '#client/i18n/review-words.ts';
import { readSettings, useLog, usePorts } from '#client/tutor/learner-ports.tsx';
import { REVIEW_KEYS } from '#client/tutor/reviews.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { Segments } from '#client/ui/segments.tsx';
import type { ReviewPlan } from '#models/review/queue.ts';
import { studyDay } from '#shared/domain/time.ts';

const LEVELS = ['1', '0.5', '0'] as const;
const CAPS = [10, 20, 40, 80];
const SPREADS = [1, 3, 7, 14];

/** How much reviewing the learner wants, on which days, and until when. */
export function PlanForm({ tutor, plan }: { readonly tutor: Tutor; readonly plan: ReviewPlan }) {
  const w = useReviewWords();
  const { t } = useSpeech();
  const settings = useLog(readSettings, 'settings');
  const { at, tz } = usePorts().moment();
  const today = studyDay(at, tz);
  const isOver = plan.spreadFrom !== null && today - plan.spreadFrom >= plan.spreadDays;
  const set = (key: string, value: string) => void tutor.note([{ kind: 'setting.set', body: { key, value } }]);
  const easeDay = (day: number, share: string) =>
    set(REVIEW_KEYS.easy, plan.easyDays.map((old, i) => (i === day ? share : String(old))).join(','));
  return (
    <section className="card" aria-labelledby="plan">
      <h2 id="plan">{w.settings}</h2>
      <Segments
        legend={w.cap}
        name="cap"
        value={String(plan.dailyCap)}
        choices={CAPS.map((n) => ({ value: String(n), label: t.common.questions(n) }))}
        onChange={(n) => set(REVIEW_KEYS.cap, n)}
      />
      <Segments
        legend={w.spread}
        name="spread"
        value={String(isOver ? 1 : plan.spreadDays)}
        choices={SPREADS.map((n) => ({ value: String(n), label: w.days(n) }))}
        onChange={(n) => set(REVIEW_KEYS.spread, `${n}@${today}`)}
      />
      <fieldset className="field">
        <legend className="quiet" style={{ padding: 0, marginBottom: 6 }}>
          {w.easy}
        </legend>
        <div className="weekdays">
          {w.weekdays.map((name, day) => (
            <label key={name} className="field">
              <span className="small">{name}</span>
              <select value={String(plan.easyDays[day] ?? 1)} onChange={(event) => easeDay(day, event.target.value)}>
                {LEVELS.map((level) => (
                  <option key={level} value={level}>
                    {w.easyLevels[level]}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
      </fieldset>
      <label className="field">
        <span className="quiet">{w.examDate}</span>
        <input
          type="date"
          value={(settings.kind === 'ready' && settings.value.examDate) || ''}
          onChange={(event) => set('exam_date', event.target.value)}
        />
      </label>
      <p className="quiet small">{w.examHint}</p>
      <button type="button" className="button" onClick={() => set(REVIEW_KEYS.paused, plan.isPaused ? 'off' : 'on')}>
        {plan.isPaused ? w.unpause : w.pause}
      </button>
    </section>
  );
}

import { useSpeech } from '#client/i18n/language.tsx';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import type { StudyDay } from '#client/tutor/insights.ts';
import { useLog, usePorts } from '#client/tutor/learner-ports.tsx';
import { studyDay } from '#shared/domain/time.ts';

const WEEKS = 53;
const CELL = 12;
const KEY = 'calendar.hidden';

/** Level 0–3 of a day's answers, so that a short day still shows. */
const levelOf = (answers: number): number => (answers === 0 ? 0 : answers < 10 ? 1 : answers < 30 ? 2 : 3);

/** Study days of a year as a grid and a table; it counts nothing down and can be hidden. */
export function Calendar({ days }: { readonly days: readonly StudyDay[] }) {
  const w = useProgressWords();
  const { t, language } = useSpeech();
  const { moment, log } = usePorts();
  const hidden = useLog((reader) => reader.get('settings', KEY), KEY);
  const isHidden = hidden.kind === 'ready' && hidden.value?.value === 'on';
  const { at, tz } = moment();
  const today = studyDay(at, tz);
  const monday = today - ((today + 3) % 7);
  const first = monday - 7 * (WEEKS - 1);
  const within = days.filter((d) => d.day >= first);
  const byDay = new Map(within.map((d) => [d.day, d]));
  const answers = within.reduce((sum, d) => sum + d.answers, 0);
  const toggle = () => void log.append([{ kind: 'setting.set', body: { key: KEY, value: isHidden ? 'off' : 'on' } }]);
  const date = (day: number) => new Date(day * 86_400_000).toLocaleDateString(language, { timeZone: 'UTC' });
  return (
    <section className="card" aria-labelledby="calendar">
      <h2 id="calendar">{w.calendar}</h2>
      {!isHidden && (
        <>
          <p className="number">{w.calendarSentence(within.length, answers)}</p>
          <svg className="chart calendar" viewBox={`0 0 ${WEEKS * CELL} ${7 * CELL}`} role="img" aria-label={w.calendarTitle}>
            {Array.from({ length: WEEKS * 7 }, (_, i) => {
              const day = first + i;
              if (day > today) return null;
              const level = levelOf(byDay.get(day)?.answers ?? 0);
              return (
                <rect
                  key={day}
                  className={`level-${level}`}
                  x={Math.floor(i / 7) * CELL + 1}
                  y={(i % 7) * CELL + 1}
                  width={CELL - 2}
                  height={CELL - 2}
                  rx="2"
                />
              );
            })}
          </svg>
          <details className="small">
            <summary>{t.common.showTable}</summary>
            <table>
              <thead>
                <tr>
                  <th>{w.day}</th>
                  <th className="number">{w.answers}</th>
                  <th className="number">{w.minutes}</th>
                </tr>
              </thead>
              <tbody>
                {[...within].reverse().map((d) => (
                  <tr key={d.day}>
                    <td>{date(d.day)}</td>
                    <td className="number">{d.answers}</td>
                    <td className="number">{Math.round(d.minutes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </details>
        </>
      )}
      <button type="button" className="button plain" onClick={toggle}>
        {isHidden ? w.calendarShow : w.calendarHide}
      </button>
    </section>
  );
}

import { useSpeech } from '#client/i18n/language.tsx';
import { LineChart } from '#client/ui/line-chart.tsx';
import { studyDay } from '#shared/domain/time.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

/** Standing answers of the study day that `now` belongs to. */
export function answersOfDay(answers: readonly AnswerRow[], now: number, tz: number): readonly AnswerRow[] {
  const day = studyDay(now, tz);
  return answers.filter((a) => studyDay(a.at, a.tz) === day);
}

/** Today's accuracy and minutes, answer by answer. */
export function Today({ answers }: { readonly answers: readonly AnswerRow[] }) {
  const { t } = useSpeech();
  let [right, seconds] = [0, 0];
  const accuracy = answers.map((a, i) => {
    right += a.correct;
    return (100 * right) / (i + 1);
  });
  const minutes = answers.map((a) => {
    seconds += a.time_spent;
    return seconds / 60;
  });
  return (
    <section className="card" aria-labelledby="today">
      <header>
        <h2 id="today">{t.home.today}</h2>
        {answers.length > 0 && <p className="quiet number">{t.home.todaySentence(answers.length, right, Math.round(seconds / 60))}</p>}
      </header>
      {answers.length === 0 ? (
        <p className="quiet">{t.home.todayEmpty}</p>
      ) : (
        <div className="pair">
          <LineChart
            title={t.home.accuracyTitle}
            series={[{ name: t.home.accuracyTitle, values: accuracy, colour: 1 }]}
            xName={t.home.answerNumber}
            format={(v) => `${Math.round(v)}%`}
            range={[0, 100]}
            tableTitle={t.common.showTable}
          />
          <LineChart
            title={t.home.minutesTitle}
            series={[{ name: t.home.minutesTitle, values: minutes, colour: 2 }]}
            xName={t.home.answerNumber}
            format={(v) => v.toFixed(1)}
            range={[0, 1]}
            tableTitle={t.common.showTable}
            height={80}
          />
        </div>
      )}
    </section>
  );
}

import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';
import { useProgressWords } from '#client/i18n/progress-words.ts';
import { answersWithin, TIME_RANGES, type TimeRange } from '#client/tutor/insights.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import { predictionHistory, RECORD_MIN } from '#client/tutor/predictions.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { LineChart } from '#client/ui/line-chart.tsx';
import { Segments } from '#client/ui/segments.tsx';
import { inLanguage } from '#shared/packs/localised.ts';
import type { AnswerRow } from '#shared/tracking/rows.ts';

const LATEST = 20;

/** The latest answers, newest first: what was said before each, by which version, and what happened. */
function Latest({ tutor, answers }: { readonly tutor: Tutor; readonly answers: readonly AnswerRow[] }) {
  const model = useModelWords();
  const { t, language } = useSpeech();
  return (
    <details>
      <summary>{model.latest}</summary>
      <ol>
        {[...answers.slice(-LATEST)].reverse().map((a) => {
          const item = tutor.course.items.get(a.item_id);
          const stem = item && inLanguage(item.stem, language);
          return (
            <li key={a.attempt_id} className="small" style={{ borderTop: '1px solid var(--hairline)', padding: '8px 0' }}>
              <p className="one-line" lang={stem?.lang}>
                {stem?.text ?? a.item_id}
              </p>
              <p className="quiet number">
                {model.said(t.common.percent(a.predicted_p), a.correct === 1)} <span translate="no">{a.model_version}</span>
              </p>
            </li>
          );
        })}
      </ol>
    </details>
  );
}

/** What the model predicted before each answer, held against what happened, beside named baselines; by range of time. */
export function Predictions({ tutor, answers }: { readonly tutor: Tutor; readonly answers: readonly AnswerRow[] }) {
  const model = useModelWords();
  const { ranges, range: legend } = useProgressWords();
  const { t } = useSpeech();
  const { moment } = usePorts();
  const [range, setRange] = useState<TimeRange>('all');
  const { at, tz } = moment();
  const shown = answersWithin(answers, range, at, tz);
  const history = predictionHistory(answers, shown);
  const { percent } = t.common;
  const nats = (value: number) => value.toFixed(2);
  return (
    <section className="card" aria-labelledby="predictions">
      <h2 id="predictions">{model.predictions}</h2>
      <Segments
        legend={legend}
        hideLegend
        name="predictions"
        value={range}
        choices={(Object.keys(TIME_RANGES) as TimeRange[]).map((value) => ({ value, label: ranges[value] }))}
        onChange={setRange}
      />
      {!history && <p className="quiet">{model.predictionsEarly(shown.length, RECORD_MIN)}</p>}
      {history && (
        <>
          <dl className="facts">
            <dt>{model.accuracy}</dt>
            <dd>{percent(history.accuracy.value)}</dd>
            <dd className="basis quiet small">
              {model.accuracyBasis(
                percent(history.accuracy.low),
                percent(history.accuracy.high),
                percent(history.accuracy.baseline),
                history.n,
              )}
            </dd>
            <dt>{model.logLoss}</dt>
            <dd>{nats(history.logLoss.value)}</dd>
            <dd className="basis quiet small">
              {model.logLossBasis(nats(history.logLoss.low), nats(history.logLoss.high), nats(history.logLoss.baseline), history.n)}
            </dd>
          </dl>
          {history.blocks.length > 1 && (
            <LineChart
              title={model.predictionsTitle}
              series={[
                { name: model.you, values: history.blocks.map((b) => b.model), colour: 1 },
                { name: model.share, values: history.blocks.map((b) => b.baseline), colour: 2 },
              ]}
              xName={model.tens}
              format={nats}
              tableTitle={t.common.showTable}
            />
          )}
          <Latest tutor={tutor} answers={shown} />
        </>
      )}
    </section>
  );
}

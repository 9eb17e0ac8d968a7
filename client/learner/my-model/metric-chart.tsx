import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useRunsWords } from '#client/i18n/runs-words.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';
import { metricHistory, type RunView } from '#client/tutor/run-search.ts';
import { LineChart } from '#client/ui/line-chart.tsx';
import { Segments } from '#client/ui/segments.tsx';
import type { MetricPoint } from '#shared/tracking/rows.ts';

/** A number as a table shows it. */
export const formatNumber = (value: number): string =>
  !Number.isFinite(value) ? '–' : Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 1 ? 4 : 2);

const MOST_POINTS = 120;
/** Metrics logged step by step, the most telling first. */
const CURVES = ['val_loss', 'loss', 'accuracy'];

/** Every n-th point, the last always among them, so that a long run draws as quickly as a short one. */
function thinned(points: readonly MetricPoint[]): readonly MetricPoint[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** Values at evenly spaced moments between the first and the last, each the latest before it. */
function byTime(points: readonly MetricPoint[], from: number, to: number): readonly number[] {
  const steps = Math.min(MOST_POINTS, Math.max(2, points.length));
  return Array.from({ length: steps }, (_, i) => {
    const at = from + ((to - from) * i) / (steps - 1);
    return points.findLast((p) => p.timestamp <= at)?.value ?? Number.NaN;
  });
}

/** One metric of one or several runs, by step or by time since each began. */
export function MetricChart({ runs, keys }: { readonly runs: readonly RunView[]; readonly keys: readonly string[] }) {
  const w = useRunsWords();
  const { t } = useSpeech();
  const [key, setKey] = useState(CURVES.find((name) => keys.includes(name)) ?? keys[0] ?? '');
  const [axis, setAxis] = useState<'step' | 'time'>('step');
  const ids = runs.map((r) => r.run.run_id);
  const histories = useLog((reader) => Promise.all(ids.map((id) => metricHistory(reader, id, key))), `${ids.join()} ${key}`);
  const all = histories.kind === 'ready' && histories.value.length === runs.length ? histories.value : [];
  const longest = Math.max(0, ...all.map((points) => points.filter((p) => Number.isFinite(p.value)).length));
  const series = all.map((points, i) => {
    const [first, last] = [points[0]?.timestamp ?? 0, points.at(-1)?.timestamp ?? 0];
    const values = axis === 'step' ? thinned(points).map((p) => p.value) : byTime(points, first, last);
    return { name: runs.length === 1 ? key : (runs[i]?.run.run_name ?? ''), values, colour: ((i % 3) + 1) as 1 | 2 | 3 };
  });
  return (
    <div className="stack">
      <label className="field">
        <span className="quiet small">{w.metric}</span>
        <select value={key} translate="no" onChange={(event) => setKey(event.target.value)}>
          {keys.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {longest < 2 ? (
        <p className="quiet small">{w.noCurve}</p>
      ) : (
        <>
          <Segments
            legend={w.axis}
            hideLegend
            name={`axis ${ids.join()}`}
            value={axis}
            choices={[
              { value: 'step', label: w.byStep },
              { value: 'time', label: w.byTime },
            ]}
            onChange={setAxis}
          />
          <LineChart
            title={key}
            series={series}
            xName={axis === 'step' ? w.step : w.time}
            format={formatNumber}
            tableTitle={t.common.showTable}
          />
        </>
      )}
    </div>
  );
}

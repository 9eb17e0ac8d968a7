import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { faultText, Table, useDesk } from '../frame.tsx';
import { namesOf } from './runs-table.tsx';
import type { Run } from './use-runs.ts';

interface Line {
  readonly name: string;
  /** By step; a value that is no number, such as NaN, as its name. */
  readonly points: ReadonlyMap<number, number | string>;
}

/** Lines, and every step that any of them has, in order. */
interface Curves {
  readonly lines: readonly Line[];
  readonly steps: readonly number[];
}

function drawn({ points }: Line, step: number): number | null {
  const value = points.get(step);
  return typeof value === 'number' ? value : null;
}

const COLOURS = ['--series-1', '--series-2', '--series-3', '--unsure', '--right'] as const;
const HEIGHT = 260;
const MOST_POINTS = 500;
const MOST_ROWS = 50;

const colour = (i: number): string =>
  getComputedStyle(document.documentElement)
    .getPropertyValue(COLOURS[i % COLOURS.length] ?? '--accent')
    .trim() || 'currentColor';

function Canvas({ curves: { lines, steps }, step }: { readonly curves: Curves; readonly step: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const quiet = getComputedStyle(element).color;
    const axis = { stroke: quiet, grid: { stroke: quiet, width: 0.2 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: lines.length > 1 },
        scales: { x: { time: false } },
        axes: [axis, { ...axis, size: 60 }],
        series: [{ label: step }, ...lines.map(({ name }, i) => ({ label: name, stroke: colour(i), width: 2, spanGaps: true }))],
      },
      [[...steps], ...lines.map((line) => steps.map((s) => drawn(line, s)))],
      element,
    );
    const follow = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    follow.observe(element);
    return () => {
      follow.disconnect();
      plot.destroy();
    };
  }, [lines, steps, step]);
  return <div ref={box} aria-hidden="true" className="plot" />;
}

/** A metric of some runs by step, with the same figures as a table. */
export function MetricPlot({ runs, metric }: { readonly runs: readonly Run[]; readonly metric: string }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [curves, setCurves] = useState<Curves | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let isCurrent = true;
    setCurves(null);
    setFault(null);
    const read = async () => {
      const reply = await api.tracking.call('getMetricHistoryBulkInterval', {
        run_ids: runs.map((r) => r.info.run_id),
        metric_key: metric,
        max_results: MOST_POINTS,
      });
      if (!isCurrent) return;
      const points = reply.metrics ?? [];
      const names = namesOf(runs);
      const lineOf = ({ info }: Run, i: number): Line => ({
        name: names[i] ?? '',
        points: new Map(points.filter((m) => m.run_id === info.run_id).map((m) => [m.step, m.value])),
      });
      setCurves({ lines: runs.map(lineOf), steps: [...new Set(points.map((m) => m.step))].sort((a, b) => a - b) });
    };
    read().catch((cause: unknown) => isCurrent && setFault(cause));
    return () => {
      isCurrent = false;
    };
  }, [api, runs, metric]);
  if (fault !== null) return <Notice tone="bad">{faultText(words, fault)}</Notice>;
  if (!curves) return <Waiting text={words.loading} />;
  const { lines, steps } = curves;
  return (
    <figure className="stack plotted">
      <figcaption>{w.chart(metric)}</figcaption>
      {steps.length > 1 && <Canvas curves={curves} step={w.step} />}
      <details>
        <summary>{w.chartTable}</summary>
        {steps.length > MOST_ROWS && <p className="quiet small">{w.lastSteps(MOST_ROWS, steps.length)}</p>}
        <Table
          label={w.chart(metric)}
          head={[w.step, ...lines.map((l) => l.name)]}
          rows={steps.slice(-MOST_ROWS).map((s) => [s, ...lines.map((l) => l.points.get(s) ?? '')])}
        />
      </details>
    </figure>
  );
}

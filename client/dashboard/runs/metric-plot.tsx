import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { faultText, Table, useDesk } from '../frame.tsx';
import type { Run } from './use-runs.ts';

interface Line {
  readonly run: Run;
  readonly points: ReadonlyMap<number, number>;
}

const COLOURS = ['--series-1', '--series-2', '--series-3', '--unsure', '--right'] as const;
const HEIGHT = 260;
const MOST_POINTS = 500;
const MOST_ROWS = 50;

const colour = (i: number): string =>
  getComputedStyle(document.documentElement)
    .getPropertyValue(COLOURS[i % COLOURS.length] ?? '--accent')
    .trim() || 'currentColor';

function Canvas({ lines, steps }: { readonly lines: readonly Line[]; readonly steps: readonly number[] }) {
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
        series: [{}, ...lines.map(({ run }, i) => ({ label: run.info.run_name, stroke: colour(i), width: 2, spanGaps: true }))],
      },
      [[...steps], ...lines.map(({ points }) => steps.map((s) => points.get(s) ?? null))],
      element,
    );
    const follow = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    follow.observe(element);
    return () => {
      follow.disconnect();
      plot.destroy();
    };
  }, [lines, steps]);
  return <div ref={box} aria-hidden="true" className="plot" />;
}

/** A metric of some runs by step, with the same figures as a table. */
export function MetricPlot({ runs, metric }: { readonly runs: readonly Run[]; readonly metric: string }) {
  const { api, words, language } = useDesk();
  const w = trackingWords(language);
  const [lines, setLines] = useState<readonly Line[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let isCurrent = true;
    setLines(null);
    const read = async () => {
      const reply = await api.tracking.call('getMetricHistoryBulkInterval', {
        run_ids: runs.map((r) => r.info.run_id),
        metric_key: metric,
        max_results: MOST_POINTS,
      });
      if (!isCurrent) return;
      setFault(null);
      const of = (run: Run) => (reply.metrics ?? []).filter((m) => m.run_id === run.info.run_id && typeof m.value === 'number');
      setLines(runs.map((run) => ({ run, points: new Map(of(run).map((m) => [m.step, m.value as number])) })));
    };
    read().catch((cause: unknown) => isCurrent && setFault(cause));
    return () => {
      isCurrent = false;
    };
  }, [api, runs, metric]);
  if (fault !== null) return <Notice tone="bad">{faultText(words, fault)}</Notice>;
  if (!lines) return <Waiting text={words.loading} />;
  const steps = [...new Set(lines.flatMap((l) => [...l.points.keys()]))].sort((a, b) => a - b);
  return (
    <figure className="stack">
      <figcaption>{w.chart(metric)}</figcaption>
      {steps.length > 1 && <Canvas lines={lines} steps={steps} />}
      <details>
        <summary>{w.chartTable}</summary>
        <Table
          label={w.chart(metric)}
          head={[w.step, ...lines.map((l) => l.run.info.run_name)]}
          rows={steps.slice(-MOST_ROWS).map((s) => [s, ...lines.map((l) => l.points.get(s) ?? '')])}
        />
      </details>
    </figure>
  );
}

import type { Evaluation } from './run.ts';

type Series = Readonly<Record<string, Evaluation>>;
type Point = readonly [x: number, y: number];

interface Axes {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly low: number;
  /** Dashed from the lower left to the upper right corner, where that is what perfect looks like. */
  readonly hasDiagonal: boolean;
  readonly ticks: readonly (readonly [at: number, label: string])[];
}

const [WIDTH, HEIGHT, LEFT, TOP, SIDE] = [420, 360, 56, 36, 270];
const COLOURS = ['#1f6f5c', '#b4541a'];

/** A line chart as SVG text; x runs over [0, 1], y over [low, 1]. */
function chart(axes: Axes, lines: readonly (readonly [name: string, points: readonly Point[]])[]): string {
  const px = (x: number) => (LEFT + x * SIDE).toFixed(1);
  const py = (y: number) => (TOP + SIDE - ((y - axes.low) / (1 - axes.low)) * SIDE).toFixed(1);
  const yTicks = Array.from({ length: 6 }, (_, i) => axes.low + (i * (1 - axes.low)) / 5);
  const text = (x: string, y: string, anchor: string, words: string, more = '') =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#333">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(String(LEFT), '20', 'start', axes.title, ' font-size="13" font-weight="bold"'),
    ...yTicks.map(
      (y) => `<path d="M${px(0)} ${py(y)}H${px(1)}" stroke="#ddd"/>${text(String(LEFT - 6), py(y), 'end', y.toFixed(2), ' dy="4"')}`,
    ),
    ...axes.ticks.map(([at, label]) => text(px(at), String(TOP + SIDE + 16), 'middle', label)),
    axes.hasDiagonal ? `<path d="M${px(0)} ${py(axes.low)}L${px(1)} ${py(1)}" stroke="#999" stroke-dasharray="4 4"/>` : '',
    text(px(0.5), String(TOP + SIDE + 34), 'middle', axes.x),
    text('14', String(TOP + SIDE / 2), 'middle', axes.y, ` transform="rotate(-90 14 ${TOP + SIDE / 2})"`),
    ...lines.map(([name, points], i) => {
      const path = points.map(([x, y], k) => `${k === 0 ? 'M' : 'L'}${px(x)} ${py(y)}`).join('');
      const dots = points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="2.5"/>`).join('');
      const colour = COLOURS[i % COLOURS.length];
      return `<g fill="${colour}"><path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots}${text(String(LEFT + SIDE + 8), String(TOP + 12 + 16 * i), 'start', name)}</g>`;
    }),
    '</svg>',
    '',
  ].join('\n');
}

const FIFTHS = [0, 0.2, 0.4, 0.6, 0.8, 1].map((x) => [x, x.toFixed(1)] as const);
const linesOf = (series: Series, points: (e: Evaluation) => readonly Point[]) =>
  Object.entries(series).map(([name, evaluation]) => [name, points(evaluation)] as const);

/** Share right against mean prediction, as served; SVG text. */
export function calibrationPlot(set: string, series: Series): string {
  const axes = { title: `${set}: calibration`, x: 'predicted P(correct)', y: 'share right', low: 0, hasDiagonal: true, ticks: FIFTHS };
  return chart(
    axes,
    linesOf(series, (e) => e.calibration.map((b) => [b.meanP, b.share])),
  );
}

/** Accuracy on the surest answers against their share; SVG text. */
export function selectivePlot(set: string, series: Series): string {
  const axes = {
    title: `${set}: selective accuracy`,
    x: 'share of answers, surest first',
    y: 'accuracy',
    low: 0.6,
    hasDiagonal: false,
    ticks: FIFTHS,
  };
  return chart(
    axes,
    linesOf(series, (e) => e.selectiveCurve.map((p) => [p.coverage, p.accuracy])),
  );
}

/** AUC over a learner's first answers; SVG text. */
export function coldStartPlot(set: string, series: Series): string {
  const stages = Object.values(series)[0]?.coldStart ?? [];
  const at = (i: number) => (stages.length < 2 ? 0.5 : i / (stages.length - 1));
  const ticks = stages.map((s, i) => [at(i), s.to === null ? `${s.from}+` : `${s.from}–${s.to}`] as const);
  const axes = { title: `${set}: from the first answer on`, x: 'answers of a learner', y: 'AUC', low: 0.5, hasDiagonal: false, ticks };
  return chart(
    axes,
    linesOf(series, (e) => e.coldStart.map((s, i) => [at(i), s.auc])),
  );
}

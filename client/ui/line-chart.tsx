/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** Values in order; NaN leaves a gap. */
  readonly values: readonly number[];
  readonly colour: 1 | 2 | 3;
}

interface Props {
  /** What and in which unit; also the chart's spoken name. */
  readonly title: string;
  readonly series: readonly Series[];
  /** Name of the horizontal axis. */
  readonly xName: string;
  readonly format: (value: number) => string;
  /** Smallest range of the vertical axis. */
  readonly range?: readonly [low: number, high: number];
  readonly tableTitle: string;
  readonly height?: number;
}

const WIDTH = 320;
const RIGHT = 64;
const TOP = 8;
const BOTTOM = 20;

function bounds(series: readonly Series[], range: readonly [number, number] | undefined): readonly [number, number] {
  const values = series.flatMap((s) => s.values).filter(Number.isFinite);
  const low = Math.min(...values, range?.[0] ?? Number.POSITIVE_INFINITY);
  const high = Math.max(...values, range?.[1] ?? Number.NEGATIVE_INFINITY);
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/** End labels at least a line apart, in the order of their values. */
function spread(ys: readonly number[], gap: number): readonly number[] {
  const order = ys.map((_, i) => i).sort((a, b) => (ys[a] ?? 0) - (ys[b] ?? 0));
  const placed = [...ys];
  order.forEach((i, k) => {
    const above = k > 0 ? placed[order[k - 1] ?? 0] : undefined;
    if (above !== undefined && (placed[i] ?? 0) < above + gap) placed[i] = above + gap;
  });
  return placed;
}

function path(points: readonly (readonly [number, number])[]): string {
  let pen = 'M';
  return points
    .map(([x, y]) => {
      if (!Number.isFinite(y)) {
        pen = 'M';
        return '';
      }
      const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = 'L';
      return step;
    })
    .join('');
}

/** Lines over one shared axis, each labelled at its end, with the same figures as a table. */
export function LineChart({ title, series, xName, format, range, tableTitle, height = 120 }: Props) {
  const [low, high] = bounds(series, range);
  const n = Math.max(...series.map((s) => s.values.length));
  const x = (i: number) => (n <= 1 ? 4 : 4 + (i / (n - 1)) * (WIDTH - RIGHT - 8));
  const y = (value: number) => TOP + (1 - (value - low) / (high - low)) * (height - TOP - BOTTOM);
  const ends = series.map((s) => y(s.values.findLast(Number.isFinite) ?? low));
  const labels = spread(ends, 15);
  return (
    <figure className="stack" style={{ margin: 0, gap: 4 }}>
      <figcaption className="quiet small">{title}</figcaption>
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={title}>
        <line className="axis" x1="0" x2={WIDTH - RIGHT} y1={y(low)} y2={y(low)} />
        <text x="0" y={height - 4}>
          1
        </text>
        <text x={WIDTH - RIGHT} y={height - 4} textAnchor="end">
          {n}
        </text>
        {series.map((s, k) => (
          <g key={s.name}>
            <path className={`line series-${s.colour}`} d={path(s.values.map((v, i) => [x(i), y(v)]))} />
            <circle className={`dot-${s.colour}`} cx={x(s.values.length - 1)} cy={ends[k]} r="3.5" />
            <text className="label" x={WIDTH - RIGHT + 8} y={(labels[k] ?? 0) + 4}>
              {format(s.values.findLast(Number.isFinite) ?? low)}
            </text>
          </g>
        ))}
      </svg>
      {series.length > 1 && (
        <p className="small quiet row">
          {series.map((s) => (
            <span key={s.name} className="row" style={{ gap: 4 }}>
              <svg width="14" height="8" aria-hidden="true">
                <line className={`series-${s.colour}`} x1="0" x2="14" y1="4" y2="4" strokeWidth="3" />
              </svg>
              {s.name}
            </span>
          ))}
        </p>
      )}
      <details className="small">
        <summary>{tableTitle}</summary>
        <div className="scroll-x" style={{ maxHeight: 240, overflowY: 'auto' }}>
          <table>
            <thead>
              <tr>
                <th>{xName}</th>
                {series.map((s) => (
                  <th key={s.name} className="number">
                    {s.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: n }, (_, i) => i + 1).map((row) => (
                <tr key={row}>
                  <td>{row}</td>
                  {series.map((s) => (
                    <td key={s.name} className="number">
                      {Number.isFinite(s.values[row - 1]) ? format(s.values[row - 1] ?? 0) : '–'}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

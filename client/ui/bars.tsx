interface Props {
  /** What and in which unit; also the picture's spoken name. */
  readonly title: string;
  readonly values: readonly number[];
  /** Words under the first and the last bar. */
  readonly ends: readonly [first: string, last: string];
}

const WIDTH = 320;
const HEIGHT = 96;
const BOTTOM = 20;

/** Counts side by side, the tallest labelled; a table beside it tells the rest. */
export function Bars({ title, values, ends }: Props) {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length);
  const tallest = values.indexOf(Math.max(...values));
  return (
    <figure className="stack" style={{ margin: 0, gap: 4 }}>
      <figcaption className="quiet small">{title}</figcaption>
      <svg className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
        <line className="axis" x1="0" x2={WIDTH} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
        {values.map((value, i) => {
          const height = (value / most) * (HEIGHT - BOTTOM - 18);
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: bars stand for places, which do not move
              key={i}
              className="dot-1"
              x={i * step + 1}
              y={HEIGHT - BOTTOM - height}
              width={Math.max(1, step - 2)}
              height={height}
            />
          );
        })}
        {(values[tallest] ?? 0) > 0 && (
          <text className="label" x={Math.min(WIDTH - 12, Math.max(12, (tallest + 0.5) * step))} y="12" textAnchor="middle">
            {values[tallest]}
          </text>
        )}
        <text x="0" y={HEIGHT - 4}>
          {ends[0]}
        </text>
        <text x={WIDTH} y={HEIGHT - 4} textAnchor="end">
          {ends[1]}
        </text>
      </svg>
    </figure>
  );
}

import { useId } from 'react';

/** One topic as the graph shows it. */
export interface TopicNode {
  readonly id: string;
  readonly title: string;
  readonly requires: readonly string[];
  /** Expected share right, 0–1: how far the circle is filled. */
  readonly strength: number;
  /** Answers behind it: how firm the rim is. */
  readonly answers: number;
  /** Answered today: it glows. */
  readonly isToday: boolean;
}

interface Props {
  readonly nodes: readonly TopicNode[];
  readonly words: { readonly caption: string; readonly topic: string; readonly expected: string; readonly answers: string };
  readonly percent: (share: number) => string;
  readonly size: 'small' | 'large';
  /** A topic was tapped; the way for keyboards and screen readers is the caller's table. */
  readonly onTopic?: (id: string) => void;
}

interface Placed extends TopicNode {
  readonly x: number;
  readonly y: number;
}

const WIDTH = 328;
const FIRM_AT = 20;

/** How many topics stand before this one on the longest path. */
function depth(node: TopicNode, byId: ReadonlyMap<string, TopicNode>, seen: readonly string[] = []): number {
  const before = node.requires.filter((id) => byId.has(id) && !seen.includes(id));
  return before.length === 0 ? 0 : 1 + Math.max(...before.map((id) => depth(byId.get(id) as TopicNode, byId, [...seen, node.id])));
}

function place(nodes: readonly TopicNode[], rowHeight: number, top: number): readonly Placed[] {
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const rows: TopicNode[][] = [];
  for (const node of nodes) {
    const d = depth(node, byId);
    rows[d] = [...(rows[d] ?? []), node];
  }
  return rows.flatMap((row, d) => row.map((node, i) => ({ ...node, x: (WIDTH * (i + 0.5)) / row.length, y: top + d * rowHeight })));
}

function lines(title: string): readonly string[] {
  const result: string[] = [];
  for (const word of title.split(' ')) {
    const last = result.at(-1);
    if (last !== undefined && last.length + word.length < 11) result[result.length - 1] = `${last} ${word}`;
    else result.push(word);
  }
  return result.slice(0, 3);
}

/** The exam as a graph: topics are circles that fill with what was shown, edges lead from what should come first. A table says the same. */
export function TopicGraph({ nodes, words, percent, size, onTopic }: Props) {
  const clip = useId();
  const isLarge = size === 'large';
  const [radius, rowHeight] = isLarge ? [24, 104] : [15, 52];
  const placed = place(nodes, rowHeight, radius + 8);
  const at = new Map(placed.map((p) => [p.id, p]));
  const height = Math.max(...placed.map((p) => p.y)) + radius + (isLarge ? 52 : 8);
  return (
    <figure style={{ margin: 0 }}>
      <svg className="chart topic-graph" viewBox={`0 0 ${WIDTH} ${height}`} aria-hidden="true">
        {placed.flatMap((p) =>
          p.requires.flatMap((id) => {
            const from = at.get(id);
            if (!from) return [];
            const middle = (from.y + p.y) / 2;
            return [
              <path key={`${id}-${p.id}`} className="edge" d={`M${from.x} ${from.y}C${from.x} ${middle} ${p.x} ${middle} ${p.x} ${p.y}`} />,
            ];
          }),
        )}
        {placed.map((p, i) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the picture is hidden from readers, which have the table's buttons
          <g key={p.id} className={onTopic ? 'tappable' : undefined} onClick={onTopic && (() => onTopic(p.id))}>
            {onTopic && <circle cx={p.x} cy={p.y} r={radius + 10} fill="transparent" />}
            {p.isToday && <circle className="glow" cx={p.x} cy={p.y} r={radius + 7} />}
            <clipPath id={`${clip}-${i}`}>
              <rect x={p.x - radius} y={p.y + radius - 2 * radius * p.strength} width={2 * radius} height={2 * radius * p.strength} />
            </clipPath>
            <circle className="disc" cx={p.x} cy={p.y} r={radius} />
            {p.answers > 0 && <circle className="filled" cx={p.x} cy={p.y} r={radius - 2} clipPath={`url(#${clip}-${i})`} />}
            <circle
              className={p.answers > 0 ? 'rim' : 'rim untried'}
              cx={p.x}
              cy={p.y}
              r={radius}
              strokeWidth={p.answers > 0 ? 1.5 + 2.5 * Math.min(1, p.answers / FIRM_AT) : 1.5}
              strokeDasharray={p.answers > 0 ? undefined : '3 4'}
            />
            {isLarge &&
              lines(p.title).map((line, k) => (
                <text key={line} x={p.x} y={p.y + radius + 17 + 15 * k}>
                  {line}
                </text>
              ))}
          </g>
        ))}
      </svg>
      <div className="only-spoken">
        <table>
          <caption>{words.caption}</caption>
          <thead>
            <tr>
              <th>{words.topic}</th>
              <th>{words.expected}</th>
              <th>{words.answers}</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((n) => (
              <tr key={n.id}>
                <th scope="row">{n.title}</th>
                <td>{n.answers > 0 ? percent(n.strength) : '–'}</td>
                <td>{n.answers}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { moment, useDesk } from '../frame.tsx';
import type { LoadedRuns, Run } from './use-runs.ts';

const ROW = 44;
const AROUND = 20;
const NEAR = 200;

/** A run's metric, parameter or tag as text; empty if it has none. @param column such as `metrics.accuracy` */
export function cellOf({ data }: Run, column: string): string {
  const key = column.slice(column.indexOf('.') + 1);
  if (column.startsWith('metrics.')) {
    const value = data.metrics?.find((m) => m.key === key)?.value;
    return value === undefined ? '' : typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
  }
  const list = column.startsWith('params.') ? data.params : data.tags;
  return list?.find((p) => p.key === key)?.value ?? '';
}

/** Columns that these runs could fill. */
export const columnsOf = (runs: readonly Run[]): readonly string[] => {
  const keys = (of: (run: Run) => readonly { readonly key: string }[] | undefined, entity: string) =>
    [...new Set(runs.flatMap((run) => (of(run) ?? []).map((x) => x.key)))].sort().map((key) => `${entity}.${key}`);
  return [...keys((r) => r.data.metrics, 'metrics'), ...keys((r) => r.data.params, 'params')];
};

/** The runs' names; where two bear the same one, with the first figures of their ids. */
export function namesOf(runs: readonly Run[]): readonly string[] {
  const names = runs.map((r) => r.info.run_name);
  return runs.map(({ info }) =>
    names.indexOf(info.run_name) === names.lastIndexOf(info.run_name) ? info.run_name : `${info.run_name} (${info.run_id.slice(0, 8)})`,
  );
}

/**
 * Runs in rows of one height, of which only those in sight and a few around are in the document; the next page is fetched before its rows come
 * into sight, so that a hundred thousand runs scroll as ten do.
 */
export function RunsTable({
  loaded,
  columns,
  chosen,
  mayChoose,
  onChoose,
  onOpen,
}: {
  readonly loaded: LoadedRuns;
  readonly columns: readonly string[];
  readonly chosen: readonly string[];
  /** Whether another run may be chosen. */
  readonly mayChoose: boolean;
  readonly onChoose: (run: Run) => void;
  readonly onOpen: (run: Run) => void;
}) {
  const { language, words } = useDesk();
  const w = trackingWords(language);
  const box = useRef<HTMLElement>(null);
  const [view, setView] = useState<readonly [first: number, last: number]>([0, NEAR]);
  const { runs, isComplete, fault, more } = loaded;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / ROW) - AROUND);
      const last = Math.ceil((element.scrollTop + element.clientHeight) / ROW) + AROUND;
      setView((before) => (before[0] === first && before[1] === last ? before : [first, last]));
    };
    // drawn within the frame that scrolls: left to React's own time, a quick scroll would show nothing for a while
    const follow = () => flushSync(look);
    look();
    element.addEventListener('scroll', follow, { passive: true });
    return () => element.removeEventListener('scroll', follow);
  }, []);
  const first = Math.min(view[0], runs.length);
  const last = Math.min(view[1], runs.length);
  useEffect(() => {
    if (!isComplete && fault === null && last + NEAR >= runs.length && runs.length > 0) more();
  }, [isComplete, fault, last, runs.length, more]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="wide-table tall-table" aria-label={words.nav.runs} tabIndex={0} ref={box}>
      <table aria-rowcount={isComplete ? runs.length + 1 : -1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">{w.select}</th>
            <th scope="col">{w.run}</th>
            <th scope="col">{w.started}</th>
            <th scope="col">{w.status}</th>
            {columns.map((column) => (
              <th key={column} scope="col" title={column}>
                {column.slice(column.indexOf('.') + 1)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <tr style={{ blockSize: first * ROW }} />}
          {runs.slice(first, last).map((run, i) => (
            <tr key={run.info.run_id} aria-rowindex={first + i + 2} className="fixed-row">
              <td>
                <label className="check">
                  <input
                    type="checkbox"
                    aria-label={w.selectRun(run.info.run_name)}
                    checked={chosen.includes(run.info.run_id)}
                    disabled={!mayChoose && !chosen.includes(run.info.run_id)}
                    onChange={() => onChoose(run)}
                  />
                </label>
              </td>
              <td>
                <button type="button" className="button plain" onClick={() => onOpen(run)}>
                  {run.info.run_name}
                </button>
              </td>
              <td>{moment(language, run.info.start_time)}</td>
              <td>{run.info.status}</td>
              {columns.map((column) => (
                <td key={column} className="number">
                  {cellOf(run, column)}
                </td>
              ))}
            </tr>
          ))}
          {last < runs.length && <tr style={{ blockSize: (runs.length - last) * ROW }} />}
        </tbody>
      </table>
    </section>
  );
}

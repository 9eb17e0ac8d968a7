import { useMemo, useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useModelWords } from '#client/i18n/model-words.ts';
import { useRunsWords } from '#client/i18n/runs-words.ts';
import { useLog } from '#client/tutor/learner-ports.tsx';
import { type RunView, readRuns } from '#client/tutor/run-search.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { parseFilter, parseOrder } from '#shared/tracking/filter.ts';
import { compareRuns, matches } from '#shared/tracking/search.ts';
import { formatNumber } from './metric-chart.tsx';
import { RunDetails } from './run-details.tsx';

const PAGE = 20;
const MOST_COMPARED = 3;
const FIRST_COLUMNS = ['metrics.accuracy', 'metrics.questions_solved', 'metrics.log_loss', 'params.backend'];

/** `metrics.accuracy` of a run as a text; empty if it has none. */
function cell(view: RunView, column: string): string {
  const dot = column.indexOf('.');
  const key = column.slice(dot + 1);
  if (!column.startsWith('metrics.')) return view.params.get(key) ?? '';
  const value = view.metrics.get(key);
  return value === undefined ? '' : formatNumber(value);
}

const columnsOf = (runs: readonly RunView[]): readonly string[] => [
  ...[...new Set(runs.flatMap((r) => [...r.metrics.keys()]))].sort().map((key) => `metrics.${key}`),
  ...[...new Set(runs.flatMap((r) => [...r.params.keys()]))].sort().map((key) => `params.${key}`),
];

interface TableProps {
  readonly shown: readonly RunView[];
  readonly columns: readonly string[];
  readonly chosen: readonly string[];
  readonly onChoose: (runId: string) => void;
  readonly onOpen: (view: RunView) => void;
}

function RunsTable({ shown, columns, chosen, onChoose, onOpen }: TableProps) {
  const w = useRunsWords();
  const model = useModelWords();
  const { language } = useSpeech();
  const when = new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'short' });
  return (
    <div className="scroll-x">
      <table className="runs">
        <thead>
          <tr>
            <th>{w.select}</th>
            <th>{w.experiment}</th>
            <th>{w.status}</th>
            {columns.map((column) => (
              <th key={column} className="number" translate="no">
                {column.slice(column.indexOf('.') + 1)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((view) => {
            const { run, experiment } = view;
            return (
              <tr key={run.run_id}>
                <td>
                  <label className="check">
                    <input
                      type="checkbox"
                      aria-label={w.selectRun(run.run_name)}
                      checked={chosen.includes(run.run_id)}
                      disabled={!chosen.includes(run.run_id) && chosen.length >= MOST_COMPARED}
                      onChange={() => onChoose(run.run_id)}
                    />
                  </label>
                </td>
                <td>
                  <button type="button" className="button plain run" aria-label={w.open(run.run_name)} onClick={() => onOpen(view)}>
                    {model.experiment[experiment] ?? experiment}
                    <span className="quiet small">{when.format(run.start_time)}</span>
                  </button>
                </td>
                <td className="quiet">{model.status[run.status]}</td>
                {columns.map((column) => (
                  <td key={column} className="number" translate="no">
                    {cell(view, column)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Every run of the log in a table: filtered, ordered, with chosen columns, compared and opened. */
export function Runs() {
  const w = useRunsWords();
  const model = useModelWords();
  const { t } = useSpeech();
  const loaded = useLog(readRuns, 'runs');
  const [text, setText] = useState('');
  const [order, setOrder] = useState('start_time DESC');
  const [columns, setColumns] = useState<readonly string[]>(FIRST_COLUMNS);
  const [pages, setPages] = useState(1);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [opened, setOpened] = useState<readonly RunView[] | null>(null);
  const filter = useMemo(() => parseFilter(text), [text]);
  const all = loaded.kind === 'ready' ? loaded.value : [];
  const possible = columnsOf(all);
  const orders = parseOrder(order);
  const found = all.filter((view) => !filter.ok || matches(filter.value, view)).sort(compareRuns(orders.ok ? [orders.value] : []));
  const choose = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  const toggle = (column: string) => setColumns(columns.includes(column) ? columns.filter((c) => c !== column) : [...columns, column]);
  return (
    <section className="card" aria-labelledby="runs">
      <h2 id="runs">{w.title}</h2>
      <p className="quiet small">{w.lead}</p>
      {loaded.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {loaded.kind === 'failed' && <Notice tone="bad">{storageWords(t, loaded.fault)}</Notice>}
      {loaded.kind === 'ready' && all.length === 0 && <p className="quiet">{model.runsEmpty}</p>}
      {all.length > 0 && (
        <>
          <label className="field">
            <span>{w.filter}</span>
            <input
              type="text"
              spellCheck={false}
              autoCapitalize="off"
              autoComplete="off"
              value={text}
              aria-invalid={!filter.ok}
              aria-describedby="filter-hint"
              onChange={(event) => setText(event.target.value)}
            />
          </label>
          <p
            id="filter-hint"
            className="small"
            style={filter.ok ? undefined : { color: 'var(--wrong)' }}
            role={filter.ok ? undefined : 'alert'}
          >
            {filter.ok ? (
              <span className="quiet">{w.found(found.length, all.length)}</span>
            ) : (
              w.filterFault(filter.fault.at, filter.fault.message)
            )}
          </p>
          <details className="small">
            <summary>{w.filterHint}</summary>
            <ul>
              {w.examples.map((example) => (
                <li key={example}>
                  <button type="button" className="button plain code" onClick={() => setText(example)}>
                    {example}
                  </button>
                </li>
              ))}
            </ul>
          </details>
          <label className="field">
            <span className="small quiet">{w.sort}</span>
            <select value={order} onChange={(event) => setOrder(event.target.value)}>
              {['start_time DESC', 'start_time ASC', ...columns.flatMap((c) => [`${c} DESC`, `${c} ASC`])].map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </select>
          </label>
          <details className="small">
            <summary>{w.columns}</summary>
            {possible.map((column) => (
              <label key={column} className="check">
                <input type="checkbox" checked={columns.includes(column)} onChange={() => toggle(column)} />
                <span translate="no">{column}</span>
              </label>
            ))}
          </details>
          <RunsTable
            shown={found.slice(0, pages * PAGE)}
            columns={columns.filter((c) => possible.includes(c))}
            chosen={chosen}
            onChoose={choose}
            onOpen={(view) => setOpened([view])}
          />
          {found.length > pages * PAGE && (
            <button type="button" className="button plain" onClick={() => setPages(pages + 1)}>
              {w.more}
            </button>
          )}
          {chosen.length > 1 ? (
            <button type="button" className="button" onClick={() => setOpened(all.filter((v) => chosen.includes(v.run.run_id)))}>
              {w.compare(chosen.length)}
            </button>
          ) : (
            <p className="quiet small">{w.compareHint}</p>
          )}
        </>
      )}
      {opened && <RunDetails runs={opened} onClose={() => setOpened(null)} />}
    </section>
  );
}

import { useState } from 'react';
import { trackingWords } from '#client/i18n/tracking-words.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import type { ReplyOf } from '#shared/tracking/endpoints.ts';
import { parseFilter } from '#shared/tracking/filter.ts';
import { faultText, Read, StaffPage, useDesk, useReading } from '../frame.tsx';
import { Registry } from './registry.tsx';
import { RunDetails } from './run-details.tsx';
import { columnsOf, RunsTable } from './runs-table.tsx';
import { type Run, type Search, useRuns } from './use-runs.ts';

type Experiment = NonNullable<ReplyOf<'searchExperiments'>['experiments']>[number];

const FIRST_COLUMNS = 4;
const MOST_COMPARED = 5;
const ORDERS = ['start_time DESC', 'start_time ASC', 'run_name ASC', 'status ASC'];

function Columns({
  all,
  shown,
  onChange,
}: {
  readonly all: readonly string[];
  readonly shown: readonly string[];
  readonly onChange: (columns: readonly string[]) => void;
}) {
  const { language } = useDesk();
  return (
    <details>
      <summary>{trackingWords(language).columns}</summary>
      <div className="row">
        {all.map((column) => (
          <label key={column} className="check">
            <input
              type="checkbox"
              checked={shown.includes(column)}
              onChange={() => onChange(shown.includes(column) ? shown.filter((c) => c !== column) : [...shown, column])}
            />
            <code>{column}</code>
          </label>
        ))}
      </div>
    </details>
  );
}

const NONE: readonly Run[] = [];

function Found({ search, experiment }: { readonly search: Search; readonly experiment: Experiment }) {
  const { words, language } = useDesk();
  const w = trackingWords(language);
  const loaded = useRuns(search);
  const [columns, setColumns] = useState<readonly string[] | null>(null);
  // what another filter hides could not be taken back
  const [choice, setChoice] = useState<{ readonly filter: string; readonly runs: readonly Run[] }>({ filter: search.filter, runs: [] });
  const chosen = choice.filter === search.filter ? choice.runs : NONE;
  const [opened, setOpened] = useState<readonly Run[]>([]);
  const all = columnsOf(loaded.runs.slice(0, 200));
  const shown = columns ?? all.slice(0, FIRST_COLUMNS);
  const choose = (run: Run) => {
    const others = chosen.filter((r) => r.info.run_id !== run.info.run_id);
    setChoice({ filter: search.filter, runs: others.length < chosen.length ? others : [...chosen, run] });
  };
  return (
    <>
      <section className="card">
        <p className="quiet" role="status">
          {w.runsFirst(loaded.runs.length, experiment.name)} {loaded.isLoading ? w.more : loaded.isComplete ? w.all : ''}
        </p>
        {loaded.fault !== null && (
          <Notice tone="bad">
            <p>{faultText(words, loaded.fault)}</p>
            <button type="button" className="button" onClick={loaded.more}>
              {words.retry}
            </button>
          </Notice>
        )}
        {loaded.runs.length === 0 && loaded.isComplete && <p>{w.none}</p>}
        {loaded.runs.length > 0 && (
          <>
            <Columns all={all} shown={shown} onChange={setColumns} />
            <RunsTable
              loaded={loaded}
              columns={shown}
              chosen={chosen.map((r) => r.info.run_id)}
              mayChoose={chosen.length < MOST_COMPARED}
              onChoose={choose}
              onOpen={(run) => setOpened([run])}
            />
            {chosen.length > 1 && (
              <button type="button" className="button primary" onClick={() => setOpened(chosen)}>
                {w.compare(chosen.length)}
              </button>
            )}
          </>
        )}
      </section>
      {opened.length > 0 && <RunDetails runs={opened} onClose={() => setOpened([])} />}
    </>
  );
}

function SearchForm({ search, onSearch }: { readonly search: Search; readonly onSearch: (search: Search) => void }) {
  const { language } = useDesk();
  const w = trackingWords(language);
  const [filter, setFilter] = useState(search.filter);
  const parsed = parseFilter(filter);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (parsed.ok) onSearch({ ...search, filter });
      }}
    >
      <label className="field">
        {w.filter}
        <input
          value={filter}
          onChange={(e) => setFilter(e.target.value)}
          aria-invalid={!parsed.ok}
          aria-describedby="filter-help"
          spellCheck={false}
        />
      </label>
      <p id="filter-help" className={parsed.ok ? 'quiet small' : 'bad small'} role={parsed.ok ? undefined : 'alert'}>
        {parsed.ok ? w.filterHelp : w.badFilter(parsed.fault.at + 1, parsed.fault.message)}
      </p>
      <div className="row">
        <label className="field">
          {w.order}
          <select value={search.order} onChange={(e) => onSearch({ ...search, order: e.target.value })}>
            {[...new Set([...ORDERS, search.order])].map((o) => (
              <option key={o}>{o}</option>
            ))}
          </select>
        </label>
        <button type="submit" className="button" disabled={!parsed.ok}>
          {w.search}
        </button>
      </div>
    </form>
  );
}

function Experiments({ experiments }: { readonly experiments: readonly Experiment[] }) {
  const { language } = useDesk();
  const w = trackingWords(language);
  const [search, setSearch] = useState<Search>({ experimentId: experiments[0]?.experiment_id ?? '', filter: '', order: 'start_time DESC' });
  const experiment = experiments.find((e) => e.experiment_id === search.experimentId);
  return (
    <>
      <section className="card">
        <label className="field">
          {w.experiment}
          <select value={search.experimentId} onChange={(e) => setSearch({ ...search, experimentId: e.target.value })}>
            {experiments.map((e) => (
              <option key={e.experiment_id} value={e.experiment_id}>
                {e.name}
              </option>
            ))}
          </select>
        </label>
        <SearchForm search={search} onSearch={setSearch} />
      </section>
      {experiment && <Found key={experiment.experiment_id} search={search} experiment={experiment} />}
    </>
  );
}

/** Experiments and their runs, searched, compared and opened; the registry beside them. */
export function RunsPage() {
  const { api, words, language } = useDesk();
  const [reading, again] = useReading(() => api.tracking.call('searchExperiments', { max_results: 1000 }));
  return (
    <StaffPage first={words.nav.runs} lead={trackingWords(language).runsLead}>
      <Read reading={reading} again={again}>
        {({ experiments = [] }) => (experiments.length > 0 ? <Experiments experiments={experiments} /> : <Waiting text={words.loading} />)}
      </Read>
      <Registry />
    </StaffPage>
  );
}

import { useState } from 'react';
import type { PastFlush, TaskFlushes } from '#client/ports/staff-api.ts';
import { Segments } from '#client/ui/segments.tsx';
import { Notice } from '#client/ui/states.tsx';
import type { TaskKind } from '#shared/aggregation/config.ts';
import { faultText, Read, StaffPage, Table, useDesk, useReading } from '../frame.tsx';

const fixed = (value: number | undefined, digits: number): string => (value === undefined ? '–' : value.toFixed(digits));

function unfilledSlots(history: readonly PastFlush[], fromSlot: number, slot: number): string {
  const filled = new Set(history.map((h) => h.t));
  const missing: number[] = [];
  for (let t = fromSlot; t < slot; t++) if (!filled.has(t)) missing.push(t);
  return missing.slice(-20).join(', ');
}

function History({ flushes }: { readonly flushes: TaskFlushes }) {
  const { words, me } = useDesk();
  const { columns } = words.flushes;
  if (flushes.history.length === 0) return <p className="quiet">{words.flushes.empty}</p>;
  // A sum of statistics makes no version.
  const isModel = flushes.task.kind === 'model-delta';
  return (
    <Table
      label={words.flushes.history}
      head={[
        columns.slot,
        columns.state,
        columns.k,
        ...(isModel ? [columns.noise, columns.version, columns.loss, columns.auc] : []),
        ...(me.isTrial ? [] : [columns.rho]),
        columns.root,
        columns.leaf,
      ]}
      rows={flushes.history.map((h) => [
        h.t,
        words.flushes.states[h.state] ?? h.state,
        h.k,
        ...(isModel
          ? [
              fixed(h.metrics['update_norm'], 4),
              h.version === null ? '–' : `${h.baseVersion ?? 0}\u00a0→\u00a0${h.version}`,
              fixed(h.metrics['holdout_log_loss'], 4),
              fixed(h.metrics['holdout_auc'], 4),
            ]
          : []),
        ...(me.isTrial ? [] : [h.rhoRunning === null ? '–' : h.rhoRunning.toFixed(6)]),
        <code key="root">{h.setRoot.slice(0, 10)}…</code>,
        h.logIndex ?? '–',
      ])}
    />
  );
}

function Simulate({ again }: { readonly again: () => void }) {
  const { api, words } = useDesk();
  const [state, setState] = useState<'idle' | 'busy' | 'done' | { readonly fault: unknown }>('idle');
  const simulate = async () => {
    setState('busy');
    try {
      await api.simulate();
      setState('done');
      again();
    } catch (fault) {
      setState({ fault });
    }
  };
  return (
    <>
      <button type="button" className="button" disabled={state === 'busy'} onClick={() => void simulate()}>
        {words.flushes.simulate}
      </button>
      {state === 'done' && <Notice>{words.flushes.simulated}</Notice>}
      {typeof state === 'object' && <Notice tone="bad">{faultText(words, state.fault)}</Notice>}
    </>
  );
}

function Task({ flushes }: { readonly flushes: TaskFlushes }) {
  const { words } = useDesk();
  const { task, refused } = flushes;
  const unfilled = task.slotEnds === null ? '' : unfilledSlots(flushes.history, task.fromSlot, task.slot);
  return (
    <>
      <section className="card" aria-labelledby="history">
        <h2 id="history">{words.flushes.history}</h2>
        <History flushes={flushes} />
        <p className="quiet small number">{words.flushes.expected(task.expectedNoise.toFixed(4))}</p>
        {unfilled && <p className="quiet small number">{words.flushes.unfilled(unfilled)}</p>}
      </section>
      <section className="card" aria-labelledby="refused">
        <h2 id="refused">{words.flushes.refused}</h2>
        {refused.length === 0 && <p className="quiet">{words.flushes.noneRefused}</p>}
        <dl className="facts narrow">
          {refused.map(({ reason, n }) => (
            <div key={reason} style={{ display: 'contents' }}>
              <dt>{words.flushes.reasons[reason] ?? reason}</dt>
              <dd>{n}</dd>
            </div>
          ))}
        </dl>
      </section>
    </>
  );
}

/** What waits, what was released, what was refused: of one task at a time. */
export function FlushesPage() {
  const { api, words, me } = useDesk();
  const [reading, again] = useReading(api.flushes);
  const [kind, setKind] = useState<TaskKind>('model-delta');
  const tasks = reading.kind === 'ready' ? reading.value.tasks : [];
  const shown = tasks.find((t) => t.task.kind === kind);
  return (
    <StaffPage
      first={
        shown
          ? words.flushes.first(shown.states['held'] ?? 0, shown.task.k, shown.isReleased ? shown.task.slot + 1 : shown.task.slot)
          : words.nav.flushes
      }
      lead={me.member?.role === 'analyst' ? words.analystLead : words.flushes.lead}
    >
      <Read reading={reading} again={again}>
        {({ helperReachable }) => (
          <>
            {!helperReachable && <Notice tone="bad">{words.today.helperDown}</Notice>}
            {tasks.length === 0 && <Notice>{words.today.noTask}</Notice>}
            {tasks.length > 1 && (
              <Segments
                legend={words.flushes.task}
                name="task"
                value={kind}
                choices={tasks.map(({ task }) => ({ value: task.kind, label: words.flushes.kinds[task.kind] }))}
                onChange={setKind}
              />
            )}
            {shown && me.isTrial && me.member?.role === 'admin' && <Simulate again={again} />}
            {shown && <Task flushes={shown} />}
          </>
        )}
      </Read>
    </StaffPage>
  );
}

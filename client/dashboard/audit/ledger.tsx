import { useState } from 'react';
import { Notice } from '#client/ui/states.tsx';
import { type AuditReport, auditLog, bothEpsilons, ledgerRows, parseLedger } from '#shared/aggregation/audit.ts';
import type { TaskConfig } from '#shared/aggregation/config.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { epsilonText, Table, useDesk } from '../frame.tsx';

const SHOWN = 200;

/** All texts of the log, and its newest cosigned checkpoint. */
export interface Log {
  readonly entries: readonly string[];
  readonly checkpoint: string;
}

/** The log by rows; to be exported, and to verify an exported one. */
export function Ledger({
  log,
  report,
  config,
  isTrial,
}: {
  readonly log: Log;
  readonly report: AuditReport;
  readonly config: TaskConfig;
  readonly isTrial: boolean;
}) {
  const { words } = useDesk();
  const [said, setSaid] = useState<{ readonly text: string; readonly isBad: boolean } | null>(null);
  const { columns } = words.audit;
  const save = () => {
    const text = ledgerRows(log.entries)
      .map((row) => JSON.stringify(row))
      .join('\n');
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'application/jsonl' }));
    link.download = 'ledger.jsonl';
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const verify = async (file: File | undefined) => {
    if (!file) return;
    try {
      const { fault, entries } = auditLog(tweetnacl, parseLedger(await file.text()), log.checkpoint);
      if (!fault) setSaid({ text: words.audit.supplied(entries), isBad: false });
      else
        setSaid({
          text: fault.row === null ? words.audit.badFile(fault.message) : words.audit.badRow(fault.row, fault.message),
          isBad: true,
        });
    } catch (cause) {
      setSaid({ text: words.audit.badFile(cause instanceof Error ? cause.message : String(cause)), isBad: true });
    }
  };
  const rows = log.entries.map((text, i) => {
    const entry = JSON.parse(text) as {
      type: string;
      t?: number;
      slot?: number;
      k?: number;
      rho_running?: number;
      rho_cap?: number;
      set_root?: string;
    };
    const epsilon = entry.rho_running === undefined || isTrial ? '–' : epsilonText(bothEpsilons(entry.rho_running, config.delta).claimed);
    return [
      i,
      entry.type,
      entry.t ?? entry.slot ?? '–',
      entry.k ?? '–',
      ...(isTrial ? [] : [entry.rho_running?.toFixed(9) ?? '–', entry.rho_cap?.toFixed(9) ?? '–', epsilon]),
      entry.set_root ? <code key="root">{entry.set_root.slice(0, 10)}…</code> : '–',
    ];
  });
  return (
    <section className="card" aria-labelledby="ledger">
      <h2 id="ledger">{words.audit.ledger}</h2>
      <Table
        label={words.audit.ledger}
        head={[
          columns.row,
          columns.type,
          columns.slot,
          columns.k,
          ...(isTrial ? [] : [columns.rho, columns.cap, columns.epsilon]),
          columns.root,
        ]}
        rows={rows.slice(-SHOWN)}
      />
      {rows.length > SHOWN && <p className="quiet small">{words.audit.lastRows(SHOWN)}</p>}
      <p className="quiet small">
        <code>{report.root}</code>
      </p>
      <div className="row">
        <button type="button" className="button" onClick={save}>
          {words.audit.export}
        </button>
        <label className="button">
          {words.audit.supply}
          <input
            type="file"
            className="only-spoken"
            accept=".jsonl,.txt"
            onChange={(event) => {
              void verify(event.target.files?.[0]);
              event.target.value = '';
            }}
          />
        </label>
      </div>
      {said && <Notice tone={said.isBad ? 'bad' : 'quiet'}>{said.text}</Notice>}
    </section>
  );
}

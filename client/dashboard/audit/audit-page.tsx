import { useState } from 'react';
import { Notice } from '#client/ui/states.tsx';
import { type AuditReport, auditLog, bothEpsilons, collusionTable, ledgerRows } from '#shared/aggregation/audit.ts';
import { contributionRho, type TaskConfig } from '#shared/aggregation/config.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { deltaText, epsilonText, moment, Read, StaffPage, Table, useDesk, useReading } from '../frame.tsx';
import { LeavesPhone } from './leaves-phone.tsx';
import { Ledger, type Log } from './ledger.tsx';

const read = (log: Log): AuditReport => auditLog(tweetnacl, ledgerRows(log.entries), log.checkpoint);

function Ticks({ report }: { readonly report: AuditReport }) {
  const { words } = useDesk();
  const names = ['rows', 'signatures', 'log', 'composition'] as const;
  return (
    <ul className="row">
      {names.map((name) => (
        <li key={name} className={`chip ${report.checks[name] ? 'good' : 'bad'}`}>
          {words.audit.checks[name]} {report.checks[name] ? '✓' : '✗'}
        </li>
      ))}
    </ul>
  );
}

/** The last release of the log, as it was booked. */
function booked(log: Log): { readonly rho_running: number } | null {
  const text = log.entries.findLast((entry) => entry.includes('"type":"flush"'));
  return text ? (JSON.parse(text) as { rho_running: number }) : null;
}

function Recompute({ log, config }: { readonly log: Log; readonly config: TaskConfig }) {
  const { words } = useDesk();
  const [result, setResult] = useState<{ readonly claimed: number; readonly own: number; readonly check: number } | null>(null);
  const recompute = () => {
    const point = read(log).points.at(-1);
    const claimed = bothEpsilons(booked(log)?.rho_running ?? 0, config.delta).claimed;
    const { claimed: own, check } = bothEpsilons(point?.rhoRunning ?? 0, config.delta);
    setResult({ claimed, own, check });
  };
  return (
    <div className="stack">
      <button type="button" className="button primary" onClick={recompute}>
        {words.audit.recompute}
      </button>
      {result && (
        <Notice>
          <p className="number" data-difference={Math.abs(result.claimed - result.own)}>
            {words.audit.recomputed(
              result.claimed.toFixed(9),
              result.own.toFixed(9),
              Math.abs(result.claimed - result.own).toExponential(1),
            )}
          </p>
          <p className="number">{words.audit.check(epsilonText(result.check))}</p>
        </Notice>
      )}
    </div>
  );
}

function Collusion({ config, rhoCap }: { readonly config: TaskConfig; readonly rhoCap: number }) {
  const { words } = useDesk();
  return (
    <section className="card" aria-labelledby="collusion">
      <h2 id="collusion">{words.audit.collusion}</h2>
      <Table
        label={words.audit.collusion}
        head={['', '', words.audit.remains]}
        rows={collusionTable(config, rhoCap).map(({ who, epsilon }) => [
          words.audit.who[who],
          words.audit.sees[who],
          epsilon > 1000 ? `ε ≤ ${Math.ceil(epsilon)}: ${words.audit.effectivelyNone}` : `ε ≤ ${epsilonText(epsilon)}`,
        ])}
      />
    </section>
  );
}

function Configuration({ config }: { readonly config: TaskConfig }) {
  const { words } = useDesk();
  const flat = Object.entries(config).flatMap(([key, value]) =>
    typeof value === 'object'
      ? Object.entries(value).map(([inner, v]) => [`${key}.${inner}`, String(v)] as const)
      : [[key, String(value)] as const],
  );
  return (
    <section className="card" aria-labelledby="configuration">
      <h2 id="configuration">{words.audit.configuration}</h2>
      <dl className="facts">
        {flat.map(([key, value]) => (
          <div key={key} style={{ display: 'contents' }}>
            <dt>
              <code>{key}</code>
            </dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Body({ log }: { readonly log: Log }) {
  const { words, me } = useDesk();
  const report = read(log);
  const config = report.configs.at(-1);
  if (!config) return <Notice>{words.today.noTask}</Notice>;
  const { fault } = report;
  const point = report.points.at(-1);
  return (
    <>
      <section className="card" aria-label={words.audit.recompute}>
        <Ticks report={report} />
        {fault && (
          <Notice tone="bad">
            {fault.row === null ? words.audit.badFile(fault.message) : words.audit.badRow(fault.row, fault.message)}
          </Notice>
        )}
        {!me.isTrial && (
          <p className="number">
            {point ? words.audit.soFar(epsilonText(bothEpsilons(point.rhoRunning, config.delta).claimed)) : words.audit.noFlush}
          </p>
        )}
        {config.leader.operator === config.helper.operator && <p>{words.audit.oneOperator}</p>}
        {!me.isTrial && <Recompute log={log} config={config} />}
      </section>
      <Ledger log={log} report={report} config={config} isTrial={me.isTrial} />
      {!me.isTrial && <Collusion config={config} rhoCap={config.max_contributions * contributionRho(config)} />}
      <LeavesPhone config={config} />
      <Configuration config={config} />
    </>
  );
}

function verdict(words: ReturnType<typeof useDesk>['words'], log: Log, isTrial: boolean): string {
  const report = read(log);
  const config = report.configs.at(-1);
  if (report.fault || !config) return words.audit.bad;
  const last = report.entries - 1;
  if (isTrial) return words.audit.trial(last);
  const cap = bothEpsilons(config.max_contributions * contributionRho(config), config.delta).claimed;
  return words.audit.good(epsilonText(cap), deltaText(config.delta), config.max_contributions, config.band, last);
}

function Visits() {
  const { api, words, language } = useDesk();
  const [reading, again] = useReading(api.audit);
  return (
    <section className="card" aria-labelledby="access">
      <h2 id="access">{words.audit.access}</h2>
      <Read reading={reading} again={again}>
        {({ visits }) => (
          <ul>
            {visits.slice(0, 10).map((v) => (
              <li key={v.at} className="number">
                {moment(language, v.at)} · {(words.roles as Readonly<Record<string, string>>)[v.role] ?? v.role}
              </li>
            ))}
          </ul>
        )}
      </Read>
    </section>
  );
}

/** Do the privacy claims hold? Everything is checked and recomputed in this browser. */
export function AuditPage() {
  const { api, words, me } = useDesk();
  const [reading, again] = useReading(api.log);
  return (
    <StaffPage first={reading.kind === 'ready' ? verdict(words, reading.value, me.isTrial) : words.nav.audit} lead={words.audit.visits}>
      <Read reading={reading} again={again}>
        {(log) => <Body log={log} />}
      </Read>
      <Visits />
    </StaffPage>
  );
}

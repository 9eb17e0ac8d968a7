import { useState } from 'react';
import type { StaffApi } from '#client/ports/staff-api.ts';
import { Notice } from '#client/ui/states.tsx';
import { type AuditReport, auditLog, bothEpsilons, collusionTable, ledgerRows } from '#shared/aggregation/audit.ts';
import type { TaskConfig } from '#shared/aggregation/config.ts';
import { composedRho } from '#shared/aggregation/log-entry.ts';
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

function Collusion({ inForce, rhoCap }: Pick<Checked, 'inForce' | 'rhoCap'>) {
  const { words } = useDesk();
  return (
    <section className="card" aria-labelledby="collusion">
      <h2 id="collusion">{words.audit.collusion}</h2>
      <Table
        label={words.audit.collusion}
        head={[words.audit.parties, words.audit.canSee, words.audit.remains]}
        rows={collusionTable(inForce, rhoCap).map(({ who, epsilon }) => [
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
  const id = `configuration-${config.kind}`;
  return (
    <section className="card" aria-labelledby={id}>
      <h2 id={id}>{words.audit.configurationOf(words.flushes.kinds[config.kind])}</h2>
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

/** What this browser made of the log: everything below rests on it. */
interface Checked {
  readonly log: Log;
  readonly report: AuditReport;
  /** The configuration of the model task in the latest slot. */
  readonly config: TaskConfig | null;
  /** The configurations of the latest slot, one a task, the model's first. */
  readonly inForce: readonly TaskConfig[];
  /** Worst case over 52 slots, composed from the log. */
  readonly rhoCap: number;
}

function checked(log: Log): Checked {
  const report = read(log);
  const point = report.points.at(-1);
  const begun = report.configs.filter((c) => c.from_slot <= (point?.t ?? c.from_slot));
  const inForce = (['model-delta', 'cohort-statistics'] as const).flatMap((kind) => begun.findLast((c) => c.kind === kind) ?? []);
  const [config = null] = inForce;
  return { log, report, config, inForce, rhoCap: composedRho(report.configs, new Map(), point?.t ?? 1).cap };
}

const THIRTY_DAYS_S = 30 * 86_400;

function Verdict({ log, report, config }: { readonly log: Log; readonly report: AuditReport; readonly config: TaskConfig }) {
  const { words, me, language } = useDesk();
  const { fault, cosignedAt } = report;
  const point = report.points.at(-1);
  return (
    <section className="card" aria-labelledby="verdict">
      <h2 id="verdict">{words.audit.verdict}</h2>
      <Ticks report={report} />
      {fault && (
        <Notice tone="bad">{fault.row === null ? words.audit.badFile(fault.message) : words.audit.badRow(fault.row, fault.message)}</Notice>
      )}
      {!me.isTrial && (
        <p className="number">
          {point ? words.audit.soFar(epsilonText(bothEpsilons(point.rhoRunning, config.delta).claimed)) : words.audit.noFlush}
        </p>
      )}
      {cosignedAt !== null && (
        <p className="number">
          {words.audit.cosigned(moment(language, cosignedAt * 1000))}{' '}
          {Date.now() / 1000 - cosignedAt > THIRTY_DAYS_S && <strong>{words.audit.oldCosign}</strong>}
        </p>
      )}
      <p className="small">{words.audit.keys(`${config.leader.sign_key.slice(0, 16)}…`, `${config.helper.sign_key.slice(0, 16)}…`)}</p>
      {!me.isTrial && <Recompute log={log} config={config} />}
    </section>
  );
}

function Body({ log, report, config, inForce, rhoCap }: Checked) {
  const { words, me } = useDesk();
  if (!config) return <Notice>{words.today.noTask}</Notice>;
  return (
    <>
      <Verdict log={log} report={report} config={config} />
      <Ledger log={log} report={report} config={config} isTrial={me.isTrial} />
      {!me.isTrial && <Collusion inForce={inForce} rhoCap={rhoCap} />}
      <LeavesPhone config={config} />
      {inForce.map((own) => (
        <Configuration key={own.kind} config={own} />
      ))}
    </>
  );
}

/** The answer in one line, and the sentence that makes it exact. */
function sentences(
  words: ReturnType<typeof useDesk>['words'],
  { report, config, inForce, rhoCap }: Checked,
  isTrial: boolean,
): readonly [string, string] {
  const last = report.entries - 1;
  if (report.fault || !config) return [words.audit.bad, words.audit.visits];
  const trust = config.leader.operator === config.helper.operator ? ` ${words.audit.oneOperator}` : '';
  if (isTrial) return [words.audit.trial(last), `${words.audit.visits}${trust}`];
  const cap = epsilonText(bothEpsilons(rhoCap, config.delta).claimed);
  const lead = words.audit.goodLead({
    epsilon: cap,
    delta: deltaText(config.delta),
    p: config.max_contributions,
    b: config.band,
    weeks: inForce[1]?.max_contributions ?? null,
  });
  return [words.audit.good(cap, last), `${lead}${trust} ${words.audit.visits}`];
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
  const [reading, again] = useReading(readChecked(api));
  const [first, lead] = reading.kind === 'ready' ? sentences(words, reading.value, me.isTrial) : [words.nav.audit, words.audit.visits];
  return (
    <StaffPage first={first} lead={lead}>
      <Read reading={reading} again={again}>
        {(value) => <Body {...value} />}
      </Read>
      <Visits />
    </StaffPage>
  );
}

const readChecked = (api: StaffApi) => async (): Promise<Checked> => checked(await api.log());

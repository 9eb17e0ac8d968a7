import { useState } from 'react';
import type { Models, ModelVersion } from '#client/ports/staff-api.ts';
import { Notice } from '#client/ui/states.tsx';
import { faultText, moment, Read, StaffPage, useDesk, useReading } from '../frame.tsx';

function Gates({ version }: { readonly version: ModelVersion }) {
  const { words } = useDesk();
  return (
    <dl className="facts gates">
      {version.gates.map((gate) => (
        <div key={gate.name} style={{ display: 'contents' }}>
          <dt>{words.models.gates[gate.name] ?? gate.name}</dt>
          <dd className={gate.isPassed ? 'good' : 'bad'}>
            {gate.isPassed ? `✓ ${words.models.passed}` : `✗ ${words.models.failed}`}
            <span className="quiet small number"> {words.models.limit(gate.value.toFixed(4), gate.limit.toFixed(4))}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Deciding {
  readonly version: ModelVersion;
  readonly models: Models;
  readonly again: () => void;
  /** Told when another version serves. */
  readonly onDone: () => void;
}

type Verb = 'promote' | 'roll-back' | 'approve-override';

function Decide({ version, models, again, onDone }: Deciding) {
  const { api, words } = useDesk();
  const [reason, setReason] = useState('');
  const [said, setSaid] = useState<string | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const act = async (verb: Verb) => {
    setFault(null);
    setSaid(null);
    if (reason.trim() === '') return setSaid(words.models.reasonNeeded);
    try {
      await api.act(verb, models.task?.id ?? '', version.version, reason);
      if (verb === 'approve-override') setSaid(words.models.approved);
      else onDone();
      again();
    } catch (cause) {
      setFault(cause);
    }
  };
  // What was released once was decided on then, and what is not sound is beyond approval.
  const hasFailed =
    version.status === 'candidate' &&
    version.gates.some((g) => !g.isPassed) &&
    version.gates.every((g) => g.isPassed || g.name !== 'integrity');
  const verb: Verb = version.version < models.champion ? 'roll-back' : 'promote';
  return (
    <div className="stack">
      {hasFailed && <p className="quiet small">{words.models.override}</p>}
      <label className="field">
        {words.models.reason}
        <input value={reason} onChange={(e) => setReason(e.target.value)} maxLength={500} />
      </label>
      <div className="row">
        <button type="button" className="button primary" onClick={() => void act(verb)}>
          {verb === 'promote' ? words.models.promote : words.models.rollBack}
        </button>
        {hasFailed && (
          <button type="button" className="button" onClick={() => void act('approve-override')}>
            {words.models.approve}
          </button>
        )}
      </div>
      {said && <Notice>{said}</Notice>}
      {fault !== null && <Notice tone="bad">{faultText(words, fault)}</Notice>}
    </div>
  );
}

function Version({ version, models, again, onDone }: Deciding) {
  const { words, language } = useDesk();
  const isChampion = version.version === models.champion;
  return (
    <li className="card" aria-label={words.today.version(version.version)}>
      <header>
        <h2 className="number">{words.today.version(version.version)}</h2>
        <span className="chip">{isChampion ? words.models.champion : words.models.status[version.status]}</span>
      </header>
      <p className="quiet small number">
        {version.baseVersion === null ? words.models.start : words.models.from(version.baseVersion, version.slot)} ·{' '}
        {moment(language, version.createdAt)}
        {version.logIndex !== null && ` · ${words.models.logged(version.logIndex)}`}
      </p>
      <p className="quiet small number">{words.models.facts(version.sha256.slice(0, 12), `${(version.size / 1000).toFixed(1)} kB`)}</p>
      {version.gates.length > 0 && <Gates version={version} />}
      {!isChampion && version.status !== 'revoked' && <Decide version={version} models={models} again={again} onDone={onDone} />}
    </li>
  );
}

function Decisions({ models }: { readonly models: Models }) {
  const { words, language } = useDesk();
  return (
    <section className="card" aria-labelledby="decisions">
      <h2 id="decisions">{words.models.log}</h2>
      {models.log.length === 0 && <p className="quiet">{words.models.noLog}</p>}
      <ul className="stack">
        {models.log.map((entry) => (
          <li key={`${entry.at} ${entry.action}`} className="number">
            {entry.name} {words.models.actions[entry.action] ?? entry.action} {words.today.version(Number(entry.target?.split('/')[1]))}:{' '}
            {entry.reason} <span className="quiet small">{moment(language, entry.at)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Which version serves, what waits, and who decided what. */
export function ModelsPage() {
  const { api, words } = useDesk();
  const [reading, again] = useReading(api.models);
  const [isDone, setDone] = useState(false);
  return (
    <StaffPage first={reading.kind === 'ready' ? words.models.first(reading.value.champion) : words.nav.models}>
      <Read reading={reading} again={again}>
        {(models) => (
          <>
            {isDone && <Notice>{words.models.done}</Notice>}
            <ul className="stack">
              {models.versions.map((version) => (
                <Version key={version.version} version={version} models={models} again={again} onDone={() => setDone(true)} />
              ))}
            </ul>
            <Decisions models={models} />
          </>
        )}
      </Read>
    </StaffPage>
  );
}

import { useCallback, useEffect, useRef, useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import { type Consent, PURPOSES, type Purpose } from '#client/ports/federation-store.ts';
import { type RoundOutcome, readSharing, type Sharing, type SharingView } from '#client/sharing/sharing.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { ConsentCard } from './consent-card.tsx';
import { Contributions, SharedModel } from './contributions.tsx';
import { TrialTour } from './trial-tour.tsx';

/** How a round ended for everything that is on. */
function Outcome({ outcome }: { readonly outcome: RoundOutcome | 'failed' }) {
  const words = sharingWords(useSpeech().language);
  if (outcome === 'failed') return <Notice tone="bad">{words.failed}</Notice>;
  switch (outcome.kind) {
    case 'off':
      return null;
    case 'done':
      return <Notice>{words.outcome.done}</Notice>;
    case 'distrusted':
      return <Notice tone="bad">{words.distrust[outcome.rule]}</Notice>;
    case 'refused':
      return <Notice tone="bad">{words.outcome.refused(words.reasons[outcome.reason] ?? outcome.reason)}</Notice>;
    default:
      return <Notice>{words.outcome[outcome.kind]}</Notice>;
  }
}

/** What the latest round did for one purpose. */
function OwnOutcome({ outcome, purpose }: { readonly outcome: RoundOutcome | 'failed' | null; readonly purpose: Purpose }) {
  const words = sharingWords(useSpeech().language);
  const own =
    outcome !== null && outcome !== 'failed' && outcome.kind === 'done' ? outcome.purposes.find((p) => p.purpose === purpose) : null;
  if (!own) return null;
  return (
    <>
      <p className="number">{words.buffer(Math.min(own.waiting, own.k), own.k)}</p>
      {own.abstained && <p>{words.abstained[own.abstained]}</p>}
    </>
  );
}

/** Rounds of this page, one after the other, as long as anything is on; news that comes while one runs is looked at after it. */
function useRounds(sharing: Sharing, isOn: boolean) {
  const [outcome, setOutcome] = useState<RoundOutcome | 'failed' | null>(null);
  const [isBusy, setBusy] = useState(false);
  const queue = useRef<{ isRunning: boolean; isWanted: boolean }>({ isRunning: false, isWanted: false });
  const run = useCallback(
    async (isAsked: boolean, before?: () => Promise<void>) => {
      const state = queue.current;
      if (state.isRunning) {
        state.isWanted = true;
        return;
      }
      state.isRunning = true;
      setBusy(true);
      try {
        await before?.();
        do {
          state.isWanted = false;
          setOutcome(await sharing.round(isAsked));
        } while (state.isWanted);
      } catch {
        setOutcome('failed');
      }
      state.isRunning = false;
      setBusy(false);
    },
    [sharing],
  );
  useEffect(() => {
    if (!isOn) return;
    void run(false);
    return sharing.listen(() => void run(false));
  }, [run, sharing, isOn]);
  return { outcome, isBusy, run };
}

interface OnProps {
  readonly sharing: Sharing;
  readonly view: SharingView;
  readonly purpose: Purpose;
  readonly rounds: ReturnType<typeof useRounds>;
  /** The first card of those that are on tells what holds for all. */
  readonly isFirst: boolean;
}

function SharingOn({ sharing, view, purpose, rounds: { outcome, isBusy, run }, isFirst }: OnProps) {
  const { language } = useSpeech();
  const words = sharingWords(language);
  const [hasFailed, setFailed] = useState(false);
  const since = new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(view.consents[purpose]?.at);
  const stop = (
    <button type="button" className="button" onClick={() => void sharing.withdraw(purpose).catch(() => setFailed(true))}>
      {purpose === 'training' ? words.stopButton : words.analytics.stopButton}
    </button>
  );
  return (
    <section className="card" aria-labelledby={`on-${purpose}`}>
      <h2 id={`on-${purpose}`}>{purpose === 'training' ? words.on : words.analytics.on}</h2>
      <p className="quiet">{words.since(since)}</p>
      {isFirst && view.waiting > 0 && <p className="number">{words.waiting(view.waiting)}</p>}
      {isFirst && outcome && <Outcome outcome={outcome} />}
      <OwnOutcome outcome={outcome} purpose={purpose} />
      {hasFailed && <Notice tone="bad">{words.failed}</Notice>}
      {isFirst ? (
        <div className="pair">
          <button type="button" className="button" disabled={isBusy} onClick={() => void run(true)}>
            {isBusy ? words.busy : words.now}
          </button>
          {stop}
        </div>
      ) : (
        stop
      )}
      {isFirst && sharing.isTrial && (
        <>
          <p>{words.simulateLead}</p>
          <button
            type="button"
            className="button primary"
            disabled={isBusy}
            onClick={() =>
              void run(true, async () => {
                await sharing.round(true);
                await sharing.simulate();
              })
            }
          >
            {words.simulate}
          </button>
        </>
      )}
    </section>
  );
}

/** Everything the server keeps of this account, erased on request. */
function Erase({ sharing }: { readonly sharing: Sharing }) {
  const words = sharingWords(useSpeech().language);
  const [state, setState] = useState<'idle' | 'busy' | 'failed' | { readonly reference: string }>('idle');
  const erase = async () => {
    setState('busy');
    try {
      setState({ reference: await sharing.erase() });
    } catch {
      setState('failed');
    }
  };
  return (
    <section className="card" aria-label={words.erase}>
      <p>{words.eraseLead}</p>
      {state === 'failed' && <Notice tone="bad">{words.failed}</Notice>}
      {typeof state === 'object' && <Notice>{words.erased(state.reference)}</Notice>}
      <button type="button" className="button" disabled={state === 'busy'} onClick={() => void erase()}>
        {words.erase}
      </button>
    </section>
  );
}

interface AskedProps {
  readonly sharing: Sharing;
  readonly purpose: Purpose;
  readonly wasOn: boolean;
  readonly knownAge: Consent['ageBand'] | null;
}

function Asked({ sharing, purpose, wasOn, knownAge }: AskedProps) {
  const { t, language } = useSpeech();
  const words = sharingWords(language);
  const [tries, setTries] = useState(0);
  const proposal = useOnce(() => sharing.proposal(purpose), `proposal ${purpose} ${tries}`);
  const again = () => setTries((n) => n + 1);
  return (
    <>
      {wasOn && <Notice>{purpose === 'training' ? words.off : words.analytics.off}</Notice>}
      {proposal.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {proposal.kind === 'failed' && (
        <Notice>
          <p>{words.cannotAsk}</p>
          <button type="button" className="button" onClick={again}>
            {words.retry}
          </button>
        </Notice>
      )}
      {proposal.kind === 'ready' && proposal.value === null && <Notice>{words.analytics.none}</Notice>}
      {proposal.kind === 'ready' && proposal.value !== null && (
        <ConsentCard sharing={sharing} proposal={proposal.value} knownAge={knownAge} onChanged={again} />
      )}
    </>
  );
}

/** The second question, told in a line until the learner wants to read it. */
function AnalyticsAsked(props: Omit<AskedProps, 'purpose'>) {
  const { analytics, others } = sharingWords(useSpeech().language);
  const [isOpen, setOpen] = useState(false);
  if (isOpen) return <Asked {...props} purpose="analytics" />;
  return (
    <section className="card" aria-labelledby="analytics">
      <h2 id="analytics" className="row apart">
        {analytics.name} <span className="chip">{others.off}</span>
      </h2>
      {props.wasOn && <p>{analytics.off}</p>}
      <p className="quiet small">{analytics.means}</p>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {analytics.read}
      </button>
    </section>
  );
}

/** The consents that are asked for one day: off, and nothing here could use them. */
function OtherConsents() {
  const { others } = sharingWords(useSpeech().language);
  return (
    <section className="card" aria-labelledby="others">
      <h2 id="others">{others.title}</h2>
      {others.consents.map(({ name, means }) => (
        <div key={name}>
          <h3 className="row apart">
            {name} <span className="chip">{others.off}</span>
          </h3>
          <p className="quiet small">{means}</p>
        </div>
      ))}
      <p className="quiet small">{others.notYet}</p>
    </section>
  );
}

function Body({ sharing }: { readonly sharing: Sharing }) {
  const { t } = useSpeech();
  const { log } = usePorts();
  const view = useLog(() => readSharing(log), 'sharing');
  if (view.kind === 'waiting') return <Waiting text={t.common.loading} />;
  if (view.kind === 'failed') return <Notice tone="bad">{storageWords(t, view.fault)}</Notice>;
  return <Shared sharing={sharing} view={view.value} />;
}

function Shared({ sharing, view }: { readonly sharing: Sharing; readonly view: SharingView }) {
  const { consents, contributions, latest } = view;
  const on = PURPOSES.filter((purpose) => consents[purpose]?.[purpose]);
  const rounds = useRounds(sharing, on.length > 0);
  const hasAgreed = consents.training !== null || consents.analytics !== null;
  const cardOf = (purpose: Purpose) => <SharingOn {...{ sharing, view, purpose, rounds }} isFirst={on[0] === purpose} />;
  const asked = (purpose: Purpose) => ({
    sharing,
    wasOn: consents[purpose] !== null,
    knownAge: consents.training?.ageBand ?? consents.analytics?.ageBand ?? null,
  });
  return (
    <>
      {sharing.isTrial && <TrialTour view={view} />}
      {on.includes('training') ? cardOf('training') : <Asked {...asked('training')} purpose="training" />}
      {on.includes('analytics') ? cardOf('analytics') : <AnalyticsAsked {...asked('analytics')} />}
      {consents.training && <SharedModel latest={latest} />}
      <OtherConsents />
      {hasAgreed && <Erase sharing={sharing} />}
      {(hasAgreed || contributions.length > 0) && <Contributions rows={contributions} isTrial={sharing.isTrial} consents={consents} />}
    </>
  );
}

/** What is shared, with whom, at what price, and what came of it; off until the learner switches it on. */
export function SharingPage() {
  const { t, language } = useSpeech();
  const words = sharingWords(language);
  const ports = usePorts();
  const sharing = useOnce(() => ports.sharing(), 'sharing');
  usePageTitle(words.title);
  return (
    <main className="page">
      <header>
        <h1>{words.title}</h1>
        <p className="quiet">{words.lead}</p>
      </header>
      {sharing.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {sharing.kind === 'failed' && <Notice tone="bad">{words.failed}</Notice>}
      {sharing.kind === 'ready' && <Body sharing={sharing.value} />}
    </main>
  );
}

import { useCallback, useEffect, useRef, useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { sharingWords } from '#client/i18n/sharing-words.ts';
import { type RoundOutcome, readSharing, type Sharing, type SharingView } from '#client/sharing/sharing.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { ConsentCard } from './consent-card.tsx';
import { Contributions, SharedModel } from './contributions.tsx';

function Outcome({ outcome }: { readonly outcome: RoundOutcome | 'failed' }) {
  const words = sharingWords(useSpeech().language);
  if (outcome === 'failed') return <Notice tone="bad">{words.failed}</Notice>;
  switch (outcome.kind) {
    case 'off':
      return null;
    case 'done':
      return (
        <Notice>
          <p>{words.outcome.done}</p>
          <p className="number">{words.buffer(Math.min(outcome.waiting, outcome.k), outcome.k)}</p>
          {outcome.abstained && <p>{words.abstained[outcome.abstained]}</p>}
        </Notice>
      );
    case 'distrusted':
      return <Notice tone="bad">{words.distrust[outcome.rule]}</Notice>;
    case 'refused':
      return <Notice tone="bad">{words.outcome.refused(words.reasons[outcome.reason] ?? outcome.reason)}</Notice>;
    default:
      return <Notice>{words.outcome[outcome.kind]}</Notice>;
  }
}

/** Rounds of this page, one after the other; news that comes while one runs is looked at after it. */
function useRounds(sharing: Sharing) {
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
    void run(false);
    return sharing.listen(() => void run(false));
  }, [run, sharing]);
  return { outcome, isBusy, run };
}

/** What a newcomer to a trial does and sees, with what is done already. */
function TrialTour({ view }: { readonly view: SharingView }) {
  const words = sharingWords(useSpeech().language);
  const answers = useLog(async (reader) => (await reader.list('answers')).filter((a) => a.superseded === 0).length, 'answers');
  const landed = view.contributions.find((c) => c.versionStatus === 'released')?.version ?? null;
  const steps: readonly (readonly [string, boolean])[] = [
    [words.tourSteps.answer, answers.kind === 'ready' && answers.value >= 10],
    [words.tourSteps.agree, view.consent?.training ?? false],
    [words.tourSteps.send, view.contributions.some((c) => c.status !== 'sealed')],
    [words.tourSteps.land(landed), landed !== null],
  ];
  return (
    <section className="card" aria-labelledby="tour">
      <h2 id="tour">{words.tourTitle}</h2>
      <ol className="tour">
        {steps.map(([text, isDone]) => (
          <li key={text} {...(isDone ? { 'data-done': '' } : {})}>
            <span>
              {text} {isDone && <span className="only-spoken">{words.done}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function SharingOn({ sharing, view }: { readonly sharing: Sharing; readonly view: SharingView }) {
  const { language } = useSpeech();
  const words = sharingWords(language);
  const { outcome, isBusy, run } = useRounds(sharing);
  const [hasFailed, setFailed] = useState(false);
  const since = new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(view.consent?.at);
  return (
    <section className="card" aria-labelledby="on">
      <h2 id="on">{words.on}</h2>
      <p className="quiet">{words.since(since)}</p>
      {view.waiting > 0 && <p className="number">{words.waiting(view.waiting)}</p>}
      {outcome && <Outcome outcome={outcome} />}
      {hasFailed && <Notice tone="bad">{words.failed}</Notice>}
      <div className="pair">
        <button type="button" className="button" disabled={isBusy} onClick={() => void run(true)}>
          {isBusy ? words.busy : words.now}
        </button>
        <button type="button" className="button" onClick={() => void sharing.withdraw().catch(() => setFailed(true))}>
          {words.stopButton}
        </button>
      </div>
      {sharing.isTrial && (
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

function Asked({ sharing, wasOn }: { readonly sharing: Sharing; readonly wasOn: boolean }) {
  const { t, language } = useSpeech();
  const words = sharingWords(language);
  const [tries, setTries] = useState(0);
  const proposal = useOnce(() => sharing.proposal(), `proposal ${tries}`);
  const again = () => setTries((n) => n + 1);
  return (
    <>
      {wasOn && <Notice>{words.off}</Notice>}
      {proposal.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {proposal.kind === 'failed' && (
        <Notice>
          <p>{words.cannotAsk}</p>
          <button type="button" className="button" onClick={again}>
            {words.retry}
          </button>
        </Notice>
      )}
      {proposal.kind === 'ready' && <ConsentCard sharing={sharing} proposal={proposal.value} onChanged={again} />}
    </>
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
  const { consent, contributions, latest } = view.value;
  return (
    <>
      {sharing.isTrial && <TrialTour view={view.value} />}
      {consent?.training ? <SharingOn sharing={sharing} view={view.value} /> : <Asked sharing={sharing} wasOn={consent !== null} />}
      {consent && <SharedModel latest={latest} />}
      <OtherConsents />
      {consent && <Erase sharing={sharing} />}
      {(consent || contributions.length > 0) && (
        <Contributions rows={contributions} isTrial={sharing.isTrial} cap={consent?.epsilonCap ?? null} />
      )}
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

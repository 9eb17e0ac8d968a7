import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { usePushWords } from '#client/i18n/push-words.ts';
import type { Pushed, PushTarget } from '#client/ports/mlflow-push.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice } from '#client/ui/states.tsx';

interface Props {
  /** Runs that would go. */
  readonly runs: number;
  readonly push: (target: PushTarget, onProgress: (done: number) => void, stop: AbortSignal) => Promise<Pushed>;
}

type State =
  | { readonly kind: 'idle' | 'not-an-address' }
  | { readonly kind: 'working'; readonly done: number }
  | { readonly kind: 'over'; readonly outcome: Pushed; readonly address: string };

/** The address without what follows its path; null unless nobody on the way can read along: encrypted, or this machine. */
function addressOf(text: string): string | null {
  if (!URL.canParse(text.trim())) return null;
  const { protocol, hostname, origin, pathname } = new URL(text.trim());
  const isHere = protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname);
  return protocol === 'https:' || isHere ? origin + pathname.replace(/\/+$/, '') : null;
}

function Outcome({ outcome, address }: { readonly outcome: Pushed; readonly address: string }) {
  const w = usePushWords();
  switch (outcome.kind) {
    case 'done':
      return <Notice>{w.done(outcome.runs, address)}</Notice>;
    case 'stopped':
      return <Notice>{w.stopped(outcome.runs)}</Notice>;
    case 'unreachable':
      return (
        <Notice tone="bad">
          <p>{w.unreachable(address, location.origin)}</p>
          <p>
            <code>mlflow server --cors-allowed-origins {location.origin}</code>
          </p>
        </Notice>
      );
    case 'refused':
      return <Notice tone="bad">{w.refused(outcome.message)}</Notice>;
    default:
      return <Notice tone="bad">{w[outcome.kind]}</Notice>;
  }
}

interface FieldProps {
  readonly name: string;
  readonly hint?: string;
  readonly type: 'url' | 'text' | 'password';
  readonly value: string;
  readonly isWorking: boolean;
  readonly isWrong?: boolean;
  readonly onChange: (value: string) => void;
}

function Field({ name, hint, type, value, isWorking, isWrong = false, onChange }: FieldProps) {
  const id = useId();
  return (
    <>
      <label className="field">
        <span>{name}</span>
        {/* an address is judged here: the browser's own complaint speaks its language, not the app's */}
        <input
          type={type === 'url' ? 'text' : type}
          inputMode={type === 'url' ? 'url' : 'text'}
          autoComplete={type === 'url' ? 'url' : 'off'}
          spellCheck={false}
          value={value}
          disabled={isWorking}
          aria-describedby={hint && id}
          aria-invalid={isWrong}
          onChange={(event) => onChange(event.target.value)}
        />
      </label>
      {hint && (
        <p className="quiet small" id={id}>
          {hint}
        </p>
      )}
    </>
  );
}

/** From here the log goes to an MLflow server of the learner's own choice. */
export function PushPage({ runs, push }: Props) {
  const w = usePushWords();
  const [address, setAddress] = useState('http://localhost:5000');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const [state, setState] = useState<State>({ kind: 'idle' });
  const control = useRef(new AbortController());
  useEffect(() => () => control.current.abort(), []);
  const told = useRef<HTMLDivElement>(null);
  // on a phone it would stand below the screen
  useEffect(() => {
    if (state.kind === 'over' || state.kind === 'not-an-address') told.current?.scrollIntoView({ block: 'nearest' });
  }, [state.kind]);
  usePageTitle(w.title);
  const start = async (event: FormEvent) => {
    event.preventDefault();
    const base = addressOf(address);
    if (base === null) return setState({ kind: 'not-an-address' });
    control.current = new AbortController();
    setState({ kind: 'working', done: 0 });
    const outcome = await push({ base, user, secret }, (done) => setState({ kind: 'working', done }), control.current.signal);
    setState({ kind: 'over', outcome, address: base });
  };
  const isWorking = state.kind === 'working';
  return (
    <main className="page bare">
      <header>
        <h1>{w.title}</h1>
        <p>{runs > 0 ? w.text(runs) : w.nothing}</p>
      </header>
      {runs > 0 && (
        <form className="card" onSubmit={(event) => void start(event)}>
          <Field
            name={w.address}
            hint={w.addressHint}
            type="url"
            value={address}
            isWorking={isWorking}
            isWrong={state.kind === 'not-an-address'}
            onChange={setAddress}
          />
          <Field name={w.user} type="text" value={user} isWorking={isWorking} onChange={setUser} />
          <Field name={w.secret} hint={w.secretHint} type="password" value={secret} isWorking={isWorking} onChange={setSecret} />
          <div ref={told}>
            {state.kind === 'not-an-address' && <Notice tone="bad">{w.notAnAddress}</Notice>}
            {state.kind === 'over' && <Outcome outcome={state.outcome} address={state.address} />}
          </div>
          <p className="number" role="status">
            {isWorking && w.progress(state.done, runs)}
          </p>
          {/* two buttons, not one: the tap that stops must not submit what it has just become */}
          {isWorking ? (
            <button key="stop" type="button" className="button wide" onClick={() => control.current.abort()}>
              {w.stop}
            </button>
          ) : (
            <button key="push" type="submit" className="button primary wide">
              {w.now}
            </button>
          )}
        </form>
      )}
      <p>
        <a className="button" href="/storage">
          {w.back}
        </a>
      </p>
    </main>
  );
}

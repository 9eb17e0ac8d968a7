import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useStoragePageWords } from '#client/i18n/storage-page-words.ts';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { Notice } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';

type Step =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'failed'; readonly fault: unknown }
  | { readonly kind: 'done'; readonly reference: string | null };

/** Empties every place the browser keeps of this app. */
async function clearBrowser(): Promise<void> {
  localStorage.clear();
  sessionStorage.clear();
  const databases = (await indexedDB.databases?.()) ?? [{ name: 'examsgraph-cache' }];
  for (const { name } of databases) if (name?.startsWith('examsgraph')) indexedDB.deleteDatabase(name);
  if ('caches' in globalThis) for (const key of await caches.keys()) await caches.delete(key);
  for (const registration of (await navigator.serviceWorker?.getRegistrations()) ?? []) await registration.unregister();
}

/** Remove everything, after a typed word; on the server too if wanted. */
export function DeleteEverything() {
  const w = useStoragePageWords();
  const { t } = useSpeech();
  const ports = usePorts();
  const [typed, setTyped] = useState('');
  const [isServerToo, setServerToo] = useState(false);
  const [step, setStep] = useState<Step>({ kind: 'idle' });
  const account = useOnce(() => ports.log.federation.value('account'), 'account');
  const hasAccount = account.kind === 'ready' && account.value !== undefined;
  const erase = async () => {
    setStep({ kind: 'working' });
    let reference: string | null = null;
    if (isServerToo) {
      try {
        reference = await (await ports.sharing()).erase();
      } catch {
        return setStep({ kind: 'offline' });
      }
    }
    try {
      await (await ports.safety()).deleteEverything();
      await clearBrowser();
      setStep({ kind: 'done', reference });
    } catch (fault) {
      setStep({ kind: 'failed', fault });
    }
  };
  if (step.kind === 'done') {
    return (
      <section className="card" role="status" aria-labelledby="erase">
        <h2 id="erase">{w.erased}</h2>
        {step.reference && <p style={{ overflowWrap: 'anywhere' }}>{w.eraseReference(step.reference)}</p>}
        <button type="button" className="button primary" onClick={() => location.assign('/')}>
          {w.again}
        </button>
      </section>
    );
  }
  return (
    <section className="card" aria-labelledby="erase">
      <h2 id="erase">{w.erase}</h2>
      <p>{w.eraseText}</p>
      {hasAccount && (
        <label className="check">
          <input type="checkbox" checked={isServerToo} onChange={(event) => setServerToo(event.target.checked)} />
          <span>
            {w.eraseServer}
            <span className="quiet small" style={{ display: 'block' }}>
              {w.eraseServerText}
            </span>
          </span>
        </label>
      )}
      <label className="field">
        <span>{w.eraseType(w.eraseWord)}</span>
        <input type="text" autoComplete="off" value={typed} onChange={(event) => setTyped(event.target.value)} />
      </label>
      <button
        type="button"
        className="button"
        disabled={typed.trim().normalize('NFC') !== w.eraseWord || step.kind === 'working'}
        onClick={() => void erase()}
      >
        {w.eraseNow}
      </button>
      {step.kind === 'offline' && <Notice tone="bad">{w.eraseOffline}</Notice>}
      {step.kind === 'failed' && <Notice tone="bad">{storageWords(t, step.fault)}</Notice>}
    </section>
  );
}

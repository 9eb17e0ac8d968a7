import { useId, useRef, useState } from 'react';
import type { BackupFault, BackupHeader } from '#client/backup/backup-file.ts';
import type { Inspected, Restored } from '#client/backup/safety.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { useStoragePageWords } from '#client/i18n/storage-page-words.ts';
import { usePorts } from '#client/tutor/learner-ports.tsx';
import { Notice } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';

interface Chosen {
  readonly file: Uint8Array;
  readonly header: BackupHeader;
}

type Step =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working'; readonly share: number }
  | { readonly kind: 'refused'; readonly fault: BackupFault }
  | { readonly kind: 'failed'; readonly fault: unknown }
  | { readonly kind: 'inspected'; readonly inspected: Inspected }
  | { readonly kind: 'restored'; readonly restored: Restored; readonly hasSecrets: boolean };

/** Bring a backup in: what it would add is said before anything is changed. @param own a copy found on this device */
export function Restore({ own }: { readonly own?: Uint8Array }) {
  const w = useStoragePageWords();
  const { t, language } = useSpeech();
  const ports = usePorts();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const [step, setStep] = useState<Step>({ kind: 'idle' });

  const inspect = async (file: Uint8Array, secret: string | null) => {
    setStep({ kind: 'working', share: 0 });
    try {
      const safety = await ports.safety();
      const result = await safety.inspect(file, secret, (share) => setStep({ kind: 'working', share }));
      setStep(result.ok ? { kind: 'inspected', inspected: result.value } : { kind: 'refused', fault: result.fault });
    } catch (fault) {
      setStep({ kind: 'failed', fault });
    }
  };
  const choose = async (file: Uint8Array) => {
    const header = (await ports.safety()).header(file);
    setChosen(header.ok ? { file, header: header.value } : null);
    if (!header.ok) return setStep({ kind: 'refused', fault: header.fault });
    if (header.value.sealed) return setStep({ kind: 'idle' });
    await inspect(file, null);
  };
  const restore = async (inspected: Inspected) => {
    setStep({ kind: 'working', share: 1 });
    try {
      setStep({ kind: 'restored', restored: await inspected.restore(), hasSecrets: inspected.content.secrets !== null });
    } catch (fault) {
      setStep({ kind: 'failed', fault });
    }
  };
  const isSealed = chosen?.header.sealed != null && step.kind !== 'inspected' && step.kind !== 'restored';
  return (
    <section className="card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{w.restore}</h2>
      <p>{w.restoreText}</p>
      {own && step.kind === 'idle' && !chosen && (
        <>
          <p>{w.lostOwn}</p>
          <button type="button" className="button primary wide" onClick={() => void choose(own)}>
            {w.lostRestore}
          </button>
        </>
      )}
      <input
        ref={input}
        id={id}
        type="file"
        className="only-spoken"
        accept=".egbackup"
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = '';
          if (file) void file.arrayBuffer().then((bytes) => choose(new Uint8Array(bytes)));
        }}
      />
      <label htmlFor={id} className="button">
        {w.choose}
      </label>
      {chosen && (
        <p className="number">{w.file(new Date(chosen.header.created_at).toLocaleString(language), chosen.header.counts.answers)}</p>
      )}
      {isSealed && chosen && (
        <>
          <label className="field">
            <span>{w.passphrase}</span>
            <input type="password" autoComplete="off" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
          </label>
          <button
            type="button"
            className="button"
            disabled={passphrase === '' || step.kind === 'working'}
            onClick={() => void inspect(chosen.file, passphrase)}
          >
            {w.open}
          </button>
        </>
      )}
      {step.kind === 'working' && (
        <p role="status" className="number">
          {w.working(t.common.percent(step.share))}
        </p>
      )}
      {step.kind === 'refused' && <Notice tone="bad">{w.faults[step.fault]}</Notice>}
      {step.kind === 'failed' && <Notice tone="bad">{storageWords(t, step.fault)}</Notice>}
      {step.kind === 'inspected' && (
        <>
          <p className="number" role="status">
            {w.would(step.inspected.would.added, step.inspected.would.known)}
          </p>
          <button type="button" className="button primary" onClick={() => void restore(step.inspected)}>
            {w.restoreNow}
          </button>
        </>
      )}
      {step.kind === 'restored' && (
        <div className="stack" role="status">
          <p className="number">{w.restored(step.restored.added)}</p>
          <p className="quiet">{step.hasSecrets ? step.restored.ledger > 0 && w.ledger(step.restored.ledger) : w.noSecrets}</p>
          <button type="button" className="button primary" onClick={() => location.assign('/')}>
            {w.go}
          </button>
        </div>
      )}
    </section>
  );
}

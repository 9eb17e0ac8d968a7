import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useStoragePageWords } from '#client/i18n/storage-page-words.ts';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { download } from '#client/ui/download.ts';
import { Notice } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';

type Progress =
  | { readonly kind: 'idle' }
  | { readonly kind: 'working'; readonly share: number }
  | { readonly kind: 'saved'; readonly answers: number; readonly file: File }
  | { readonly kind: 'failed'; readonly fault: unknown };

/** Make a backup file, with a passphrase or without; save or share it. */
export function SaveBackup() {
  const w = useStoragePageWords();
  const { t, language } = useSpeech();
  const ports = usePorts();
  const [passphrase, setPassphrase] = useState('');
  const [progress, setProgress] = useState<Progress>({ kind: 'idle' });
  const own = useOnce(async () => (await (await ports.safety()).shelved())?.header ?? null, progress.kind);
  const save = async () => {
    setProgress({ kind: 'working', share: 0 });
    try {
      const safety = await ports.safety();
      const bytes = await safety.make(passphrase === '' ? null : passphrase, (share) => setProgress({ kind: 'working', share }));
      const header = safety.header(bytes);
      const date = new Date(ports.moment().at).toISOString().slice(0, 10);
      const file = new File([bytes as Uint8Array<ArrayBuffer>], `examsgraph-${date}.egbackup`, { type: 'application/octet-stream' });
      download(file);
      setProgress({ kind: 'saved', answers: header.ok ? header.value.counts.answers : 0, file });
    } catch (fault) {
      setProgress({ kind: 'failed', fault });
    }
  };
  const mayShare = progress.kind === 'saved' && (navigator.canShare?.({ files: [progress.file] }) ?? false);
  return (
    <section className="card" aria-labelledby="save">
      <h2 id="save">{w.save}</h2>
      <p>{w.saveText}</p>
      <label className="field">
        <span>{w.passphrase}</span>
        <input type="password" autoComplete="new-password" value={passphrase} onChange={(event) => setPassphrase(event.target.value)} />
      </label>
      <p className="quiet small">{w.passphraseHint}</p>
      <button type="button" className="button primary" disabled={progress.kind === 'working'} onClick={() => void save()}>
        {w.saveNow}
      </button>
      <p className="number" role="status">
        {progress.kind === 'working' && w.working(t.common.percent(progress.share))}
        {progress.kind === 'saved' && w.saved(progress.answers)}
      </p>
      {mayShare && progress.kind === 'saved' && (
        <button type="button" className="button" onClick={() => void navigator.share({ files: [progress.file] }).catch(() => undefined)}>
          {w.share}
        </button>
      )}
      {progress.kind === 'failed' && <Notice tone="bad">{storageWords(t, progress.fault)}</Notice>}
      <p className="quiet small number">
        {own.kind === 'ready' && own.value
          ? w.own(new Date(own.value.created_at).toLocaleString(language), own.value.counts.answers)
          : w.ownNone}
      </p>
      {own.kind === 'failed' && <Notice tone="bad">{storageWords(t, own.fault)}</Notice>}
    </section>
  );
}

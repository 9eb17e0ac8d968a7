import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { useStoragePageWords } from '#client/i18n/storage-page-words.ts';
import { StorageFault } from '#client/ports/experiment-log.ts';
import { readSettings, usePorts } from '#client/tutor/learner-ports.tsx';
import type { Tutor } from '#client/tutor/tutor.ts';
import { download } from '#client/ui/download.ts';
import { useOnline } from '#client/ui/online.ts';
import { Notice } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';

type Progress = { readonly kind: 'idle' | 'working' | 'saved' } | { readonly kind: 'failed'; readonly fault: unknown };

/** The log for people who work with data (MLflow's folders, tables, events, the model for ONNX and TensorFlow.js), and the questions for Anki. */
export function SaveExport() {
  const w = useStoragePageWords();
  const { t, language } = useSpeech();
  const { log, tutorFor, moment } = usePorts();
  const isOnline = useOnline();
  const [progress, setProgress] = useState<Progress>({ kind: 'idle' });
  const save = async (make: (tutor: Tutor | null) => Promise<File>) => {
    setProgress({ kind: 'working' });
    try {
      const { packId } = await readSettings(log);
      download(await make(packId ? await tutorFor(packId) : null));
      setProgress({ kind: 'saved' });
    } catch (fault) {
      setProgress({ kind: 'failed', fault });
    }
  };
  const date = () => new Date(moment().at).toISOString().slice(0, 10);
  const zip = async (tutor: Tutor | null): Promise<File> => {
    const { exportLog } = await import('#client/tutor/export-log.ts');
    const bytes = await exportLog(log, tutor);
    return new File([bytes as Uint8Array<ArrayBuffer>], `examsgraph-log-${date()}.zip`, { type: 'application/zip' });
  };
  const anki = async (tutor: Tutor | null): Promise<File> => {
    if (!tutor) throw new Error('no pack in use');
    const { ankiText } = await import('#shared/packs/anki-text.ts');
    const mine = await log.list('items', 'pack_id', tutor.packId);
    const text = ankiText(tutor.course.pack, language, new Map(mine.map((row) => [row.item_id, row.note])));
    return new File([text], `examsgraph-anki-${date()}.txt`, { type: 'text/plain' });
  };
  return (
    <section className="card" aria-labelledby="export">
      <h2 id="export">{w.exported}</h2>
      <p>{w.exportedText}</p>
      <button type="button" className="button" disabled={progress.kind === 'working'} onClick={() => void save(zip)}>
        {w.exportedNow}
      </button>
      <p>{w.ankiText}</p>
      <button type="button" className="button" disabled={progress.kind === 'working'} onClick={() => void save(anki)}>
        {w.anki}
      </button>
      <p role="status">
        {progress.kind === 'working' && t.common.loading}
        {progress.kind === 'saved' && w.exportedDone}
      </p>
      {isOnline ? (
        <p>
          {/* a page of its own: its policy lets it call another server */}
          <a href="/push">{w.push}</a>
        </p>
      ) : (
        <p className="quiet small">{w.pushOffline}</p>
      )}
      {progress.kind === 'failed' && (
        <Notice tone="bad">{progress.fault instanceof StorageFault ? storageWords(t, progress.fault) : w.exportedFailed}</Notice>
      )}
    </section>
  );
}

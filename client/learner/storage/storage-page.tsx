import { useSpeech } from '#client/i18n/language.tsx';
import { useStoragePageWords } from '#client/i18n/storage-page-words.ts';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { DeleteEverything } from './delete-everything.tsx';
import { Restore } from './restore.tsx';
import { SaveBackup } from './save-backup.tsx';
import { SaveExport } from './save-export.tsx';

/** What is kept here, how to carry it away, bring it back, or remove it. */
export function StoragePage() {
  const w = useStoragePageWords();
  const { t } = useSpeech();
  const { log } = usePorts();
  const held = useOnce(async () => {
    const [answers, events, estimate] = await Promise.all([log.list('answers'), log.head(), navigator.storage?.estimate?.()]);
    return { answers: answers.filter((a) => a.superseded === 0).length, events, estimate };
  }, 'held');
  usePageTitle(w.title);
  return (
    <main className="page">
      <header>
        <h1>{w.title}</h1>
        {held.kind === 'waiting' && <Waiting text={t.common.loading} />}
        {held.kind === 'ready' && (
          <p className="quiet number">
            {w.held(held.value.answers, held.value.events)}{' '}
            {held.value.estimate?.quota &&
              w.usage(
                w.megabytes(held.value.estimate.usage ?? 0),
                w.megabytes(held.value.estimate.quota - (held.value.estimate.usage ?? 0)),
              )}
          </p>
        )}
      </header>
      {held.kind === 'failed' && <Notice tone="bad">{storageWords(t, held.fault)}</Notice>}
      <SaveBackup />
      <Restore />
      <SaveExport />
      <DeleteEverything />
    </main>
  );
}

/** Instead of a welcome, where a log was and is no more. */
export function LostPage({ onAnew }: { readonly onAnew: () => void }) {
  const w = useStoragePageWords();
  const { t, language } = useSpeech();
  const { lost, safety } = usePorts();
  const own = useOnce(async () => (await (await safety()).shelved())?.file ?? null, 'own');
  usePageTitle(w.lost);
  if (!lost) return null;
  return (
    <main className="page bare">
      <header>
        <h1>{w.lost}</h1>
        <p>{w.lostText(lost.answers, new Date(lost.at).toLocaleDateString(language))}</p>
        <p>{w.lostHint}</p>
        <p>{w.lostAccount}</p>
      </header>
      {own.kind === 'failed' && <Notice tone="bad">{storageWords(t, own.fault)}</Notice>}
      {own.kind !== 'waiting' && <Restore {...(own.kind === 'ready' && own.value ? { own: own.value } : {})} />}
      <button type="button" className="button wide" onClick={onAnew}>
        {w.lostNew}
      </button>
    </main>
  );
}

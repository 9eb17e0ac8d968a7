import { useState } from 'react';
import { Link } from 'wouter';
import { useDoneWords } from '#client/i18n/done-words.ts';
import { useLog, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { Notice } from '#client/ui/states.tsx';

const LATER = 'protect.later';
const MILESTONES = [1, 20, 100];

/** Install, protect, back up: offered after the first finished session, and again at a few milestones; never a second time at one. */
export function KeepSafe({ packId }: { readonly packId: string }) {
  const done = useDoneWords();
  const { log, install, storage } = usePorts();
  const [persisted, setPersisted] = useState<boolean | null>(null);
  const [isHint, setHint] = useState(false);
  const due = useLog(async (reader) => {
    const done = (await reader.list('sessions', 'pack_id', packId)).filter((s) => s.ended === 'finished').length;
    const milestone = MILESTONES.findLast((m) => done >= m) ?? 0;
    return milestone > Number((await reader.get('settings', LATER))?.value ?? 0) ? milestone : null;
  }, packId);
  const already = useOnce(async () => (await navigator.storage?.persisted?.()) ?? false, 'persisted');
  if (due.kind !== 'ready' || due.value === null || storage === 'memory') return null;
  const milestone = due.value;
  const protect = async () => setPersisted((await navigator.storage?.persist?.()) ?? false);
  const add = async () => {
    if (install.mayAsk()) await install.ask();
    else setHint(true);
  };
  return (
    <section className="card" aria-labelledby="protect">
      <h2 id="protect">{done.protect}</h2>
      <p>{done.protectText}</p>
      {!install.isInstalled && (
        <button type="button" className="button wide" onClick={() => void add()}>
          {done.install}
        </button>
      )}
      {isHint && <p className="quiet small">{done.installHint}</p>}
      {already.kind === 'ready' && !already.value && persisted === null && (
        <button type="button" className="button wide" onClick={() => void protect()}>
          {done.persist}
        </button>
      )}
      {persisted !== null && <Notice>{persisted ? done.persisted : done.refused}</Notice>}
      <Link className="button wide" href="/storage">
        {done.backup}
      </Link>
      <button
        type="button"
        className="button plain"
        onClick={() => void log.append([{ kind: 'setting.set', body: { key: LATER, value: String(milestone) } }])}
      >
        {done.later}
      </button>
    </section>
  );
}

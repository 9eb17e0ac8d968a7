import { useState } from 'react';
import { useSpeech } from '#client/i18n/language.tsx';
import { type CatalogueEntry, useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { AddPack } from '#client/ui/add-pack.tsx';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { fetchWords, storageWords } from '#client/ui/storage-words.ts';
import { inLanguage } from '#shared/packs/localised.ts';
import type { Pack } from '#shared/packs/schema.ts';

function Installed({ pack, isCurrent, onUse }: { readonly pack: Pack; readonly isCurrent: boolean; readonly onUse: () => void }) {
  const { t, language } = useSpeech();
  const { manifest } = pack;
  return (
    <li className="card">
      <header>
        <h2>{inLanguage(manifest.title, language).text}</h2>
        {isCurrent && <span className="chip">{t.packs.current}</span>}
      </header>
      <p>{inLanguage(manifest.description, language).text}</p>
      <p className="quiet small number">{t.packs.items(manifest.itemCount, manifest.version)}</p>
      <details className="small">
        <summary>{t.packs.attribution}</summary>
        <p>{manifest.attribution}</p>
        <p>{manifest.licence}</p>
        <p>{manifest.authors.join(', ')}</p>
      </details>
      {!isCurrent && (
        <button type="button" className="button" onClick={onUse}>
          {t.packs.use}
        </button>
      )}
    </li>
  );
}

/** The packs on this device, and how to get more. */
export function PacksPage({ packId }: { readonly packId: string | null }) {
  const { t, language } = useSpeech();
  usePageTitle(t.packs.title);
  const ports = usePorts();
  const [changes, setChanges] = useState(0);
  const [added, setAdded] = useState<Pack | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const packs = useOnce(() => ports.installedPacks(), String(changes));
  const use = async (id: string) => {
    await ports.log.append([{ kind: 'setting.set', body: { key: 'pack', value: id } }]);
  };
  const get = async (entry: CatalogueEntry) => {
    setBusy(true);
    setFault(null);
    await ports.fetchPack(entry).then(() => setChanges((n) => n + 1), setFault);
    setBusy(false);
  };
  const installed = packs.kind === 'ready' ? packs.value : [];
  const more = packs.kind === 'ready' ? ports.catalogue.filter((entry) => !installed.some((pack) => pack.manifest.id === entry.id)) : [];
  return (
    <main className="page">
      <header>
        <h1>{t.packs.title}</h1>
        <p className="quiet">{t.packs.lead}</p>
      </header>
      {packs.kind === 'waiting' && <Waiting text={t.common.loading} />}
      {packs.kind === 'failed' && <Notice tone="bad">{storageWords(t, packs.fault)}</Notice>}
      {packs.kind === 'ready' && installed.length === 0 && <p className="quiet">{t.packs.empty}</p>}
      <ul className="stack">
        {installed.map((pack) => (
          <Installed key={pack.manifest.id} pack={pack} isCurrent={pack.manifest.id === packId} onUse={() => void use(pack.manifest.id)} />
        ))}
      </ul>
      {more.length > 0 && (
        <section className="stack" aria-labelledby="more">
          <h2 id="more">{t.packs.more}</h2>
          {more.map((entry) => (
            <div key={entry.id} className="card">
              <h3>{inLanguage(entry.title, language).text}</h3>
              <button type="button" className="button" disabled={isBusy} onClick={() => void get(entry)}>
                {t.packs.get}
              </button>
            </div>
          ))}
        </section>
      )}
      {isBusy && <Waiting text={t.common.loading} />}
      {fault !== null && <Notice tone="bad">{fetchWords(t, fault)}</Notice>}
      <AddPack
        install={ports.installPack}
        onAdded={(pack) => {
          setAdded(pack);
          setChanges((n) => n + 1);
        }}
      />
      {added && <Notice>{t.packs.added(inLanguage(added.manifest.title, language).text)}</Notice>}
    </main>
  );
}

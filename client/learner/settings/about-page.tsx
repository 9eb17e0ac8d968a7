import { useAboutWords } from '#client/i18n/about-words.ts';
import { useSpeech } from '#client/i18n/language.tsx';
import { useOnce, usePorts } from '#client/tutor/learner-ports.tsx';
import { useOnline } from '#client/ui/online.ts';
import { usePageTitle } from '#client/ui/page-title.ts';
import { Read } from '#client/ui/read.tsx';
import { VERSION } from '#shared/domain/version.ts';
import { inLanguage } from '#shared/packs/localised.ts';

/** What this app is, promises, and is made of. */
export function AboutPage() {
  const w = useAboutWords();
  const { language } = useSpeech();
  const { installedPacks } = usePorts();
  const isOnline = useOnline();
  const packs = useOnce(installedPacks, 'packs');
  usePageTitle(w.title);
  return (
    <main className="page">
      <header>
        <h1>{w.title}</h1>
        <p className="quiet number">{w.version(VERSION)}</p>
      </header>
      <section className="card" aria-labelledby="promises">
        <h2 id="promises">{w.promises}</h2>
        <ul className="points">
          {w.list.map((promise) => (
            <li key={promise}>{promise}</li>
          ))}
        </ul>
      </section>
      <section className="card" aria-labelledby="licences">
        <h2 id="licences">{w.licences}</h2>
        <p>{w.code}</p>
        <Read loaded={packs}>
          {(all) =>
            all.map(({ manifest }) => (
              <p key={manifest.id}>{w.content(inLanguage(manifest.title, language).text, manifest.attribution, manifest.licence)}</p>
            ))
          }
        </Read>
        <p>{w.weights}</p>
        {isOnline && (
          <p>
            <a href="/licences.txt">{w.others}</a>
          </p>
        )}
      </section>
    </main>
  );
}

import '../ui/base.css';
import './dashboard.css';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { deviceLanguage, LANGUAGES, type LanguageTag } from '#client/i18n/language.tsx';
import type { Me, StaffApi } from '#client/ports/staff-api.ts';
import { httpStaffApi } from '#client/sync/staff-api.ts';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { AuditPage } from './audit/audit-page.tsx';
import { FlushesPage } from './flushes/flushes-page.tsx';
import { type Desk, DeskProvider, faultText, staffWords } from './frame.tsx';
import { JoinPage, SignInPage } from './join.tsx';
import { ModelsPage } from './models/models-page.tsx';
import { RunsPage } from './runs/runs-page.tsx';
import { StaffListPage } from './staff/staff-page.tsx';
import { TestsPage } from './tests/tests-page.tsx';
import { TodayPage } from './today/today-page.tsx';
import { TokensPage } from './tokens/tokens-page.tsx';

const PAGES = {
  today: { roles: ['admin'], Page: TodayPage },
  flushes: { roles: ['admin', 'analyst'], Page: FlushesPage },
  models: { roles: ['admin'], Page: ModelsPage },
  tests: { roles: ['admin'], Page: TestsPage },
  staff: { roles: ['admin'], Page: StaffListPage },
  audit: { roles: ['auditor'], Page: AuditPage },
  runs: { roles: ['admin', 'analyst', 'auditor'], Page: RunsPage },
  tokens: { roles: ['admin', 'analyst', 'auditor'], Page: TokensPage },
} as const;

type PageName = keyof typeof PAGES;

const invitedBy = (): string | null => /^#join=([A-Za-z0-9_-]+)$/.exec(location.hash)?.[1] ?? null;
const pageOf = (): string => location.hash.slice(1);

function Bar({
  desk,
  pages,
  current,
  onLanguage,
}: {
  readonly desk: Desk;
  readonly pages: readonly PageName[];
  readonly current: PageName | null;
  readonly onLanguage: (tag: LanguageTag) => void;
}) {
  const { words, me, api, refresh, language } = desk;
  return (
    <nav className="staff-bar" aria-label={words.nav.label}>
      <strong>{words.title}</strong>
      <ul className="row">
        {pages.map((name) => (
          <li key={name}>
            <a href={`#${name}`} aria-current={name === current ? 'page' : undefined}>
              {words.nav[name]}
            </a>
          </li>
        ))}
      </ul>
      <span className="row">
        {LANGUAGES.filter((l) => l.tag !== language).map((l) => (
          <button key={l.tag} type="button" className="button plain" lang={l.tag} onClick={() => onLanguage(l.tag)}>
            {l.name}
          </button>
        ))}
        {me.member && (
          <>
            <span className="chip">{words.roles[me.member.role]}</span>
            <button type="button" className="button plain" onClick={() => void api.signOut().then(refresh, refresh)}>
              {words.nav.signOut}
            </button>
          </>
        )}
      </span>
    </nav>
  );
}

function Pages({ desk, onLanguage }: { readonly desk: Desk; readonly onLanguage: (tag: LanguageTag) => void }) {
  const [hash, setHash] = useState(pageOf);
  useEffect(() => {
    const follow = () => setHash(pageOf());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const { member, needsSetup, isTrial, isSimulated } = desk.me;
  const allowed = (Object.keys(PAGES) as PageName[]).filter(
    (name) => member && (PAGES[name].roles as readonly string[]).includes(member.role),
  );
  const current = allowed.find((name) => name === hash) ?? allowed[0] ?? null;
  const [invited] = useState(invitedBy);
  useEffect(() => {
    document.title = current ? `${desk.words.nav[current]} – ${desk.words.title}` : desk.words.title;
  }, [current, desk.words]);
  const Page = current ? PAGES[current].Page : invited || needsSetup ? null : SignInPage;
  return (
    <>
      {(isTrial || isSimulated) && (
        <p className="trial">
          {[isTrial ? desk.words.trial : '', isSimulated ? desk.words.simulated : ''].filter((t) => t !== '').join(' · ')}
        </p>
      )}
      <Bar desk={desk} pages={allowed} current={current} onLanguage={onLanguage} />
      {invited && !member ? <JoinPage invited={invited} /> : Page ? <Page /> : <JoinPage invited={null} />}
    </>
  );
}

function Dashboard({ api }: { readonly api: StaffApi }) {
  const [me, setMe] = useState<Me | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [language, setLanguage] = useState<LanguageTag>(() => deviceLanguage(navigator.languages));
  const words = staffWords(language);
  const refresh = useCallback(() => {
    api.me().then((next) => {
      setFault(null);
      setMe(next);
    }, setFault);
  }, [api]);
  useEffect(refresh, [refresh]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const desk = useMemo(() => (me ? { api, me, language, words, refresh } : null), [api, me, language, words, refresh]);
  if (fault !== null) {
    return (
      <main className="staff-page">
        <h1>{words.title}</h1>
        <Notice tone="bad">
          <p>{faultText(words, fault)}</p>
          <button type="button" className="button" onClick={refresh}>
            {words.retry}
          </button>
        </Notice>
      </main>
    );
  }
  if (!desk) return <Waiting text={words.loading} />;
  return (
    <DeskProvider value={desk}>
      <Pages desk={desk} onLanguage={setLanguage} />
    </DeskProvider>
  );
}

const container = document.getElementById('app');
if (!container) throw new Error('dashboard.html lacks #app');
const dark = matchMedia('(prefers-color-scheme: dark)');
const applyLook = () => {
  document.documentElement.dataset['look'] = dark.matches ? 'dark' : 'light';
};
applyLook();
dark.addEventListener('change', applyLook);
createRoot(container).render(<Dashboard api={httpStaffApi()} />);

import { ChartNoAxesColumn, ChartSpline, House, Library, Settings2 } from 'lucide-react';
import { Component, type ReactNode, Suspense, useEffect, useState } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import type { Messages } from '#client/i18n/en.ts';
import { LanguageProvider, messagesFor, useSpeech } from '#client/i18n/language.tsx';
import { PlanPage, StartPage, WelcomePage } from '#client/learner/start/start-page.tsx';
import { StudyPage } from '#client/learner/study/study-page.tsx';
import { CopyFault, StorageFault } from '#client/ports/experiment-log.ts';
import type { Appearance } from '#client/ports/look.ts';
import { type LearnerPorts, LearnerPortsProvider, readSettings, useLog, usePorts } from '#client/tutor/learner-ports.tsx';
import { Notice, Waiting } from '#client/ui/states.tsx';
import { storageWords } from '#client/ui/storage-words.ts';
import { applyAppearance, keepAppearance } from './appearance.ts';
import { page, readAhead } from './page.tsx';

// Not needed for the first question: fetched when first opened, on the device once installed.
const DonePage = page(async () => (await import('#client/learner/done/done-page.tsx')).DonePage);
const MyModelPage = page(async () => (await import('#client/learner/my-model/my-model-page.tsx')).MyModelPage);
const ProgressPage = page(async () => (await import('#client/learner/progress/progress-page.tsx')).ProgressPage);
const ReviewPage = page(async () => (await import('#client/learner/review/review-page.tsx')).ReviewPage);
const PracticePage = page(async () => (await import('#client/learner/practice/practice-page.tsx')).PracticePage);
const ExamPage = page(async () => (await import('#client/learner/exam/exam-page.tsx')).ExamPage);
const ExamSittingPage = page(async () => (await import('#client/learner/exam/exam-page.tsx')).ExamSittingPage);
const HomePage = page(async () => (await import('#client/learner/home/home-page.tsx')).HomePage);
const StoragePage = page(async () => (await import('#client/learner/storage/storage-page.tsx')).StoragePage);
const LostPage = page(async () => (await import('#client/learner/storage/storage-page.tsx')).LostPage);
const PacksPage = page(async () => (await import('#client/learner/packs/packs-page.tsx')).PacksPage);
const SharingPage = page(async () => (await import('#client/learner/sharing/sharing-page.tsx')).SharingPage);
const AboutPage = page(async () => (await import('#client/learner/settings/about-page.tsx')).AboutPage);
const SettingsPage = page(async () => (await import('#client/learner/settings/settings-page.tsx')).SettingsPage);

const FIRST: Readonly<Record<string, { fetch(): Promise<unknown> }>> = {
  '/': HomePage,
  '/progress': ProgressPage,
  '/my-model': MyModelPage,
  '/packs': PacksPage,
  '/settings': SettingsPage,
  '/review': ReviewPage,
  '/practice': PracticePage,
  '/exam': ExamPage,
};

/** Fetches the code of the screen at this address, so that it is there once the log is open. */
export const fetchPageAt = async (path: string): Promise<unknown> => FIRST[path]?.fetch();

/** Fetches the code of every screen that a tab or a card leads to. @param rest waits until the page has nothing better to do */
export const fetchPages = (rest: () => Promise<void>): Promise<void> => readAhead([DonePage, ...Object.values(FIRST)], rest);

const TABS = [
  { href: '/', key: 'home', Icon: House },
  { href: '/progress', key: 'progress', Icon: ChartSpline },
  { href: '/my-model', key: 'model', Icon: ChartNoAxesColumn },
  { href: '/packs', key: 'packs', Icon: Library },
  { href: '/settings', key: 'settings', Icon: Settings2 },
] as const;

function Tabs() {
  const { t } = useSpeech();
  const [path] = useLocation();
  return (
    <nav className="tabs" aria-label={t.nav.label}>
      <ul>
        {TABS.map(({ href, key, Icon }) => (
          <li key={href}>
            <Link
              href={href}
              aria-current={
                path === href || (href === '/settings' && ['/sharing', '/storage', '/about'].includes(path)) ? 'page' : undefined
              }
            >
              <Icon className="icon" size={22} strokeWidth={1.75} aria-hidden />
              {t.nav[key]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The last line of defence: a bug in one screen is told, not shown as a blank page. */
class FaultBoundary extends Component<{ readonly children: ReactNode; readonly fallback: ReactNode }, { readonly hasFault: boolean }> {
  override state = { hasFault: false };
  static getDerivedStateFromError() {
    return { hasFault: true };
  }
  override render() {
    return this.state.hasFault ? this.props.fallback : this.props.children;
  }
}

function Fault() {
  const { t } = useSpeech();
  return (
    <main className="page bare">
      <h1>{t.fault.title}</h1>
      <Notice tone="bad">{t.fault.safe}</Notice>
      <button type="button" className="button primary" onClick={() => location.assign('/')}>
        {t.common.reload}
      </button>
    </main>
  );
}

interface ScreenProps {
  readonly appearance: Appearance;
  readonly onAppearance: (next: Appearance) => void;
}

function Screens({ appearance, onAppearance }: ScreenProps) {
  const { t } = useSpeech();
  const [path] = useLocation();
  const settings = useLog(readSettings, 'settings');
  const { lost } = usePorts();
  const [isLost, setLost] = useState(lost !== null);
  if (settings.kind === 'waiting') return <Waiting text={t.common.loading} />;
  if (settings.kind === 'failed') return <Fault />;
  const { packId } = settings.value;
  if (isLost && path === '/') {
    return (
      <Suspense fallback={<Waiting text={t.common.loading} />}>
        <LostPage onAnew={() => setLost(false)} />
      </Suspense>
    );
  }
  const withTabs = (page: ReactNode) => (
    <>
      {page}
      <Tabs />
    </>
  );
  return (
    <Suspense fallback={<Waiting text={t.common.loading} />}>
      <Switch>
        <Route path="/start">
          <StartPage />
        </Route>
        <Route path="/start/:pack">{({ pack }) => <PlanPage packId={pack} />}</Route>
        <Route path="/study/:session">{({ session }) => <StudyPage key={session} sessionId={session} />}</Route>
        <Route path="/done/:session">{({ session }) => <DonePage sessionId={session} />}</Route>
        <Route path="/packs">{withTabs(<PacksPage packId={packId} />)}</Route>
        <Route path="/add">
          <Redirect to="/packs" replace />
        </Route>
        <Route path="/privacy">
          <Redirect to="/sharing" replace />
        </Route>
        <Route path="/storage">{withTabs(<StoragePage />)}</Route>
        <Route path="/sharing">{withTabs(<SharingPage />)}</Route>
        <Route path="/about">{withTabs(<AboutPage />)}</Route>
        <Route path="/settings">{withTabs(<SettingsPage appearance={appearance} onAppearance={onAppearance} />)}</Route>
        {packId === null ? (
          <Route path="/">
            <WelcomePage />
          </Route>
        ) : (
          <Route path="/">{withTabs(<HomePage settings={settings.value} packId={packId} />)}</Route>
        )}
        <Route path="/exam/:session">{({ session }) => <ExamSittingPage key={session} sessionId={session} />}</Route>
        {packId !== null && <Route path="/progress">{withTabs(<ProgressPage packId={packId} />)}</Route>}
        {packId !== null && <Route path="/review">{withTabs(<ReviewPage packId={packId} />)}</Route>}
        {packId !== null && <Route path="/practice">{withTabs(<PracticePage packId={packId} />)}</Route>}
        {packId !== null && <Route path="/exam">{withTabs(<ExamPage packId={packId} />)}</Route>}
        {packId !== null && <Route path="/my-model">{withTabs(<MyModelPage packId={packId} />)}</Route>}
        <Route>
          <Redirect to="/" replace />
        </Route>
      </Switch>
    </Suspense>
  );
}

/** The latest thing that was asked for and failed with nobody else to say so; until it is closed. */
function useUntoldFault(): readonly [unknown, () => void] {
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    const tell = (event: PromiseRejectionEvent) => setFault(event.reason);
    addEventListener('unhandledrejection', tell);
    return () => removeEventListener('unhandledrejection', tell);
  }, []);
  return [fault, () => setFault(null)];
}

/** Whether this is the address of a mock exam, running or reported. */
const isInExam = (path: string): boolean => /^\/exam\/./.test(path);

/** On every page of a trial: what happens here protects nobody. */
function TrialBanner() {
  const { t } = useSpeech();
  const [path] = useLocation();
  return (
    <p className="trial">
      {t.trial}
      {path !== '/sharing' && !path.startsWith('/study') && !isInExam(path) && <Link href="/sharing">{t.trialTour}</Link>}
    </p>
  );
}

function Banners({ applyUpdate }: { readonly applyUpdate: (() => void) | null }) {
  const { t } = useSpeech();
  const { storage } = usePorts();
  const [path] = useLocation();
  const [fault, forget] = useUntoldFault();
  const isStudying = path.startsWith('/study') || isInExam(path);
  if (storage === 'kept' && !fault && (!applyUpdate || isStudying)) return null;
  return (
    <div className={fault === null ? 'page' : 'page told'} style={{ paddingBottom: 0, gap: 8 }}>
      {storage === 'memory' && <Notice tone="bad">{t.storageFault.memory}</Notice>}
      {fault !== null && (
        <Notice tone="bad">
          <p>{fault instanceof CopyFault ? t.fault.copy : fault instanceof StorageFault ? storageWords(t, fault) : t.fault.step}</p>
          <button type="button" className="button" onClick={forget}>
            {t.common.close}
          </button>
        </Notice>
      )}
      {applyUpdate && !isStudying && (
        <Notice>
          <p className="row apart">
            {t.update.ready}
            <button type="button" className="button" onClick={applyUpdate}>
              {t.update.apply}
            </button>
          </p>
        </Notice>
      )}
    </div>
  );
}

/** The learner's app. */
export function App({
  ports,
  initial,
  messages,
  applyUpdate,
}: {
  readonly ports: LearnerPorts;
  readonly initial: Appearance;
  /** Texts of the language it opens in. */
  readonly messages: Messages;
  readonly applyUpdate: (() => void) | null;
}) {
  const [{ appearance, t }, setScene] = useState({ appearance: initial, t: messages });
  const change = async (next: Appearance) => {
    const words = next.language === appearance.language ? t : await messagesFor(next.language);
    keepAppearance(next);
    applyAppearance(next);
    setScene({ appearance: next, t: words });
  };
  useEffect(() => {
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => applyAppearance(appearance);
    scheme.addEventListener('change', follow);
    return () => scheme.removeEventListener('change', follow);
  }, [appearance]);
  return (
    <LanguageProvider language={appearance.language} t={t} speak={(language) => void change({ ...appearance, language })}>
      <FaultBoundary fallback={<Fault />}>
        <LearnerPortsProvider value={ports}>
          {import.meta.env.VITE_EG_TRIAL === '1' && <TrialBanner />}
          <Banners applyUpdate={applyUpdate} />
          <Screens appearance={appearance} onAppearance={(next) => void change(next)} />
        </LearnerPortsProvider>
      </FaultBoundary>
    </LanguageProvider>
  );
}

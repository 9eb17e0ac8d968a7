import '../ui/base.css';
import { createRoot } from 'react-dom/client';
import { messagesFor } from '#client/i18n/language.tsx';
import { StorageFault } from '#client/ports/experiment-log.ts';
import { type LearnerPorts, readSettings } from '#client/tutor/learner-ports.tsx';
import { App, fetchPageAt, fetchPages } from './app.tsx';
import { applyAppearance, storedAppearance } from './appearance.ts';
import { CannotOpen } from './cannot-open.tsx';
import { installOffer } from './install.ts';
import { learnerPorts } from './learner-ports.ts';
import { readMarker } from './marker.ts';
import { isReadingAhead } from './page.tsx';
import { registerServiceWorker } from './service-worker.ts';

// The address of a run, as MLflow's own client prints it.
if (location.hash.startsWith('#/experiments/')) location.replace('/dashboard#runs');

const container = document.getElementById('app');
if (!container) throw new Error('index.html lacks #app');
const root = createRoot(container);
const appearance = storedAppearance();
applyAppearance(appearance);

const install = installOffer();
const wording = messagesFor(appearance.language);
let ports: LearnerPorts | null = null;
let applyUpdate: (() => void) | null = null;
let isSuperseded = false;

async function paint(): Promise<void> {
  if (ports && !isSuperseded)
    root.render(<App ports={ports} initial={storedAppearance()} messages={await wording} applyUpdate={applyUpdate} />);
}

/** The learner's place in their pack is read while the screen is built that will ask for it. */
async function openAhead(ports: LearnerPorts): Promise<void> {
  const { packId } = await readSettings(ports.log);
  const tutor = packId ? await ports.tutorFor(packId) : null;
  await tutor?.state();
}

const LONGEST_READ_MS = 500;
const SETTLED_MS = 3000;

/** Work that no screen waits for: its code is fetched once the first screen has settled. */
function restLater(ports: LearnerPorts): void {
  setTimeout(() => import('./idle-work.ts').then((m) => m.workWhenIdle(ports, fetchPages)).catch(() => undefined), SETTLED_MS);
}

/** Whether a question is on screen: its clock may run, and what is chosen or typed is not yet written. */
const isAsking = (): boolean => document.querySelector('.stem') !== null;

// A chunk of an older build is gone: one guarded reload fetches the new one.
addEventListener('vite:preloadError', (event) => {
  // what was only read ahead may be missing: nobody waits for it, and a question may be on screen
  if (isReadingAhead() || !navigator.onLine || isAsking() || sessionStorage.getItem('examsgraph.reloaded')) return;
  event.preventDefault();
  sessionStorage.setItem('examsgraph.reloaded', '1');
  location.reload();
});

// Whoever has answered before comes back to a screen that is no part of the first visit: its code is read while the log opens.
const screen = readMarker() ? fetchPageAt(location.pathname).catch(() => undefined) : null;

try {
  ports = await learnerPorts(install);
  const messages = await wording;
  ports.log.onSuperseded(() => {
    isSuperseded = true;
    root.render(<CannotOpen kind="superseded" language={appearance.language} messages={messages} />);
  });
  if (screen) openAhead(ports).catch(() => undefined);
  // a line that stalls is not waited for
  await Promise.race([screen, new Promise((go) => setTimeout(go, LONGEST_READ_MS))]);
  await paint();
  if (import.meta.env.VITE_EG_TEST === '1') {
    (await import('./test-hook.ts')).offerTestHook(ports);
    (await import('./bench-hook.ts')).offerBenchHook(ports);
  }
  registerServiceWorker((apply) => {
    applyUpdate = apply;
    void paint();
  }).catch(() => undefined);
  restLater(ports);
} catch (cause) {
  const kind =
    cause instanceof StorageFault ? (cause.kind === 'unavailable' ? 'unknown' : cause.kind) : navigator.onLine ? 'unknown' : 'offline';
  root.render(<CannotOpen kind={kind} language={appearance.language} messages={await wording} />);
}

import { CopyFault, StorageFault } from '#client/ports/experiment-log.ts';
import type { LearnerPorts } from '#client/tutor/learner-ports.tsx';
import { readSettings } from '#client/tutor/learner-ports.tsx';
import { writeMarker } from './marker.ts';
import { searchWhenCharging } from './search-when-charging.ts';

const whenIdle = (work: () => void): void => {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work, { timeout: 10_000 });
  else setTimeout(work, 1000);
};

/** Stage 2: once the first screen rests, fetch the learning engine, unless the device saves data. Failing is no harm: Settings shows it. */
function fetchEngineWhenIdle(ports: LearnerPorts): void {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  if (connection?.saveData || !navigator.serviceWorker || import.meta.env.DEV) return;
  whenIdle(() => {
    navigator.serviceWorker.ready.then(() => ports.engine.fetch()).catch(() => undefined);
  });
}

/** After every answer, once the page rests: start the refit that is due (at 30 answers, then every 50). @returns stops watching */
function refitWhenDue(ports: LearnerPorts): () => void {
  let isChecking = false;
  let isFirst = true;
  let hasMore = false;
  const check = async () => {
    const { packId } = await readSettings(ports.log);
    const tutor = packId ? await ports.tutorFor(packId) : null;
    if (isFirst) await tutor?.closeLostRuns();
    isFirst = false;
    if (tutor && ports.training.current().kind !== 'running' && (await tutor.isRefitDue())) await ports.training.start(tutor);
  };
  const checkWhenIdle = () => {
    isChecking = true;
    hasMore = false;
    whenIdle(() => {
      check()
        .catch(() => undefined)
        .finally(() => {
          isChecking = false;
          // what was answered meanwhile may be what makes one due
          if (hasMore) checkWhenIdle();
        });
    });
  };
  return ports.log.watch(
    (reader) => reader.count('answers'),
    (answers) => {
      if (isChecking) hasMore = true;
      else if (answers > 0) checkWhenIdle();
    },
    () => undefined,
  );
}

const ROUND_EVERY_MS = 15 * 60_000;

/** While sharing is on: send, check and pull at the start, when the network is back, and now and then. Without consent nothing is fetched. */
function shareWhenOnline(ports: LearnerPorts): void {
  const round = async () => {
    const { federation } = ports.log;
    if (!(await federation.value('consent')) && !(await federation.value('analyticsConsent'))) return;
    await (await ports.sharing()).round(false);
  };
  // Failing is no harm: what waits is kept, and the sharing page says how things stand.
  const quietly = () => whenIdle(() => void round().catch(() => undefined));
  quietly();
  addEventListener('online', quietly);
  setInterval(quietly, ROUND_EVERY_MS);
}

const BACKUP_EVERY = 200;

/** Remembers outside the log how much it holds, and renews the backup on this device every 200 answers. */
function keepSafe(ports: LearnerPorts): void {
  if (ports.storage === 'memory') return;
  let backedUp: number | null = null;
  let isRenewing = false;
  let isTold = false;
  const renew = async (answers: number) => {
    const safety = await ports.safety();
    backedUp ??= (await safety.shelved())?.header.counts.answers ?? 0;
    if (answers < backedUp + BACKUP_EVERY) return;
    await safety.refresh();
    backedUp = answers;
    isTold = false;
  };
  /** Tried again with the next answer. A fault of storage is told once, above the page, as every rejection is that nobody handles. */
  const renewOrTell = async (answers: number) => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      await renew(answers);
    } catch (fault) {
      const isNew = fault instanceof StorageFault && !isTold;
      isTold ||= isNew;
      if (isNew) throw new CopyFault(fault.kind, fault);
    } finally {
      isRenewing = false;
    }
  };
  ports.log.watch(
    (reader) => reader.count('answers'),
    (answers) => {
      if (answers > 0) writeMarker({ answers, at: ports.moment().at });
      if (answers >= BACKUP_EVERY && (backedUp === null || answers >= backedUp + BACKUP_EVERY)) whenIdle(() => void renewOrTell(answers));
    },
    () => undefined,
  );
}

/** The code of screens not yet opened is read ahead where it is on the device, so that opening one shows no waiting. */
function readScreensAhead(fetchPages: FetchPages): void {
  if (navigator.serviceWorker?.controller) fetchPages(() => new Promise(whenIdle)).catch(() => undefined);
}

type FetchPages = (rest: () => Promise<void>) => Promise<void>;

/** Once a day: log what the pattern analyser finds. Failing is no harm: Progress tells the same from the answers. */
function logPatternsDaily(ports: LearnerPorts): void {
  const analyse = async () => {
    const { packId } = await readSettings(ports.log);
    await (packId ? await ports.tutorFor(packId) : null)?.logPatterns();
  };
  whenIdle(() => void analyse().catch(() => undefined));
}

/** Everything that goes on beside the screens: screens ahead, engine, refits, patterns, sharing, safety. */
export function workWhenIdle(ports: LearnerPorts, fetchPages: FetchPages): void {
  readScreensAhead(fetchPages);
  fetchEngineWhenIdle(ports);
  refitWhenDue(ports);
  logPatternsDaily(ports);
  shareWhenOnline(ports);
  keepSafe(ports);
  searchWhenCharging(ports);
}

import { proxy, wrap } from 'comlink';
import {
  type BackendReport,
  type Contribution,
  type Trained,
  type Trainer,
  TrainingLost,
  type TrainingProgress,
} from '#client/ports/trainer.ts';
import type { SearchResult } from '#models/difficulty/automl.ts';
import type { TrainerApi, WorkerOptions } from './trainer.worker.ts';
import workerUrl from './trainer.worker.ts?worker&url';

/** Remembers which backend won on this device, for this build of the app, and why others were passed over. */
export interface BackendMemory {
  read(): RememberedBackend | null;
  write(remembered: RememberedBackend | null): void;
}

/** A backend that won before. */
export interface RememberedBackend {
  readonly name: string;
  readonly findings: readonly BackendReport[];
}

const FIRST_WORD_MS = 20_000;
const CONTRIBUTION_MS = 60_000;

/** Rejects when the worker that holds the lock is gone, however it went. */
async function whenGone(lock: string, signal: AbortSignal): Promise<never> {
  await navigator.locks.request(lock, { signal }, () => undefined);
  throw new TrainingLost('died', 'the training worker was ended');
}

function namedFault(cause: unknown): TrainingLost {
  if (cause instanceof TrainingLost) return cause;
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return new TrainingLost('failed', error.message);
}

/** The worker's life during one training: its result, or the first of its ends. */
function outcomeOf(
  worker: Worker,
  name: string,
  watch: AbortSignal,
  stop: AbortSignal,
  train: (onFirstWord: () => void) => Promise<Trained>,
): Promise<Trained> {
  return new Promise((done, lost) => {
    worker.addEventListener('error', (event) =>
      lost(new TrainingLost('failed', event.message || 'the training worker could not be loaded')),
    );
    stop.addEventListener('abort', () => lost(new TrainingLost('stopped')));
    // A worker that ends before its first word leaves no lock to watch: it is given up when that word does not come.
    const silent = setTimeout(() => lost(new TrainingLost('died', 'the training worker did not start')), FIRST_WORD_MS);
    const settle = () => clearTimeout(silent);
    watch.addEventListener('abort', settle);
    // The worker holds its lock before it says its first word, so whoever asks after that word waits until it is gone.
    train(() => {
      settle();
      whenGone(name, watch).catch(lost);
    }).then(done, lost);
  });
}

/**
 * The Trainer in a dedicated worker: started for each training and ended after it, so that nothing of it stays in memory.
 *
 * @param trusted passes the worker's URL through the page's Trusted Types policy
 */
export function workerTrainer(
  trusted: (url: string) => string | URL,
  memory: BackendMemory,
  options: Omit<WorkerOptions, 'remembered'>,
): Trainer {
  return {
    async train(job, onProgress, signal) {
      const name = `examsgraph-trainer-${crypto.randomUUID()}`;
      const worker = new Worker(trusted(workerUrl), { type: 'module', name });
      const watch = new AbortController();
      const api = wrap<TrainerApi>(worker);
      try {
        const trained = await outcomeOf(worker, name, watch.signal, signal, (onFirstWord) => {
          const tell = (progress: TrainingProgress) => {
            if (progress.kind === 'starting') onFirstWord();
            onProgress(progress);
          };
          return api.train(job, { ...options, remembered: memory.read() }, proxy(tell)) as Promise<Trained>;
        });
        memory.write(trained.backend === 'typescript' ? null : { name: trained.backend, findings: trained.findings });
        return trained;
      } catch (cause) {
        const fault = namedFault(cause);
        if (fault.kind === 'failed') memory.write(null);
        throw fault;
      } finally {
        watch.abort();
        worker.terminate();
      }
    },
    async search(job, onRung, signal) {
      const worker = new Worker(trusted(workerUrl), { type: 'module', name: `examsgraph-trainer-${crypto.randomUUID()}` });
      try {
        return await new Promise<SearchResult | null>((done, lost) => {
          worker.addEventListener('error', (event) => lost(new TrainingLost('failed', event.message || 'the worker could not be loaded')));
          signal.addEventListener('abort', () => done(null));
          (wrap<TrainerApi>(worker).search(job, proxy(onRung)) as Promise<SearchResult | null>).then(done, lost);
        });
      } catch (cause) {
        throw namedFault(cause);
      } finally {
        worker.terminate();
      }
    },
    async contribute(job) {
      const worker = new Worker(trusted(workerUrl), { type: 'module', name: `examsgraph-trainer-${crypto.randomUUID()}` });
      try {
        return await new Promise<Contribution>((done, lost) => {
          worker.addEventListener('error', (event) => lost(new TrainingLost('failed', event.message || 'the worker could not be loaded')));
          setTimeout(() => lost(new TrainingLost('died', 'the worker did not answer')), CONTRIBUTION_MS);
          (wrap<TrainerApi>(worker).contribute(job) as Promise<Contribution>).then(done, lost);
        });
      } catch (cause) {
        throw namedFault(cause);
      } finally {
        worker.terminate();
      }
    },
  };
}

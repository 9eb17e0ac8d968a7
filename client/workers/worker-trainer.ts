import { proxy, wrap } from 'comlink';
import { type Trained, type Trainer, TrainingLost } from '#client/ports/trainer.ts';
import type { TrainerApi, WorkerOptions } from './trainer.worker.ts';
import workerUrl from './trainer.worker.ts?worker&url';

/** Remembers which backend won on this device, for this build of the app. */
export interface BackendMemory {
  read(): string | null;
  write(backend: string | null): void;
}

/** Resolves when the worker that holds the lock is gone, however it went. */
function whenGone(lock: string, signal: AbortSignal): Promise<never> {
  return navigator.locks
    .request(lock, { signal }, () => undefined)
    .then(() => {
      throw new TrainingLost('died', 'the training worker was ended');
    });
}

/** Only when the worker has taken its own lock can waiting for it mean anything. */
async function untilHeld(lock: string): Promise<void> {
  for (;;) {
    const { held } = await navigator.locks.query();
    if (held?.some((l) => l.name === lock)) return;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

function namedFault(cause: unknown): TrainingLost {
  if (cause instanceof TrainingLost) return cause;
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return new TrainingLost(error.name === 'TrainingStopped' ? 'stopped' : 'failed', error.message);
}

/**
 * The Trainer in a dedicated worker: started for each training and ended after it, so that nothing of it stays in memory.
 * One training at a time across all tabs, by a Web Lock.
 *
 * @param trusted passes the worker's URL through the page's Trusted Types policy
 */
export function workerTrainer(
  trusted: (url: string) => string | URL,
  memory: BackendMemory,
  options: Omit<WorkerOptions, 'only'>,
): Trainer {
  return {
    async train(job, onProgress, signal) {
      const result = await navigator.locks.request('examsgraph-training', { ifAvailable: true }, async (lock) => {
        if (!lock) throw new TrainingLost('busy', 'another tab is training');
        const name = `examsgraph-trainer-${crypto.randomUUID()}`;
        const worker = new Worker(trusted(workerUrl), { type: 'module', name });
        const watch = new AbortController();
        const api = wrap<TrainerApi>(worker);
        const stop = () => void api.stop();
        signal.addEventListener('abort', stop);
        const failed = new Promise<never>((_, reject) => {
          worker.addEventListener('error', (event) =>
            reject(new TrainingLost('failed', event.message || 'the training worker could not be loaded')),
          );
        });
        try {
          const trained = api.train(job, { ...options, only: memory.read() }, proxy(onProgress));
          const gone = untilHeld(name).then(() => whenGone(name, watch.signal));
          return (await Promise.race([trained, failed, gone])) as Trained;
        } catch (cause) {
          memory.write(null);
          throw namedFault(cause);
        } finally {
          watch.abort();
          signal.removeEventListener('abort', stop);
          worker.terminate();
        }
      });
      memory.write(result.backend === 'typescript' ? null : result.backend);
      return result;
    },
  };
}

import { proxy, wrap } from 'comlink';
import type { Timing } from '#models/evaluation/speed.ts';
import type { TrainerApi } from './trainer.worker.ts';
import workerUrl from './trainer.worker.ts?worker&url';

/** Times the engine in the training worker; test builds alone. @param trusted passes the worker's URL through the Trusted Types policy */
export async function speedInWorker(trusted: (url: string) => string | URL): Promise<readonly Timing[]> {
  const worker = new Worker(trusted(workerUrl), { type: 'module', name: `examsgraph-trainer-${crypto.randomUUID()}` });
  const timings: Timing[] = [];
  try {
    await wrap<TrainerApi>(worker).speed(proxy((timing: Timing) => void timings.push(timing)));
    return timings;
  } finally {
    worker.terminate();
  }
}

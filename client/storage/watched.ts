import type { Dexie } from 'dexie';
import { StorageFault } from '#client/ports/experiment-log.ts';
import { storageFault } from './storage-fault.ts';

/** Work that neither succeeds nor fails (seen on full disks) is given up. @throws StorageFault `interrupted` then, or what the work throws */
export async function watched<T>(work: PromiseLike<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StorageFault('interrupted')), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a fault is of those that reopening may mend. */
export const isInterrupted = (fault: unknown): fault is StorageFault => fault instanceof StorageFault && fault.kind === 'interrupted';

/** Reads and writes of a small database: faults by their names; after a lost connection it is reopened once, so every work may run twice. */
export function reopening(db: Dexie, timeoutMs: number): <T>(work: () => PromiseLike<T>) => Promise<T> {
  return async (work) => {
    try {
      return await watched(work(), timeoutMs);
    } catch (first) {
      const fault = storageFault(first);
      if (!isInterrupted(fault)) throw fault;
    }
    try {
      db.close({ disableAutoOpen: false });
      return await watched(work(), timeoutMs);
    } catch (second) {
      throw storageFault(second);
    }
  };
}

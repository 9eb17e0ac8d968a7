import { StorageFault, type StorageFaultKind } from '#client/ports/experiment-log.ts';

const KINDS: Readonly<Record<string, StorageFaultKind>> = {
  QuotaExceededError: 'full',
  VersionError: 'newer-version',
  MissingAPIError: 'unavailable',
  OpenFailedError: 'unavailable',
  SecurityError: 'unavailable',
  NotAllowedError: 'unavailable',
  InvalidStateError: 'interrupted',
  DatabaseClosedError: 'interrupted',
  AbortError: 'interrupted',
  TimeoutError: 'interrupted',
  UnknownError: 'interrupted',
};

/** An error of IndexedDB or Dexie as what it means for the learner; the innermost known name decides. */
export function storageFault(error: unknown): unknown {
  if (error instanceof StorageFault) return error;
  let found: StorageFaultKind | undefined;
  for (let e: unknown = error, depth = 0; e instanceof Object && depth < 5; depth++) {
    const { name, inner } = e as { readonly name?: string; readonly inner?: unknown };
    found = (name ? KINDS[name] : undefined) ?? found;
    e = inner;
  }
  return found ? new StorageFault(found, error) : error;
}

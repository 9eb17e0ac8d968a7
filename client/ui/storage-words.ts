import type { Messages } from '#client/i18n/en.ts';
import { StorageFault } from '#client/ports/experiment-log.ts';

const KNOWN = ['full', 'interrupted', 'newer-version', 'blocked'] as const;

/** What a fault of this device's storage means, in the learner's words; other faults are told as unknown. */
export function storageWords(t: Messages, fault: unknown): string {
  const kind = fault instanceof Error && 'kind' in fault ? fault.kind : undefined;
  const known = KNOWN.find((k) => k === kind);
  return known ? t.storageFault[known] : t.storageFault.unknown;
}

/** Why a pack of the catalogue could not be had: it was not fetched, or it could not be kept. */
export const fetchWords = (t: Messages, fault: unknown): string =>
  fault instanceof StorageFault ? storageWords(t, fault) : t.packs.unavailable;

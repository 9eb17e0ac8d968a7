import type { Messages } from '#client/i18n/en.ts';

const KNOWN = ['full', 'interrupted', 'newer-version', 'blocked'] as const;

function kindOf(fault: unknown): (typeof KNOWN)[number] | undefined {
  const kind = fault instanceof Error && 'kind' in fault ? fault.kind : undefined;
  return KNOWN.find((k) => k === kind);
}

/** What a fault of this device's storage means, in the learner's words; other faults are told as unknown. */
export const storageWords = (t: Messages, fault: unknown): string => t.storageFault[kindOf(fault) ?? 'unknown'];

/** Why a pack of the catalogue could not be had: it could not be kept, or else it was not fetched. */
export function fetchWords(t: Messages, fault: unknown): string {
  const kind = kindOf(fault);
  return kind ? t.storageFault[kind] : t.packs.unavailable;
}

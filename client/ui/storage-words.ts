import type { Messages } from '#client/i18n/en.ts';

const KNOWN = ['full', 'interrupted', 'newer-version', 'blocked'] as const;

/** What a fault of this device's storage means, in the learner's words; other faults are told as unknown. */
export function storageWords(t: Messages, fault: unknown): string {
  const kind = fault instanceof Error && 'kind' in fault ? fault.kind : undefined;
  const known = KNOWN.find((k) => k === kind);
  return known ? t.storageFault[known] : t.storageFault.unknown;
}

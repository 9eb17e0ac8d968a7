import {
  CONSENT_OF,
  type Consent,
  ConsentChanged,
  type ContributionRow,
  type FederationStore,
  type FederationValues,
  type OutboxRow,
} from './federation-store.ts';

/** The federation's rows in memory. @param onChange told after every write */
export function memoryFederationStore(onChange: () => void): FederationStore {
  const values = new Map<string, unknown>();
  const contributions = new Map<string, ContributionRow>();
  const outbox = new Map<string, OutboxRow>();
  return {
    value: async <K extends keyof FederationValues>(key: K) => values.get(key) as FederationValues[K] | undefined,
    contributions: async () => [...contributions.values()].sort((a, b) => a.sealedAt - b.sealedAt),
    outbox: async () => [...outbox.values()],
    async write(changes) {
      for (const change of changes) {
        if (change.kind !== 'while-consented') continue;
        const consent = values.get(CONSENT_OF[change.purpose].consent) as Consent | undefined;
        if (!consent?.[change.purpose] || consent.at !== change.at) throw new ConsentChanged();
      }
      for (const change of changes) {
        if (change.kind === 'value') values.set(change.key, change.value);
        else if (change.kind === 'contribution') contributions.set(change.row.report_id, change.row);
        else if (change.kind === 'outbox') outbox.set(change.row.report_id, change.row);
        else if (change.kind === 'sent') outbox.delete(change.reportId);
      }
      onChange();
    },
  };
}

import {
  CONSENT_OF,
  type Consent,
  ConsentChanged,
  type FederationChange,
  type FederationStore,
  type FederationValues,
} from '#client/ports/federation-store.ts';
import type { JournalDatabase } from './journal-database.ts';
import type { Stores } from './plain-transaction.ts';

/** Make the changes inside the caller's transaction. @throws ConsentChanged */
export async function applyFederation(stores: Stores, changes: readonly FederationChange[]): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'value') stores.put('federation', { key: change.key, value: change.value });
    else if (change.kind === 'contribution') stores.put('contributions', change.row);
    else if (change.kind === 'outbox') stores.put('outbox', change.row);
    else if (change.kind === 'sent') stores.delete('outbox', change.reportId);
    else {
      const row = (await stores.get('federation', CONSENT_OF[change.purpose].consent)) as { readonly value: Consent } | undefined;
      if (!row?.value[change.purpose] || row.value.at !== change.at) throw new ConsentChanged();
    }
  }
}

type Write = <T>(work: (stores: Stores) => Promise<T>) => Promise<T>;
type Read = <T>(read: () => PromiseLike<T>) => Promise<T>;

/** The federation's rows in IndexedDB. @param write does work in one durable transaction @param read names the faults of a read */
export function dexieFederationStore(db: JournalDatabase, write: Write, read: Read): FederationStore {
  return {
    value: async <K extends keyof FederationValues>(key: K) =>
      (await read(() => db.federation.get(key)))?.value as FederationValues[K] | undefined,
    contributions: async () => (await read(() => db.contributions.toArray())).sort((a, b) => a.sealedAt - b.sealedAt),
    outbox: () => read(() => db.outbox.toArray()),
    write: (changes) => write((stores) => applyFederation(stores, changes)),
  };
}

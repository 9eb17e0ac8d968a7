import type { Transaction } from 'dexie';
import {
  type Consent,
  ConsentChanged,
  type FederationChange,
  type FederationStore,
  type FederationValues,
} from '#client/ports/federation-store.ts';
import type { JournalDatabase } from './journal-database.ts';

/** Make the changes inside the caller's transaction. */
export async function applyFederation(db: JournalDatabase, changes: readonly FederationChange[]): Promise<void> {
  for (const change of changes) {
    if (change.kind === 'value') await db.federation.put({ key: change.key, value: change.value });
    else if (change.kind === 'contribution') await db.contributions.put(change.row);
    else if (change.kind === 'outbox') await db.outbox.put(change.row);
    else if (change.kind === 'sent') await db.outbox.delete(change.reportId);
    else {
      const consent = (await db.federation.get('consent'))?.value as Consent | undefined;
      if (!consent?.training || consent.at !== change.at) throw new ConsentChanged();
    }
  }
}

type Write = <T>(scope: (tx: Transaction) => Promise<T>) => Promise<T>;
type Read = <T>(read: () => PromiseLike<T>) => Promise<T>;

/** The federation's rows in IndexedDB. @param write runs a scope in one durable transaction @param read names the faults of a read */
export function dexieFederationStore(db: JournalDatabase, write: Write, read: Read): FederationStore {
  return {
    value: async <K extends keyof FederationValues>(key: K) =>
      (await read(() => db.federation.get(key)))?.value as FederationValues[K] | undefined,
    contributions: async () => (await read(() => db.contributions.toArray())).sort((a, b) => a.sealedAt - b.sealedAt),
    outbox: () => read(() => db.outbox.toArray()),
    write: (changes) => write(async () => applyFederation(db, changes)),
  };
}

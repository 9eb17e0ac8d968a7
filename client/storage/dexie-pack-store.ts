import { Dexie, type EntityTable } from 'dexie';
import type { PackStore } from '#client/ports/pack-store.ts';
import type { Pack } from '#shared/packs/schema.ts';
import { reopening } from './watched.ts';

type CacheDatabase = Dexie & { readonly packs: EntityTable<Pack & { readonly id: string }, 'id'> };

/** A pack is a few megabytes at most. */
const TIMEOUT_MS = 10_000;

/** Packs in the `cache` database, apart from the log: what is in it can be fetched again. */
export function dexiePackStore(name = 'examsgraph-cache'): PackStore {
  const db = new Dexie(name, { chromeTransactionDurability: 'relaxed' }) as CacheDatabase;
  db.version(1).stores({ packs: 'id' });
  const guarded = reopening(db, TIMEOUT_MS);
  return {
    list: () => guarded(() => db.packs.toArray()),
    get: (id) => guarded(() => db.packs.get(id)),
    put: async (pack) => void (await guarded(() => db.packs.put({ ...pack, id: pack.manifest.id }))),
  };
}

import { Dexie, type EntityTable } from 'dexie';
import { reopening } from './watched.ts';

type ShelfDatabase = Dexie & { readonly files: EntityTable<{ readonly id: 'latest'; readonly file: Uint8Array }, 'id'> };

/** Tens of megabytes on a slow phone. */
const TIMEOUT_MS = 30_000;

/** The latest backup in a database of its own, so that a damaged log does not take it along. */
export function dexieBackupShelf(name = 'examsgraph-backup') {
  const db = new Dexie(name) as ShelfDatabase;
  db.version(1).stores({ files: 'id' });
  const guarded = reopening(db, TIMEOUT_MS);
  return {
    get: async () => (await guarded(() => db.files.get('latest')))?.file,
    put: async (file: Uint8Array) => void (await guarded(() => db.files.put({ id: 'latest', file }))),
    clear: () => guarded(() => db.delete()),
  };
}

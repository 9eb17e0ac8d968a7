import { Dexie, type EntityTable } from 'dexie';
import { storageFault } from './storage-fault.ts';

type ShelfDatabase = Dexie & { readonly files: EntityTable<{ readonly id: 'latest'; readonly file: Uint8Array }, 'id'> };

/** The latest backup in a database of its own, so that a damaged log does not take it along. */
export function dexieBackupShelf(name = 'examsgraph-backup') {
  const db = new Dexie(name) as ShelfDatabase;
  db.version(1).stores({ files: 'id' });
  const guarded = async <T>(work: () => PromiseLike<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageFault(error);
    }
  };
  return {
    get: async () => (await guarded(() => db.files.get('latest')))?.file,
    put: async (file: Uint8Array) => void (await guarded(() => db.files.put({ id: 'latest', file }))),
    clear: () => guarded(() => db.delete()),
  };
}

import { Dexie, RangeSet } from 'dexie';
import type { JournalDatabase } from './journal-database.ts';

/** Requests of one transaction. */
export interface Stores {
  get(table: string, key: unknown): Promise<unknown>;
  /** The first row an index has for the key. */
  byIndex(table: string, index: string, key: IDBValidKey): Promise<unknown>;
  /** Not awaited one by one: if one fails, the transaction does. */
  put(table: string, row: unknown): void;
  add(table: string, row: unknown): void;
  delete(table: string, key: unknown): void;
}

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** Tells whoever watches these tables, in every tab, as Dexie does after its own writes. */
function tellWatchers(db: JournalDatabase, tables: ReadonlySet<string>): void {
  const everything = new RangeSet(Dexie.minKey, Dexie.maxKey);
  const parts = [...tables].flatMap((table) =>
    ['', ':dels', ...db.table(table).schema.indexes.map((index) => index.name)].map((index) => [
      `idb://${db.name}/${table}/${index}`,
      everything,
    ]),
  );
  Dexie.on.storagemutated.fire(Object.fromEntries(parts));
}

/** What watchers are still to be told: after what the caller has to draw, and before the page goes. */
let untold: (() => void)[] = [];

function tellNow(): void {
  const due = untold;
  untold = [];
  for (const tell of due) tell();
}

if ('addEventListener' in globalThis) addEventListener('pagehide', tellNow, { capture: true });

function tellSoon(tell: () => void): void {
  untold.push(tell);
  if ('requestIdleCallback' in globalThis) requestIdleCallback(tellNow, { timeout: 100 });
  else setTimeout(tellNow);
}

/**
 * One durable transaction over the whole journal without Dexie's promises, which on a phone take longer than everything else an answer does.
 * Live queries are told once the caller has gone on.
 *
 * @param work awaits nothing but its own requests, or the transaction ends early
 * @throws what `work` throws, or the DOMException that ended the transaction; nothing is written then, unless the connection was lost after the commit
 */
export async function plainTransaction<T>(db: JournalDatabase, work: (stores: Stores) => Promise<T>): Promise<T> {
  if (!db.isOpen()) await db.open();
  const backend = db.backendDB();
  const tx = backend.transaction([...backend.objectStoreNames], 'readwrite', { durability: 'strict' });
  const committed = new Promise<void>((done, failed) => {
    tx.oncomplete = () => done();
    tx.onabort = () => failed(tx.error ?? new DOMException('The transaction was aborted.', 'AbortError'));
  });
  const written = new Set<string>();
  const writing = (table: string) => {
    written.add(table);
    return tx.objectStore(table);
  };
  try {
    const result = await work({
      get: (table, key) => answered(tx.objectStore(table).get(key as IDBValidKey)),
      byIndex: (table, index, key) => answered(tx.objectStore(table).index(index).get(key)),
      put: (table, row) => void writing(table).put(row),
      add: (table, row) => void writing(table).add(row),
      delete: (table, key) => void writing(table).delete(key as IDBValidKey),
    });
    tx.commit();
    await committed;
    return result;
  } catch (cause) {
    committed.catch(() => undefined);
    try {
      tx.abort();
    } catch {
      // it has ended already
    }
    throw tx.error ?? cause;
  } finally {
    // after a fault too: what was reported lost may have been written
    if (written.size > 0) tellSoon(() => tellWatchers(db, written));
  }
}

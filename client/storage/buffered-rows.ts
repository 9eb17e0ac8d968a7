import { Dexie } from 'dexie';
import { keyOf, type RowStore, type TableName, type Tables } from '#shared/tracking/rows.ts';
import type { JournalDatabase } from './journal-database.ts';

/** Rows of one append: each is read once, and all are written in one go, so that an answer costs a handful of requests and not fifty. */
export interface BufferedRows extends RowStore {
  /** Writes what was put and deletes what was deleted, within the same transaction. */
  flush(): PromiseLike<unknown>;
}

interface Entry {
  readonly key: unknown;
  row: unknown;
  isDirty: boolean;
}

/** @param db inside a transaction over its tables */
export function bufferedRows(db: JournalDatabase): BufferedRows {
  const tables = new Map<TableName, Map<string, Entry>>();
  const entries = (table: TableName): Map<string, Entry> => {
    const known = tables.get(table) ?? new Map<string, Entry>();
    tables.set(table, known);
    return known;
  };
  // Dexie's promises throughout: the transaction must not be lost sight of between two requests.
  const done = Dexie.Promise.resolve.bind(Dexie.Promise);
  return {
    get<T extends TableName>(table: T, key: unknown) {
      const name = JSON.stringify(key);
      const known = entries(table).get(name);
      if (known) return done(known.row) as unknown as Promise<Tables[T] | undefined>;
      const read = db.table(table).get(key as never);
      return read.then((row: unknown) => {
        // put meanwhile by a sibling: the newer one stands
        const newer = entries(table).get(name);
        if (newer) return newer.row;
        entries(table).set(name, { key, row, isDirty: false });
        return row;
      }) as unknown as Promise<Tables[T] | undefined>;
    },
    put(table, row) {
      const key = keyOf(table, row);
      entries(table).set(JSON.stringify(key), { key, row, isDirty: true });
      return done() as unknown as Promise<void>;
    },
    delete(table, key) {
      entries(table).set(JSON.stringify(key), { key, row: undefined, isDirty: true });
      return done() as unknown as Promise<void>;
    },
    flush: () =>
      Dexie.Promise.all(
        [...tables].flatMap(([table, all]) => {
          const dirty = [...all.values()].filter((entry) => entry.isDirty);
          const rows = dirty.flatMap((entry) => (entry.row === undefined ? [] : [entry.row]));
          const gone = dirty.flatMap((entry) => (entry.row === undefined ? [entry.key] : []));
          const writes: PromiseLike<unknown>[] = [];
          if (rows.length > 0) writes.push(db.table(table).bulkPut(rows));
          if (gone.length > 0) writes.push(db.table(table).bulkDelete(gone as never[]));
          return writes;
        }),
      ),
  };
}

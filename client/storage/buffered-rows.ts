import { keyOf, type RowStore, type TableName, type Tables } from '#shared/tracking/rows.ts';
import type { Stores } from './plain-transaction.ts';

/** Rows of one append: each is read once, and all are written in one go, so that an answer costs a handful of requests and not fifty. */
export interface BufferedRows extends RowStore {
  /** Writes what was put and deletes what was deleted. */
  flush(): void;
}

interface Entry {
  readonly key: unknown;
  row: unknown;
  isDirty: boolean;
}

/** The rows of the fold, within one transaction. */
export function bufferedRows(stores: Stores): BufferedRows {
  const tables = new Map<TableName, Map<string, Entry>>();
  const entries = (table: TableName): Map<string, Entry> => {
    const known = tables.get(table) ?? new Map<string, Entry>();
    tables.set(table, known);
    return known;
  };
  return {
    async get<T extends TableName>(table: T, key: unknown) {
      const name = JSON.stringify(key);
      const known = entries(table).get(name);
      if (known) return known.row as Tables[T] | undefined;
      const row = await stores.get(table, key);
      // put meanwhile by a sibling: the newer one stands
      const newer = entries(table).get(name);
      if (!newer) entries(table).set(name, { key, row, isDirty: false });
      return (newer ? newer.row : row) as Tables[T] | undefined;
    },
    async put(table, row) {
      const key = keyOf(table, row);
      entries(table).set(JSON.stringify(key), { key, row, isDirty: true });
    },
    async delete(table, key) {
      entries(table).set(JSON.stringify(key), { key, row: undefined, isDirty: true });
    },
    flush() {
      for (const [table, all] of tables)
        for (const { key, row, isDirty } of all.values())
          if (isDirty && row === undefined) stores.delete(table, key);
          else if (isDirty) stores.put(table, row);
    },
  };
}

import { Dexie, type Transaction } from 'dexie';
import { isKnownKind, type LogEvent } from '#shared/tracking/event.ts';
import { project } from '#shared/tracking/project.ts';
import { keyOf, type RowStore, TABLE_NAMES, type TableName, type Tables } from '#shared/tracking/rows.ts';

type Rows = ReadonlyMap<TableName, ReadonlyMap<string, unknown>>;

async function folded(events: readonly LogEvent[]): Promise<Rows> {
  const maps = new Map<TableName, Map<string, unknown>>(TABLE_NAMES.map((name) => [name, new Map()]));
  const of = (table: TableName) => maps.get(table) as Map<string, unknown>;
  const rows: RowStore = {
    get: async <T extends TableName>(table: T, key: unknown) => of(table).get(JSON.stringify(key)) as Tables[T] | undefined,
    put: async (table, row) => void of(table).set(JSON.stringify(keyOf(table, row)), row),
    delete: async (table, key) => void of(table).delete(JSON.stringify(key)),
  };
  for (const [i, event] of events.entries()) if (isKnownKind(event.kind)) await project(event, rows, i + 1);
  return maps;
}

/** Fold the whole log in memory, then replace every row by what came out: many times quicker than row by row. Inside a transaction. */
export async function foldAnew(db: Pick<Transaction, 'table'>): Promise<void> {
  const events: readonly LogEvent[] = await db.table('events').orderBy('hlc').toArray();
  // The fold makes no request of its own: without this the transaction would commit meanwhile.
  const rows = await Dexie.waitFor(folded(events));
  for (const name of TABLE_NAMES) {
    await db.table(name).clear();
    await db.table(name).bulkPut([...(rows.get(name)?.values() ?? [])]);
  }
}

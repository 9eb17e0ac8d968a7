/** A whole IndexedDB as JSON: its version, its stores with keys and indexes, and every row. */
export interface Frozen {
  readonly version: number;
  readonly stores: readonly FrozenStore[];
}

/** One object store of it. */
export interface FrozenStore {
  readonly name: string;
  readonly keyPath: string | string[];
  readonly indexes: readonly { readonly name: string; readonly keyPath: string | string[]; readonly unique: boolean }[];
  readonly rows: readonly unknown[];
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** NaN and bytes, which JSON lacks, as tagged objects; undefined fields left out. */
function toJson(value: unknown): unknown {
  if (typeof value === 'number' && Number.isNaN(value)) return { $nan: true };
  if (value instanceof Uint8Array) return { $bytes: [...value] };
  if (Array.isArray(value)) return value.map(toJson);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).flatMap(([k, v]) => (v === undefined ? [] : [[k, toJson(v)]])));
  return value;
}

/** What `dumpDatabase` wrote of a value, as it was. */
export function fromJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromJson);
  if (!value || typeof value !== 'object') return value;
  if ('$nan' in value) return Number.NaN;
  if ('$bytes' in value) return new Uint8Array(value.$bytes as number[]);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fromJson(v)]));
}

/** Read a database out, whatever app wrote it. */
export async function dumpDatabase(name: string): Promise<Frozen> {
  const db = await done(indexedDB.open(name));
  const stores = await Promise.all(
    [...db.objectStoreNames].map(async (storeName): Promise<FrozenStore> => {
      const store = db.transaction(storeName).objectStore(storeName);
      const indexes = [...store.indexNames]
        .map((n) => store.index(n))
        .map(({ name: index, keyPath, unique }) => ({ name: index, keyPath: keyPath as string, unique }));
      return { name: storeName, keyPath: store.keyPath as string, indexes, rows: (await done(store.getAll())).map(toJson) };
    }),
  );
  db.close();
  return { version: db.version, stores };
}

/** Make a database from what `dumpDatabase` read. */
export async function restoreDatabase(name: string, frozen: Frozen): Promise<void> {
  const opening = indexedDB.open(name, frozen.version);
  opening.onupgradeneeded = () => {
    for (const { name: storeName, keyPath, indexes, rows } of frozen.stores) {
      const store = opening.result.createObjectStore(storeName, { keyPath });
      for (const index of indexes) store.createIndex(index.name, index.keyPath, { unique: index.unique });
      for (const row of rows) store.put(fromJson(row));
    }
  };
  (await done(opening)).close();
}

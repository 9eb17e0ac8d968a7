import { liveQuery } from 'dexie';
import {
  type Appended,
  type ExperimentLog,
  type Incoming,
  type LogReader,
  type Merged,
  type PersonalRow,
  StorageFault,
  type Together,
} from '#client/ports/experiment-log.ts';
import { type Head, type Moment, numbered, placeOfHead } from '#client/ports/numbering.ts';
import { uuidv7 } from '#shared/domain/ids.ts';
import { checkDraft, type Draft, type LogEvent } from '#shared/tracking/event.ts';
import { project } from '#shared/tracking/project.ts';
import { KEYS, type RowKey, type RowStore, type TableName, type Tables } from '#shared/tracking/rows.ts';
import { bufferedRows } from './buffered-rows.ts';
import { applyFederation, dexieFederationStore } from './dexie-federation-store.ts';
import { foldAnew } from './fold-anew.ts';
import { JOURNAL_VERSION, type JournalDatabase, journalDatabase } from './journal-database.ts';
import { plainTransaction, type Stores } from './plain-transaction.ts';
import { storageFault } from './storage-fault.ts';
import { isInterrupted, watched } from './watched.ts';

// Twice this and a reopening between: within two seconds the learner knows whether an answer is safe.
const WRITE_TIMEOUT_MS = 850;
const BULK_TIMEOUT_MS = 120_000;
/** An event of a backup makes about ten rows: on a slow phone years of answers take minutes. */
const BULK_TIMEOUT_MS_PER_EVENT = 5;

interface Connection {
  readonly db: JournalDatabase;
  /** Another tab has deleted or upgraded the database, or this one has deleted it: opening it again would make it anew, or misread it. */
  isOver: boolean;
}

/** Names the fault, and after a lost connection reopens once and tries again: every work passed here may run twice. */
async function guarded<T>(connection: Connection, work: () => PromiseLike<T>, timeoutMs = WRITE_TIMEOUT_MS): Promise<T> {
  const { db } = connection;
  if (connection.isOver) throw new StorageFault('interrupted');
  try {
    return await watched(work(), timeoutMs);
  } catch (first) {
    const fault = storageFault(first);
    if (connection.isOver || !isInterrupted(fault)) throw fault;
    try {
      db.close({ disableAutoOpen: false });
      await watched(db.open(), WRITE_TIMEOUT_MS);
      return await watched(work(), timeoutMs);
    } catch (second) {
      throw storageFault(second);
    }
  }
}

type Read = <T>(read: () => PromiseLike<T>) => Promise<T>;

/** Reads whose faults carry their names, after a lost connection on a new one; not timed, so that they may stand inside a live query. */
const readsOf =
  (connection: Connection): Read =>
  async (read) => {
    try {
      return await read();
    } catch (first) {
      const fault = storageFault(first);
      if (connection.isOver || !isInterrupted(fault)) throw fault;
    }
    try {
      connection.db.close({ disableAutoOpen: false });
      await connection.db.open();
      return await read();
    } catch (second) {
      throw storageFault(second);
    }
  };

function found(db: JournalDatabase, table: TableName, field?: string, value?: string | number) {
  const rows = db.table(table);
  const keys: readonly string[] = KEYS[table];
  if (field === undefined) return rows.toCollection();
  return rows.where(field === keys[0] && keys.length === 1 ? ':id' : field).equals(value as never);
}

/**
 * Reads as Dexie's own promises, no async function in between: a live query loses sight of what is read after the first await otherwise
 * (and then misses its changes).
 */
function reader(db: JournalDatabase): LogReader {
  return {
    get: <T extends TableName>(table: T, key: RowKey) => db.table(table).get(key as never) as unknown as Promise<Tables[T] | undefined>,
    list: <T extends TableName>(table: T, field?: string, value?: string | number) =>
      found(db, table, field, value).toArray() as unknown as Promise<readonly Tables[T][]>,
    count: (table, field, value) => found(db, table, field, value).count() as unknown as Promise<number>,
    artifact: (runId, path) => db.artifacts.get([runId, path]).then((row) => row?.bytes) as unknown as Promise<Uint8Array | undefined>,
    personal: (packId) => db.personal.get(packId) as unknown as Promise<PersonalRow | undefined>,
    head: () =>
      db.heads
        .toCollection()
        .first()
        .then((head) => (head ? placeOfHead(head) : 0)) as unknown as Promise<number>,
    placeOf: (hlc) => db.events.where('hlc').belowOrEqual(hlc).count() as unknown as Promise<number>,
    hlcAt(place) {
      if (place < 1) return Promise.resolve(null);
      const found = db.events.orderBy('hlc').offset(place - 1);
      return found.first().then((event) => event?.hlc ?? null) as unknown as Promise<string | null>;
    },
  };
}

/** The same reads, their faults by name. */
function namedReader(db: JournalDatabase, named: Read): LogReader {
  const raw = reader(db);
  return {
    get: (table, key) => named(() => raw.get(table, key)),
    list: (table, field, value) => named(() => raw.list(table, field, value)),
    count: (table, field, value) => named(() => raw.count(table, field, value)),
    artifact: (runId, path) => named(() => raw.artifact(runId, path)),
    personal: (packId) => named(() => raw.personal(packId)),
    head: () => named(() => raw.head()),
    placeOf: (hlc) => named(() => raw.placeOf(hlc)),
    hlcAt: (place) => named(() => raw.hlcAt(place)),
  };
}

/** An append with its ids drawn: the same one may be tried again, and is written once. */
interface Entry {
  readonly drafts: readonly Draft[];
  readonly ids: readonly string[];
  readonly together: Together;
  readonly moment: Moment;
}

/** Asks for what the fold of an answer will read, each as soon as it can be known. */
async function readAhead(rows: RowStore, sessionId: string, at: number): Promise<void> {
  const session = await rows.get('sessions', sessionId);
  if (!session) return;
  await Promise.all([rows.get('run_metrics', session.run_id), rows.get('metric_steps', [session.run_id, at, session.totals.nextStep])]);
}

async function append(stores: Stores, deviceId: string, { drafts, ids, together, moment }: Entry, isAgain: boolean): Promise<Appended> {
  const rows = bufferedRows(stores);
  const attempts = drafts.flatMap((d) => (d.kind === 'answer.recorded' ? [d.body.attempt_id] : []));
  const ahead = Promise.all(drafts.map((d) => (d.kind === 'answer.recorded' ? readAhead(rows, d.body.session_id, moment.at) : null)));
  const [known, written, answered] = await Promise.all([
    stores.get('heads', deviceId) as Promise<Head | undefined>,
    isAgain ? stores.byIndex('events', 'id', ids[0] ?? '') : undefined,
    Promise.all(attempts.map((id) => rows.get('answers', id))),
    ahead,
  ]);
  const head: Head = known ?? { device_id: deviceId, seq: 0, hlc: null };
  const place = placeOfHead(head);
  if (written) {
    // all of them were: the first try had gone through
    const events = (await Promise.all(ids.map((id) => stores.byIndex('events', 'id', id)))) as LogEvent[];
    return { kind: 'appended', events, head: place };
  }
  if (together.expectHead !== undefined && together.expectHead !== place) return { kind: 'stale', head: place };
  if (answered.some((row) => row !== undefined)) return { kind: 'duplicate', head: place };
  const { events, head: next } = numbered(drafts, ids, head, moment);
  for (const [i, event] of events.entries()) {
    stores.add('events', event);
    await project(event, rows, place + i + 1);
  }
  if (together.federation) await applyFederation(stores, together.federation);
  rows.flush();
  stores.put('heads', next);
  if (together.personal) stores.put('personal', { ...together.personal, seq: placeOfHead(next) });
  for (const artifact of together.artifacts ?? []) stores.put('artifacts', artifact);
  return { kind: 'appended', events, head: placeOfHead(next) };
}

async function compare(db: JournalDatabase, events: readonly LogEvent[]): Promise<Merged & { readonly fresh: readonly LogEvent[] }> {
  const known = new Set<unknown>(await db.events.orderBy('id').keys());
  const fresh = events.filter((e) => !known.has(e.id));
  return { fresh, added: fresh.length, known: events.length - fresh.length };
}

async function merge(db: JournalDatabase, deviceId: string, { events, artifacts }: Incoming): Promise<Merged> {
  const { fresh, added, known } = await compare(db, events);
  await db.events.bulkAdd([...fresh]);
  await db.artifacts.bulkPut([...artifacts]);
  const head: Head = (await db.heads.get(deviceId)) ?? { device_id: deviceId, seq: 0, hlc: null };
  const latest = (await db.events.orderBy('hlc').last())?.hlc ?? null;
  await db.heads.put({ ...head, hlc: latest, place: await db.events.count() });
  await db.personal.clear();
  await foldAnew(db);
  return { added, known };
}

/** The device this database belongs to; made at the first opening. */
async function deviceOf(db: JournalDatabase, moment: Moment): Promise<string> {
  return db.transaction('rw', db.heads, async () => {
    const known = await db.heads.toCollection().first();
    if (known) return known.device_id;
    const device_id = Array.from({ length: 2 }, () => moment.rng().toString(16).padStart(8, '0')).join('');
    await db.heads.put({ device_id, seq: 0, hlc: null });
    return device_id;
  });
}

/**
 * Open the log in IndexedDB.
 *
 * @throws StorageFault `unavailable` where the browser allows no storage, `newer-version` if a newer app wrote it (nothing is touched)
 */
export async function dexieExperimentLog(moment: () => Moment, name?: string): Promise<ExperimentLog> {
  const db = journalDatabase(name);
  try {
    const blocked = new Promise<never>((_, reject) => db.on('blocked', () => reject(new StorageFault('blocked'))));
    await watched(Promise.race([db.open(), blocked]), BULK_TIMEOUT_MS);
    // Dexie opens a newer database as if it were its own; ours may hold what this app would misread.
    if (db.backendDB().version > JOURNAL_VERSION * 10) throw new StorageFault('newer-version');
  } catch (error) {
    db.close();
    throw storageFault(error);
  }
  const connection: Connection = { db, isOver: false };
  let tellSuperseded: (() => void) | null = null;
  db.on('versionchange', () => {
    connection.isOver = true;
    db.close();
    tellSuperseded?.();
    // Dexie's own answer would let the next read open it again
    return false;
  });
  const deviceId = await guarded(connection, () => deviceOf(db, moment()));
  const named = readsOf(connection);
  // scopes must be async functions themselves, or Dexie commits at their first await
  const write = <T>(scope: () => Promise<T>, timeoutMs?: number): Promise<T> =>
    guarded(connection, () => db.transaction('rw', db.tables, scope), timeoutMs);
  const writePlainly = <T>(work: (stores: Stores) => Promise<T>): Promise<T> => guarded(connection, () => plainTransaction(db, work));
  return {
    ...namedReader(db, named),
    deviceId,
    federation: dexieFederationStore(db, writePlainly, named),
    async append(drafts, together = {}) {
      drafts.forEach(checkDraft);
      const now = moment();
      const entry: Entry = { drafts, ids: drafts.map(() => uuidv7(now.at, now.rng)), together, moment: now };
      let tries = 0;
      return writePlainly((stores) => append(stores, deviceId, entry, tries++ > 0));
    },
    async head() {
      const head = await guarded(connection, () => db.heads.get(deviceId));
      return head ? placeOfHead(head) : 0;
    },
    compare: async (events) => {
      const { added, known } = await named(() => compare(db, events));
      return { added, known };
    },
    merge: (incoming) =>
      write(async () => merge(db, deviceId, incoming), BULK_TIMEOUT_MS + BULK_TIMEOUT_MS_PER_EVENT * incoming.events.length),
    artifacts: () => named(() => db.artifacts.toArray()),
    async deleteEverything() {
      tellSuperseded = null;
      await guarded(connection, () => db.delete(), BULK_TIMEOUT_MS);
      connection.isOver = true;
    },
    watch(read, onValue, onFault) {
      const subscription = liveQuery(() => read(reader(db))).subscribe(onValue, (error) => onFault(storageFault(error)));
      return () => subscription.unsubscribe();
    },
    onSuperseded(tell) {
      tellSuperseded = tell;
    },
    events: () => named(() => db.events.orderBy('hlc').toArray()),
    rebuild: () => write(async () => foldAnew(db), BULK_TIMEOUT_MS),
    close: () => db.close(),
  };
}

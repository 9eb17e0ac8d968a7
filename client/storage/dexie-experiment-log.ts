import { liveQuery, type Transaction } from 'dexie';
import { type Appended, type ExperimentLog, type LogReader, StorageFault, type Together } from '#client/ports/experiment-log.ts';
import { type Head, type Moment, numbered } from '#client/ports/numbering.ts';
import { uuidv7 } from '#shared/domain/ids.ts';
import { checkDraft, type Draft, isKnownKind, type LogEvent } from '#shared/tracking/event.ts';
import { project } from '#shared/tracking/project.ts';
import { KEYS, type RowKey, type RowStore, TABLE_NAMES, type TableName, type Tables } from '#shared/tracking/rows.ts';
import { applyFederation, dexieFederationStore } from './dexie-federation-store.ts';
import { JOURNAL_VERSION, type JournalDatabase, journalDatabase } from './journal-database.ts';
import { storageFault } from './storage-fault.ts';

const WRITE_TIMEOUT_MS = 5000;

/** A write that neither succeeds nor fails (seen on full disks) is given up: the caller keeps the answer and says so. */
async function watched<T>(work: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StorageFault('interrupted')), WRITE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Names the fault, and after a lost connection reopens once and tries again: every work passed here may run twice. */
async function guarded<T>(db: JournalDatabase, work: () => PromiseLike<T>): Promise<T> {
  try {
    return await watched(work());
  } catch (first) {
    const fault = storageFault(first);
    if (!(fault instanceof StorageFault && fault.kind === 'interrupted')) throw fault;
    try {
      db.close({ disableAutoOpen: false });
      await watched(db.open());
      return await watched(work());
    } catch (second) {
      throw storageFault(second);
    }
  }
}

/** A read whose faults carry their names; not timed, so that it may stand inside a live query. */
async function named<T>(read: () => PromiseLike<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw storageFault(error);
  }
}

function rowStore(db: JournalDatabase): RowStore {
  return {
    get: async (table, key) => db.table(table).get(key as never),
    put: async (table, row) => void (await db.table(table).put(row)),
  };
}

function reader(db: JournalDatabase): LogReader {
  return {
    get: <T extends TableName>(table: T, key: RowKey) =>
      named(() => db.table(table).get(key as never) as PromiseLike<Tables[T] | undefined>),
    async list<T extends TableName>(table: T, field?: string, value?: string | number) {
      const rows = db.table(table);
      const keys: readonly string[] = KEYS[table];
      const found = field === undefined ? rows : rows.where(field === keys[0] && keys.length === 1 ? ':id' : field).equals(value as never);
      return named(() => found.toArray() as PromiseLike<readonly Tables[T][]>);
    },
    artifact: async (runId, path) => (await named(() => db.artifacts.get([runId, path])))?.bytes,
    personal: (packId) => named(() => db.personal.get(packId)),
  };
}

/** An append with its ids drawn: the same one may be tried again, and is written once. */
interface Entry {
  readonly drafts: readonly Draft[];
  readonly ids: readonly string[];
  readonly together: Together;
  readonly moment: Moment;
}

async function append(db: JournalDatabase, deviceId: string, { drafts, ids, together, moment }: Entry): Promise<Appended> {
  const head: Head = (await db.heads.get(deviceId)) ?? { device_id: deviceId, seq: 0, hlc: null };
  const written = await db.events
    .where('id')
    .anyOf([...ids])
    .toArray();
  if (written.length > 0) return { kind: 'appended', events: written, head: Math.max(...written.map((e) => e.seq)) };
  if (together.expectHead !== undefined && together.expectHead !== head.seq) return { kind: 'stale', head: head.seq };
  for (const draft of drafts) {
    if (draft.kind === 'answer.recorded' && (await db.answers.get(draft.body.attempt_id))) return { kind: 'duplicate', head: head.seq };
  }
  const { events, head: next } = numbered(drafts, ids, head, moment);
  await db.events.bulkAdd(events);
  const rows = rowStore(db);
  for (const event of events) await project(event, rows);
  await db.heads.put(next);
  if (together.personal) await db.personal.put({ ...together.personal, seq: next.seq });
  if (together.federation) await applyFederation(db, together.federation);
  if (together.artifacts) await db.artifacts.bulkPut([...together.artifacts]);
  return { kind: 'appended', events, head: next.seq };
}

async function rebuild(db: JournalDatabase): Promise<void> {
  for (const name of TABLE_NAMES) await db.table(name).clear();
  const rows = rowStore(db);
  const events: readonly LogEvent[] = await db.events.toArray();
  for (const event of events) if (isKnownKind(event.kind)) await project(event, rows);
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
    await watched(db.open());
    // Dexie opens a newer database as if it were its own; ours may hold what this app would misread.
    if (db.backendDB().version > JOURNAL_VERSION * 10) throw new StorageFault('newer-version');
  } catch (error) {
    db.close();
    throw storageFault(error);
  }
  const deviceId = await guarded(db, () => deviceOf(db, moment()));
  // scopes must be async functions themselves, or Dexie commits at their first await
  const write = <T>(scope: (tx: Transaction) => Promise<T>): Promise<T> => guarded(db, () => db.transaction('rw', db.tables, scope));
  return {
    ...reader(db),
    federation: dexieFederationStore(db, write, named),
    async append(drafts, together = {}) {
      drafts.forEach(checkDraft);
      const now = moment();
      const entry: Entry = { drafts, ids: drafts.map(() => uuidv7(now.at, now.rng)), together, moment: now };
      return write(async () => append(db, deviceId, entry));
    },
    head: async () => (await guarded(db, () => db.heads.get(deviceId)))?.seq ?? 0,
    watch(read, onValue, onFault) {
      const subscription = liveQuery(() => read(reader(db))).subscribe(onValue, (error) => onFault(storageFault(error)));
      return () => subscription.unsubscribe();
    },
    events: () => db.events.toArray(),
    rebuild: () => write(async () => rebuild(db)),
    close: () => db.close(),
  };
}

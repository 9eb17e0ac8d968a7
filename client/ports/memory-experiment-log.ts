import { uuidv7 } from '#shared/domain/ids.ts';
import { oneAtATime } from '#shared/domain/one-at-a-time.ts';
import { checkDraft, type Draft, type LogEvent } from '#shared/tracking/event.ts';
import { project } from '#shared/tracking/project.ts';
import { keyOf, type RowStore, TABLE_NAMES, type TableName, type Tables } from '#shared/tracking/rows.ts';
import type { Appended, ExperimentLog, LogReader, PersonalRow, Together } from './experiment-log.ts';
import { memoryFederationStore } from './memory-federation-store.ts';
import { type Head, type Moment, numbered } from './numbering.ts';

type Maps = { [T in TableName]: Map<string, Tables[T]> };

const emptyMaps = (): Maps => Object.fromEntries(TABLE_NAMES.map((name) => [name, new Map()])) as unknown as Maps;

function byKey<T extends TableName>(table: T): (a: Tables[T], b: Tables[T]) => number {
  return (a, b) => {
    const [x, y] = [[keyOf(table, a)].flat(), [keyOf(table, b)].flat()];
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return (x[i] ?? 0) < (y[i] ?? 0) ? -1 : 1;
    return 0;
  };
}

/** A log that lasts as long as the page: for tests, and where the browser allows no storage (the app says so). */
export function memoryExperimentLog(moment: () => Moment): ExperimentLog {
  let maps = emptyMaps();
  let head: Head = { device_id: 'memory0000000000', seq: 0, hlc: null };
  const log: LogEvent[] = [];
  const personal = new Map<string, PersonalRow>();
  const artifacts = new Map<string, Uint8Array>();
  const watchers = new Set<() => void>();
  const inTurn = oneAtATime();
  const federation = memoryFederationStore(() => {
    for (const tell of watchers) tell();
  });
  const store: RowStore = {
    get: async (table, key) => maps[table].get(JSON.stringify(key)),
    put: async (table, row) => void maps[table].set(JSON.stringify(keyOf(table, row)), row),
  };
  const reader: LogReader = {
    get: store.get,
    async list(table: TableName, field?: string, value?: string | number) {
      const all = [...maps[table].values()] as Tables[typeof table][];
      const kept = field === undefined ? all : all.filter((row) => (row as unknown as Record<string, unknown>)[field] === value);
      return kept.sort(byKey(table)) as never;
    },
    artifact: async (runId, path) => artifacts.get(JSON.stringify([runId, path])),
    personal: async (packId) => personal.get(packId),
  };
  async function append(drafts: readonly Draft[], together: Together): Promise<Appended> {
    drafts.forEach(checkDraft);
    if (together.expectHead !== undefined && together.expectHead !== head.seq) return { kind: 'stale', head: head.seq };
    for (const draft of drafts) {
      if (draft.kind === 'answer.recorded' && (await store.get('answers', draft.body.attempt_id)))
        return { kind: 'duplicate', head: head.seq };
    }
    const now = moment();
    const ids = drafts.map(() => uuidv7(now.at, now.rng));
    const { events, head: next } = numbered(drafts, ids, head, now);
    const before = Object.fromEntries(TABLE_NAMES.map((name) => [name, new Map(maps[name] as Map<string, unknown>)])) as unknown as Maps;
    try {
      for (const event of events) await project(event, store);
      if (together.federation) await federation.write(together.federation);
    } catch (cause) {
      maps = before;
      throw cause;
    }
    head = next;
    log.push(...events);
    if (together.personal) personal.set(together.personal.pack_id, { ...together.personal, seq: head.seq });
    for (const { run_id, path, bytes } of together.artifacts ?? []) artifacts.set(JSON.stringify([run_id, path]), bytes);
    for (const tell of watchers) tell();
    return { kind: 'appended', events, head: head.seq };
  }

  return {
    ...reader,
    federation,
    append: (drafts, together = {}) => inTurn(() => append(drafts, together)),
    head: async () => head.seq,
    watch(read, onValue, onFault) {
      const tell = () => void read(reader).then(onValue, onFault);
      watchers.add(tell);
      tell();
      return () => watchers.delete(tell);
    },
    events: async () => [...log],
    async rebuild() {
      maps = emptyMaps();
      for (const event of log) await project(event, store);
    },
    close() {},
  };
}

/** Rows by table and key, for comparing two folds. */
export async function allRows(reader: LogReader): Promise<Record<string, readonly unknown[]>> {
  const entries = await Promise.all(TABLE_NAMES.map(async (name) => [name, await reader.list(name)] as const));
  return Object.fromEntries(entries);
}

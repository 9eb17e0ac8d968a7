import { uuidv7 } from '#shared/domain/ids.ts';
import { oneAtATime } from '#shared/domain/one-at-a-time.ts';
import { checkDraft, type Draft, type LogEvent } from '#shared/tracking/event.ts';
import { project } from '#shared/tracking/project.ts';
import { keyOf, type RowStore, TABLE_NAMES, type TableName, type Tables } from '#shared/tracking/rows.ts';
import type { Appended, ExperimentLog, LogReader, PersonalRow, Together } from './experiment-log.ts';
import { memoryFederationStore } from './memory-federation-store.ts';
import { type Head, inClockOrder, type Moment, numbered, placeOfHead } from './numbering.ts';

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
export function memoryExperimentLog(moment: () => Moment, device_id = 'memory0000000000'): ExperimentLog {
  let maps = emptyMaps();
  let head: Head = { device_id, seq: 0, hlc: null };
  let log: LogEvent[] = [];
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
    delete: async (table, key) => void maps[table].delete(JSON.stringify(key)),
  };
  const reader: LogReader = {
    get: store.get,
    async list(table: TableName, field?: string, value?: string | number) {
      const all = [...maps[table].values()] as Tables[typeof table][];
      const kept = field === undefined ? all : all.filter((row) => (row as unknown as Record<string, unknown>)[field] === value);
      return kept.sort(byKey(table)) as never;
    },
    count: async (table, field, value) => (await reader.list(table, field as never, value as never)).length,
    artifact: async (runId, path) => artifacts.get(JSON.stringify([runId, path])),
    personal: async (packId) => personal.get(packId),
    head: async () => placeOfHead(head),
    placeOf: async (hlc) => log.filter((e) => e.hlc <= hlc).length,
    hlcAt: async (place) => log[place - 1]?.hlc ?? null,
  };
  async function append(drafts: readonly Draft[], together: Together): Promise<Appended> {
    drafts.forEach(checkDraft);
    if (together.expectHead !== undefined && together.expectHead !== placeOfHead(head)) return { kind: 'stale', head: placeOfHead(head) };
    for (const draft of drafts) {
      if (draft.kind === 'answer.recorded' && (await store.get('answers', draft.body.attempt_id)))
        return { kind: 'duplicate', head: placeOfHead(head) };
    }
    const now = moment();
    const ids = drafts.map(() => uuidv7(now.at, now.rng));
    const { events, head: next } = numbered(drafts, ids, head, now);
    const before = Object.fromEntries(TABLE_NAMES.map((name) => [name, new Map(maps[name] as Map<string, unknown>)])) as unknown as Maps;
    try {
      for (const [i, event] of events.entries()) await project(event, store, placeOfHead(head) + i + 1);
      if (together.federation) await federation.write(together.federation);
    } catch (cause) {
      maps = before;
      throw cause;
    }
    head = next;
    log.push(...events);
    if (together.personal) personal.set(together.personal.pack_id, { ...together.personal, seq: placeOfHead(head) });
    for (const { run_id, path, bytes } of together.artifacts ?? []) artifacts.set(JSON.stringify([run_id, path]), bytes);
    for (const tell of watchers) tell();
    return { kind: 'appended', events, head: placeOfHead(head) };
  }

  async function rebuild(): Promise<void> {
    maps = emptyMaps();
    for (const [i, event] of log.entries()) await project(event, store, i + 1);
  }

  return {
    ...reader,
    deviceId: device_id,
    federation,
    append: (drafts, together = {}) => inTurn(() => append(drafts, together)),
    async compare(events) {
      const known = new Set(log.map((e) => e.id));
      const added = events.filter((e) => !known.has(e.id)).length;
      return { added, known: events.length - added };
    },
    merge: (incoming) =>
      inTurn(async () => {
        const known = new Set(log.map((e) => e.id));
        const fresh = incoming.events.filter((e) => !known.has(e.id));
        const [logBefore, mapsBefore] = [log, maps];
        log = inClockOrder([...log, ...fresh]);
        try {
          await rebuild();
        } catch (cause) {
          [log, maps] = [logBefore, mapsBefore];
          throw cause;
        }
        for (const { run_id, path, bytes } of incoming.artifacts) artifacts.set(JSON.stringify([run_id, path]), bytes);
        head = { ...head, hlc: log.at(-1)?.hlc ?? null, place: log.length };
        personal.clear();
        for (const tell of watchers) tell();
        return { added: fresh.length, known: incoming.events.length - fresh.length };
      }),
    artifacts: async () =>
      [...artifacts].map(([key, bytes]) => {
        const [run_id, path] = JSON.parse(key) as [string, string];
        return { run_id, path, bytes };
      }),
    async deleteEverything() {
      maps = emptyMaps();
      log = [];
      personal.clear();
      artifacts.clear();
    },
    watch(read, onValue, onFault) {
      const tell = () => void read(reader).then(onValue, onFault);
      watchers.add(tell);
      tell();
      return () => watchers.delete(tell);
    },
    onSuperseded() {},
    events: async () => [...log],
    rebuild,
    close() {},
  };
}

/** Rows by table and key, for comparing two folds. */
export async function allRows(reader: LogReader): Promise<Record<string, readonly unknown[]>> {
  const entries = await Promise.all(TABLE_NAMES.map(async (name) => [name, await reader.list(name)] as const));
  return Object.fromEntries(entries);
}

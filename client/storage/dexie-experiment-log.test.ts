// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import { seededRng } from '#shared/maths/rng.ts';
import { answer, COMMON, describeLog, randomDrafts, started, tickingMoment } from '../ports/experiment-log.contract.ts';
import { allRows, memoryExperimentLog } from '../ports/memory-experiment-log.ts';
import { dexieExperimentLog } from './dexie-experiment-log.ts';

let count = 0;
const nameOf = (n: number) => `journal-test-${n}`;

describeLog(
  'in IndexedDB',
  () => dexieExperimentLog(tickingMoment(), nameOf(++count)),
  async (log) => {
    log.close();
    return dexieExperimentLog(tickingMoment(), nameOf(count));
  },
);

test('an answer writes seven rows: the event, the answer, its session, the points of its step, the latest of its run, head and layer', async () => {
  const log = await dexieExperimentLog(tickingMoment(), nameOf(++count));
  await log.append([started, answer('a1', 1)]);
  const put = vi.spyOn(IDBObjectStore.prototype, 'put');
  const add = vi.spyOn(IDBObjectStore.prototype, 'add');
  await log.append([answer('a2', 0)], { personal: { pack_id: 'p1', model_version: 'm/1', layer: {} } });
  expect(put.mock.calls.length + add.mock.calls.length).toBe(7);
  vi.restoreAllMocks();
  log.close();
});

test('a write that went through though it was reported lost is found by its ids, and told again as it was', async () => {
  const log = await dexieExperimentLog(tickingMoment(), nameOf(++count));
  await log.append([started]);
  const seen: number[] = [];
  log.watch(
    (reader) => reader.count('answers'),
    (n) => seen.push(n),
    () => undefined,
  );
  const real = IDBDatabase.prototype.transaction;
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementationOnce(function (this: IDBDatabase, ...of) {
    const tx = real.apply(this, of);
    Object.defineProperty(tx, 'oncomplete', { set: () => tx.addEventListener('complete', () => tx.onabort?.(new Event('abort'))) });
    return tx;
  });
  const told = await log.append([answer('a1', 1), answer('a2', 0)]);
  vi.restoreAllMocks();
  expect(told).toMatchObject({ kind: 'appended', head: 3, events: [{ body: { attempt_id: 'a1' } }, { body: { attempt_id: 'a2' } }] });
  expect(await log.events()).toHaveLength(3);
  await expect.poll(() => seen.at(-1)).toBe(2);
  log.close();
});

test('a restore that does not get on is given up after two minutes and five milliseconds an event, not before', async () => {
  const name = nameOf(++count);
  const log = await dexieExperimentLog(tickingMoment(), name);
  await log.append([started, ...Array.from({ length: 199 }, (_, i) => answer(`a${i}`, 1))]);
  const events = await log.events();
  log.close();
  const fresh = await dexieExperimentLog(tickingMoment(), nameOf(++count));
  const held = await new Promise<IDBDatabase>((done) => {
    const opening = indexedDB.open(nameOf(count));
    opening.onsuccess = () => done(opening.result);
  });
  let isHeld = true;
  const holding = held.transaction([...held.objectStoreNames], 'readwrite');
  const goOn = () => {
    if (isHeld) holding.objectStore('heads').count().onsuccess = goOn;
  };
  goOn();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const closed = vi.spyOn(IDBDatabase.prototype, 'close');
  const restored = fresh.merge({ events, artifacts: [] });
  await vi.advanceTimersByTimeAsync(120_000 + 5 * events.length - 1);
  expect(closed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(closed).toHaveBeenCalledOnce();
  vi.useRealTimers();
  isHeld = false;
  await restored;
  expect(await fresh.events()).toEqual(events);
  vi.restoreAllMocks();
  held.close();
  fresh.close();
});

test('a tab whose database another one deleted writes and reads nothing any more, so that it stays deleted', async () => {
  const name = nameOf(++count);
  const [here, there] = [await dexieExperimentLog(tickingMoment(), name), await dexieExperimentLog(tickingMoment(), name)];
  const told = vi.fn();
  there.onSuperseded(told);
  await there.append([started]);
  await here.deleteEverything();
  expect(told).toHaveBeenCalledOnce();
  await expect(there.append([answer('a1', 1)])).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(there.federation.write([])).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(there.events()).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(here.append([started])).rejects.toMatchObject({ kind: 'interrupted' });
  expect((await indexedDB.databases()).map((d) => d.name)).not.toContain(name);
});

test('nor does one whose database a newer app has upgraded', async () => {
  const name = nameOf(++count);
  const log = await dexieExperimentLog(tickingMoment(), name);
  await log.append([started]);
  const newer = await new Promise<IDBDatabase>((done) => {
    const opening = indexedDB.open(name, 9990);
    opening.onsuccess = () => done(opening.result);
  });
  await expect(log.append([answer('a1', 1)])).rejects.toMatchObject({ kind: 'interrupted' });
  newer.close();
});

test('20 random logs hold the same rows in IndexedDB, appended one by one, folded anew or merged, as in memory', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rng = seededRng(seed);
    const log = await dexieExperimentLog(tickingMoment(seed), nameOf(++count));
    for (const drafts of [COMMON, ...Array.from({ length: 40 }, () => randomDrafts(rng, 'a'))]) await log.append(drafts);
    const incoming = { events: await log.events(), artifacts: [] };
    const [inMemory, merged] = [memoryExperimentLog(tickingMoment()), await dexieExperimentLog(tickingMoment(), nameOf(++count))];
    await inMemory.merge(incoming);
    await merged.merge(incoming);
    const told = await allRows(inMemory);
    expect(await allRows(log), `seed ${seed}`).toEqual(told);
    expect(await allRows(merged), `seed ${seed}, merged`).toEqual(told);
    await log.rebuild();
    expect(await allRows(log), `seed ${seed}, folded anew`).toEqual(told);
    log.close();
    merged.close();
  }
});

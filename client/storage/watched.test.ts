import 'fake-indexeddb/auto';
import { Dexie } from 'dexie';
import { expect, test, vi } from 'vitest';
import { dexiePackStore } from './dexie-pack-store.ts';
import { reopening } from './watched.ts';

test('a small database that has lost its connection is reopened and asked again', async () => {
  const db = new Dexie('lost');
  db.version(1).stores({ rows: 'id' });
  const asked = reopening(db, 1000);
  let tries = 0;
  const read = () => {
    tries += 1;
    if (tries === 1) return Promise.reject(new DOMException('closing', 'InvalidStateError'));
    return db.table('rows').count();
  };
  expect(await asked(read)).toBe(0);
  expect(tries).toBe(2);
});

test('work that never settles is given up, by name', async () => {
  vi.useFakeTimers();
  try {
    const db = new Dexie('silent');
    db.version(1).stores({ rows: 'id' });
    const given = reopening(db, 1000)(() => new Promise(() => undefined));
    const seen = expect(given).rejects.toMatchObject({ kind: 'interrupted' });
    await vi.advanceTimersByTimeAsync(2100);
    await seen;
  } finally {
    vi.useRealTimers();
  }
});

test('other faults are told at once, and packs come back as they were kept', async () => {
  const db = new Dexie('full');
  db.version(1).stores({ rows: 'id' });
  let tries = 0;
  const full = () => {
    tries += 1;
    return Promise.reject(new DOMException('full', 'QuotaExceededError'));
  };
  await expect(reopening(db, 1000)(full)).rejects.toMatchObject({ kind: 'full' });
  expect(tries).toBe(1);
  const store = dexiePackStore('packs-test');
  expect(await store.get('none')).toBeUndefined();
});

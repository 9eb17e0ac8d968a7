// @vitest-environment node
import 'fake-indexeddb/auto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { pointsOf, type Tables } from '#shared/tracking/rows.ts';
import { answer, tickingMoment } from '../ports/experiment-log.contract.ts';
import { StorageFault } from '../ports/experiment-log.ts';
import { allRows } from '../ports/memory-experiment-log.ts';
import { dexieExperimentLog } from './dexie-experiment-log.ts';
import { JOURNAL_VERSION } from './journal-database.ts';
import { dumpDatabase, type Frozen, fromJson, restoreDatabase } from './journal-fixtures/freeze.ts';
import { storageFault } from './storage-fault.ts';

const FOLDER = 'client/storage/journal-fixtures';
const names = readdirSync(FOLDER).filter((name) => /^v\d+\.json$/.test(name));
const frozen = (name: string): Frozen => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Frozen;

const omit = (row: unknown, field: string) => Object.fromEntries(Object.entries(row as object).filter(([name]) => name !== field));

describe('frozen databases of every released schema', () => {
  test('there is one for each version up to now', () => {
    expect(names.sort()).toEqual(Array.from({ length: JOURNAL_VERSION }, (_, i) => `v${i + 1}.json`));
  });

  test.each(names)('%s opens with today’s code, keeps every row, folds to the same rows, and can be written to', async (name) => {
    const before = frozen(name);
    await restoreDatabase(`fixture-${name}`, before);
    const log = await dexieExperimentLog(tickingMoment(9), `fixture-${name}`);
    const rows = await allRows(log);
    for (const { name: table, rows: kept } of before.stores) {
      // A later schema may fold more out of old events, never less.
      if (table in rows) expect(rows[table], table).toEqual(expect.arrayContaining(kept.map(fromJson)));
      if (table === 'metrics') {
        const points = pointsOf(rows['metric_steps'] as Tables['metric_steps'][]);
        expect(points).toEqual(expect.arrayContaining(kept.map((row) => omit(fromJson(row), 'value_key'))));
        expect(points).toHaveLength(kept.length);
      }
      if (table === 'latest_metrics') {
        const latest = (rows['run_metrics'] as Tables['run_metrics'][]).flatMap((row) =>
          row.latest.map((p) => ({ run_id: row.run_id, ...p })),
        );
        expect(latest).toEqual(expect.arrayContaining(kept.map(fromJson)));
        expect(latest).toHaveLength(kept.length);
      }
      if (table === 'events') expect(await log.events()).toEqual(kept.map(fromJson));
    }
    const keptIn = (table: string) => before.stores.find((st) => st.name === table)?.rows.map(fromJson) ?? [];
    expect(await log.federation.contributions()).toEqual(keptIn('contributions'));
    expect(await log.federation.outbox()).toEqual(keptIn('outbox'));
    for (const row of keptIn('federation') as { key: 'consent'; value: unknown }[])
      expect(await log.federation.value(row.key)).toEqual(row.value);
    expect(Object.values(rows).flat().length).toBeGreaterThan(50);
    await log.rebuild();
    expect(await allRows(log)).toEqual(rows);
    const head = await log.head();
    const [session] = await log.list('sessions');
    await log.append([answer('new', 1, { session_id: session?.session_id ?? '' })]);
    expect(await log.head()).toBe(head + 1);
    log.close();
  });
});

describe('a database this app cannot read', () => {
  test('is left alone when a newer app wrote it', async () => {
    const log = await dexieExperimentLog(tickingMoment(), 'newer');
    await log.append([{ kind: 'setting.set', body: { key: 'k', value: 'v' } }]);
    log.close();
    const dump = await dumpDatabase('newer');
    await restoreDatabase('newer-2', { ...dump, version: (JOURNAL_VERSION + 1) * 10 });
    await expect(dexieExperimentLog(tickingMoment(), 'newer-2')).rejects.toMatchObject({ kind: 'newer-version' });
    expect(await dumpDatabase('newer-2')).toEqual({ ...dump, version: (JOURNAL_VERSION + 1) * 10 });
  });
});

describe('faults of the store by name', () => {
  const named = (name: string, inner?: unknown) => Object.assign(new Error('x'), { name, inner });
  test.each([
    ['QuotaExceededError', 'full'],
    ['VersionError', 'newer-version'],
    ['InvalidStateError', 'interrupted'],
    ['AbortError', 'interrupted'],
    ['MissingAPIError', 'unavailable'],
    ['SecurityError', 'unavailable'],
  ])('%s means %s', (name, kind) => {
    expect(storageFault(named(name))).toMatchObject({ kind });
  });

  test('the innermost known name decides, and unknown errors pass as they are', () => {
    expect(storageFault(named('AbortError', named('QuotaExceededError')))).toMatchObject({ kind: 'full' });
    const bug = new TypeError('a bug');
    expect(storageFault(bug)).toBe(bug);
    const fault = new StorageFault('full');
    expect(storageFault(fault)).toBe(fault);
  });
});

// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, test, vi } from 'vitest';
import { answer, describeLog, started, tickingMoment } from '../ports/experiment-log.contract.ts';
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

test('a write that went through though it was reported lost is found by its ids, and told again as it was', async () => {
  const log = await dexieExperimentLog(tickingMoment(), nameOf(++count));
  await log.append([started]);
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
  log.close();
});

// @vitest-environment node
import 'fake-indexeddb/auto';
import { describeLog, tickingMoment } from '../ports/experiment-log.contract.ts';
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

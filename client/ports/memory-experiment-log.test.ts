import { describeLog, tickingMoment } from './experiment-log.contract.ts';
import { memoryExperimentLog } from './memory-experiment-log.ts';

describeLog('in memory', async () => memoryExperimentLog(tickingMoment()), null);

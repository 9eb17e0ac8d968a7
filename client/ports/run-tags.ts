import { VERSION } from '#shared/domain/version.ts';
import type { ExperimentLog } from './experiment-log.ts';

/** Version of the names and formulas that are logged. */
const SCHEMA = '1';

/** The tags of a run of this device: MLflow's own, where the run comes from, and what it is. The user is a pseudonym that means nothing elsewhere. */
export function runTags(
  { deviceId }: ExperimentLog,
  kind: string,
  more: Readonly<Record<string, string>> = {},
): { key: string; value: string }[] {
  const tags = {
    'mlflow.user': `learner-${deviceId.slice(0, 8)}`,
    'mlflow.source.name': `examsgraph@${VERSION}`,
    'eg.kind': kind,
    'eg.device_id': deviceId,
    'eg.schema': SCHEMA,
    ...more,
  };
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

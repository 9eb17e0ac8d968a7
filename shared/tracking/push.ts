import type { TrackingClient } from './client.ts';
import { TrackingFault } from './fault.ts';
import type { ReadRun } from './mlruns-read.ts';

/** Tag under which a pushed run keeps the id it had on its device: by it a second push finds the first one's run. */
export const PUSHED_ID = 'eg.run_id';

/** What pushing needs. */
export interface PushPorts {
  readonly client: TrackingClient;
  /** Stores a file below a run's artifacts. @throws if it cannot be stored */
  readonly putFile: (artifactUri: string, path: string, bytes: Uint8Array) => Promise<void>;
  readonly onProgress?: (done: number, all: number) => void;
}

async function experimentId({ client }: PushPorts, name: string): Promise<string> {
  try {
    return (await client.call('getExperimentByName', { experiment_name: name })).experiment.experiment_id;
  } catch (fault) {
    if (!(fault instanceof TrackingFault && fault.code === 'RESOURCE_DOES_NOT_EXIST')) throw fault;
    return (await client.call('createExperiment', { name })).experiment_id;
  }
}

async function runInfo({ client }: PushPorts, experiment_id: string, run: ReadRun) {
  const quote = run.runId.includes("'") ? '"' : "'";
  const filter = `tags.\`${PUSHED_ID}\` = ${quote}${run.runId}${quote}`;
  const { runs = [] } = await client.call('searchRuns', { experiment_ids: [experiment_id], filter, max_results: 1 });
  if (runs[0]) return runs[0].info;
  const tags = [{ key: PUSHED_ID, value: run.runId }];
  return (await client.call('createRun', { experiment_id, run_name: run.name, start_time: run.startTime, tags })).run.info;
}

/**
 * Push the runs of an exported log to an MLflow server, stock or ours, by the protocol's own calls: metrics with their histories, params, tags,
 * artifacts, status. Pushed again, no run is there twice, and only those that had not ended yet are written to. A server that loses its answer to
 * the creation of a run may be left with an empty one beside it.
 *
 * @returns the ids of the runs on the server, in order
 * @throws TrackingFault, or what the ports throw; what was pushed until then stays
 */
export async function pushRuns(ports: PushPorts, runs: readonly ReadRun[]): Promise<readonly string[]> {
  const { client, putFile, onProgress } = ports;
  const experiments = new Map<string, string>();
  const ids: string[] = [];
  for (const run of runs) {
    const experiment = experiments.get(run.experiment) ?? (await experimentId(ports, run.experiment));
    experiments.set(run.experiment, experiment);
    const info = await runInfo(ports, experiment, run);
    ids.push(info.run_id);
    // the end is told last: a run that has it is whole, and not every server takes a point twice for one
    if (info.status === 'RUNNING') {
      await client.log(info.run_id, run);
      for (const [path, bytes] of run.artifacts) await putFile(info.artifact_uri, path, bytes);
      const ended = run.endTime === null ? {} : { end_time: run.endTime };
      await client.call('updateRun', { run_id: info.run_id, status: run.status, ...ended });
    }
    onProgress?.(ids.length, runs.length);
  }
  return ids;
}

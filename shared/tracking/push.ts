import { type Incoming, type Stop, sentPatiently, type TrackingClient } from './client.ts';
import { TrackingFault } from './fault.ts';
import type { ReadRun } from './mlruns-read.ts';
import { proxiedPath } from './proxied-path.ts';

/** Tag under which a pushed run keeps the id it had on its device: by it a second push finds the first one's run. */
export const PUSHED_ID = 'eg.run_id';

/** What pushing needs. */
export interface PushPorts {
  readonly client: TrackingClient;
  /** Sends one file as the body of a PUT. @throws if there was no answer at all */
  readonly putFile: (path: string, bytes: Uint8Array) => Promise<Incoming>;
  readonly waitMs: (ms: number) => Promise<void>;
  readonly onProgress?: (done: number, all: number) => void;
  readonly stop?: Stop;
}

/** The server keeps its artifacts where nobody but itself can write. */
export class ArtifactsElsewhere extends Error {
  constructor(uri: string) {
    super(`The server keeps artifacts under ${uri}, where only it can write. Start it with --serve-artifacts.`);
  }
}

async function experimentId({ client, stop }: PushPorts, name: string): Promise<string> {
  try {
    return (await client.call('getExperimentByName', { experiment_name: name }, stop)).experiment.experiment_id;
  } catch (fault) {
    if (!(fault instanceof TrackingFault && fault.code === 'RESOURCE_DOES_NOT_EXIST')) throw fault;
    return (await client.call('createExperiment', { name }, stop)).experiment_id;
  }
}

async function runInfo({ client, stop }: PushPorts, experiment_id: string, run: ReadRun) {
  const quote = run.runId.includes("'") ? '"' : "'";
  const filter = `tags.\`${PUSHED_ID}\` = ${quote}${run.runId}${quote}`;
  const { runs = [] } = await client.call('searchRuns', { experiment_ids: [experiment_id], filter, max_results: 1 }, stop);
  if (runs[0]) return runs[0].info;
  const tags = [{ key: PUSHED_ID, value: run.runId }];
  const user_id = run.tags?.find((tag) => tag.key === 'mlflow.user')?.value;
  return (
    await client.call(
      'createRun',
      { experiment_id, run_name: run.name, start_time: run.startTime, tags, ...(user_id ? { user_id } : {}) },
      stop,
    )
  ).run.info;
}

async function pushFile(ports: PushPorts, artifactUri: string, path: string, bytes: Uint8Array): Promise<void> {
  const folder = proxiedPath(artifactUri);
  if (folder === null) throw new ArtifactsElsewhere(artifactUri);
  const full = `${folder}/${path}`.split('/').map(encodeURIComponent).join('/');
  const { status } = await sentPatiently(() => ports.putFile(`/api/2.0/mlflow-artifacts/artifacts/${full}`, bytes), ports, ports.stop);
  if (status >= 300) throw new TrackingFault(status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST', `${path}: the server answered ${status}.`);
}

/**
 * Push the runs of an exported log to an MLflow server, stock or ours, by the protocol's own calls: metrics with their histories, params, tags,
 * artifacts, status. Pushed again, no run is there twice, and only those that had not ended yet are written to. A server that loses its answer to
 * the creation of a run may be left with an empty one beside it.
 *
 * @returns the ids of the runs on the server, in order
 * @throws TrackingFault, ArtifactsElsewhere, or what the ports throw; what was pushed until then stays
 */
export async function pushRuns(ports: PushPorts, runs: readonly ReadRun[]): Promise<readonly string[]> {
  const { client, onProgress, stop } = ports;
  const experiments = new Map<string, string>();
  const ids: string[] = [];
  for (const run of runs) {
    const experiment = experiments.get(run.experiment) ?? (await experimentId(ports, run.experiment));
    experiments.set(run.experiment, experiment);
    const info = await runInfo(ports, experiment, run);
    ids.push(info.run_id);
    // the end is told last: a run that has it is whole, and not every server takes a point twice for one
    if (info.status === 'RUNNING') {
      await client.log(info.run_id, run, stop);
      for (const [path, bytes] of run.artifacts) await pushFile(ports, info.artifact_uri, path, bytes);
      const ended = run.endTime === null ? {} : { end_time: run.endTime };
      await client.call('updateRun', { run_id: info.run_id, status: run.status, ...ended }, stop);
    }
    onProgress?.(ids.length, runs.length);
  }
  return ids;
}

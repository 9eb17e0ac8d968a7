import { strFromU8 } from 'fflate';
import type { Logged } from './client.ts';
import { partsOf } from './mlruns.ts';

/** A run as an exported folder holds it. */
export interface ReadRun extends Required<Logged> {
  readonly experiment: string;
  readonly runId: string;
  readonly name: string;
  /** Epoch ms. */
  readonly startTime: number;
  readonly endTime: number | null;
  readonly status: 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';
  /** By their path below the run's artifacts. */
  readonly artifacts: ReadonlyMap<string, Uint8Array>;
}

/** By MLflow's number. */
const STATUS = [undefined, 'RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;

/** Fields of a `meta.yaml` as the export writes it: a JSON value a line. @throws Error naming the file */
function metaOf(path: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const lines = strFromU8(bytes).split('\n').filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), JSON.parse(line.slice(colon + 2)) as unknown];
      }),
    );
  } catch {
    throw new Error(`${path} is not as an export writes it.`);
  }
}

function numberOf(text: string): number {
  if (text === 'nan') return Number.NaN;
  if (text === 'inf' || text === '-inf') return text === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Number(text);
}

/**
 * The runs of an exported log that are not deleted, with their whole histories.
 *
 * @param files of the archive, by path
 * @throws Error naming the file that cannot be read, or if no run is there at all
 */
export function readMlruns(files: Readonly<Record<string, Uint8Array>>): readonly ReadRun[] {
  const names = new Map<string, string>();
  const runs = new Map<string, { readonly meta: Readonly<Record<string, unknown>>; readonly files: [string, Uint8Array][] }>();
  for (const [path, bytes] of Object.entries(files)) {
    const [, experiment, run, ...rest] = path.split('/');
    if (!path.startsWith('mlruns/') || !experiment || !run || experiment === 'models') continue;
    if (run === 'meta.yaml') names.set(experiment, String(metaOf(path, bytes)['name']));
    else if (rest.join('/') === 'meta.yaml') {
      const meta = metaOf(path, bytes);
      if (meta['lifecycle_stage'] === 'active') runs.set(`${experiment}/${run}`, { meta, files: [] });
    }
  }
  for (const [path, bytes] of Object.entries(files)) {
    const [, experiment, run, ...rest] = path.split('/');
    // a folder zipped again has entries of its own
    if (rest.length > 1 && !path.endsWith('/')) runs.get(`${experiment}/${run}`)?.files.push([rest.join('/'), bytes]);
  }
  if (runs.size === 0) throw new Error('There is no run in this file: it is not an exported log.');
  return [...runs].map(([id, { meta, files: own }]) => runOf(names.get(id.split('/')[0] ?? '') ?? 'examsgraph', meta, own));
}

function runOf(experiment: string, meta: Readonly<Record<string, unknown>>, own: readonly (readonly [string, Uint8Array])[]): ReadRun {
  const below = (folder: string) =>
    own.flatMap(([path, bytes]) => (path.startsWith(folder) ? [[path.slice(folder.length), bytes] as const] : []));
  const texts = (folder: string) => below(folder).map(([key, bytes]) => ({ key, value: strFromU8(bytes) }));
  return {
    experiment,
    runId: String(meta['run_id']),
    name: String(meta['run_name']),
    startTime: Number(meta['start_time']),
    endTime: meta['end_time'] === null ? null : Number(meta['end_time']),
    status: STATUS[Number(meta['status'])] ?? 'RUNNING',
    params: texts('params/'),
    tags: texts('tags/'),
    metrics: texts('metrics/').flatMap(({ key, value }) =>
      value
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const [timestamp = '', number = '', step = ''] = line.split(' ');
          return { key, value: numberOf(number), timestamp: Number(timestamp), step: Number(step) };
        }),
    ),
    // whoever made the file: a path never leads out of the run's folder
    artifacts: new Map(below('artifacts/').map(([path, bytes]) => [partsOf(path), bytes])),
  };
}

import type { LogReader } from '#client/ports/experiment-log.ts';
import { type MetricPoint, pointsOf, type Tables } from '#shared/tracking/rows.ts';
import type { Searched } from '#shared/tracking/search.ts';

/** A run with all that is logged of it, as filters and tables see it. */
export interface RunView extends Searched {
  readonly run: Tables['runs'];
  /** Name of its experiment. */
  readonly experiment: string;
  readonly artifacts: readonly Tables['artifact_entries'][];
}

function by<T>(rows: readonly T[], key: (row: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const own = groups.get(key(row));
    if (own) own.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

/** Every run of the log; each table is read once. */
export async function readRuns(reader: LogReader): Promise<readonly RunView[]> {
  const [experiments, runs, params, tags, metrics, artifacts] = await Promise.all([
    reader.list('experiments'),
    reader.list('runs'),
    reader.list('params'),
    reader.list('tags'),
    reader.list('run_metrics'),
    reader.list('artifact_entries'),
  ]);
  const names = new Map(experiments.map((e) => [e.experiment_id, e.name]));
  const [paramsOf, tagsOf] = [by(params, (p) => p.owner), by(tags, (t) => t.owner)];
  const [metricsOf, artifactsOf] = [new Map(metrics.map((m) => [m.run_id, m.latest])), by(artifacts, (a) => a.run_id)];
  return runs.map((run) => {
    const own = (tagsOf.get(run.run_id) ?? []).map((t) => [t.key, t.value] as const);
    const attributes: [string, string | number][] = [
      ['run_id', run.run_id],
      ['run_name', run.run_name],
      ['status', run.status],
      ...own.filter(([key]) => key === 'mlflow.user').map(([, value]): [string, string] => ['user_id', value]),
      ['start_time', run.start_time],
      ...(run.end_time === null ? [] : [['end_time', run.end_time] as [string, number]]),
    ];
    return {
      run,
      experiment: names.get(run.experiment_id) ?? '',
      artifacts: artifactsOf.get(run.run_id) ?? [],
      attributes: new Map(attributes),
      params: new Map((paramsOf.get(run.run_id) ?? []).map((p) => [p.key, p.value])),
      tags: new Map(own),
      metrics: new Map((metricsOf.get(run.run_id) ?? []).map((m) => [m.key, m.value])),
      datasets: [],
    };
  });
}

/** A metric's history by step, the latest value logged for each; undone answers show as NaN. */
export async function metricHistory(reader: LogReader, runId: string, key: string): Promise<readonly MetricPoint[]> {
  const all = pointsOf(await reader.list('metric_steps', 'run_id', runId)).filter((m) => m.key === key);
  const latest = new Map<number, MetricPoint>();
  for (const point of all) if ((latest.get(point.step)?.timestamp ?? -1) < point.timestamp) latest.set(point.step, point);
  return [...latest.values()].sort((a, b) => a.step - b.step);
}

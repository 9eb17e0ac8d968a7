import type { RequestOf } from '#shared/tracking/endpoints.ts';
import { invalid } from '#shared/tracking/fault.ts';
import { checkBatch } from '#shared/tracking/limits.ts';
import type { Sql, Transaction } from '../ports/database.ts';
import { batcher, type Outcome } from './batcher.ts';
import { checkRunId } from './ids.ts';
import { type RunLog, rowWrites, writeLogs } from './log-writer.ts';
import { experimentsOf, monthOf, type NewRun, refusalOf, runWrites } from './run-writer.ts';
import { checkedMetric, checkedParam, checkedTag, checkParamsOnce, newRunOf } from './runs.ts';
import { writeTogether } from './together.ts';
import type { Handlers, TrackingCaller, TrackingPorts } from './tracking.ts';

const MOST_RUNS = 200;

/** One run to be imported: how it is made if it is new, and what is logged to it. */
interface Imported {
  readonly run: NewRun;
  readonly log: RunLog;
}

function importedOf(sent: RequestOf<'importRuns'>['runs'][number], i: number, ports: TrackingPorts, caller: TrackingCaller): Imported {
  const at = `runs[${i}].`;
  const { metrics = [], params = [], tags = [] } = sent;
  checkBatch(metrics.length, params.length, tags.length);
  checkParamsOnce(params);
  const run: NewRun = {
    ...newRunOf(sent, ports.rng, caller),
    runId: checkRunId(sent.run_id),
    status: sent.status ?? 'RUNNING',
    endTime: sent.end_time ?? null,
  };
  return {
    run,
    log: {
      runId: run.runId,
      metrics: metrics.map((m, k) => checkedMetric(m, `${at}metrics[${k}].`)),
      params: params.map((p, k) => checkedParam(p, `${at}params[${k}].`)),
      tags: tags.map((t, k) => checkedTag(t, `${at}tags[${k}].`)),
    },
  };
}

/** Status goes forward only: the first end that was told stays. */
function endRuns(sql: Transaction, runs: readonly NewRun[]): void {
  const ended = runs.filter(
    (r, i) =>
      r.status !== 'RUNNING' &&
      r.status !== 'SCHEDULED' &&
      !runs.slice(0, i).some((earlier) => earlier.runId === r.runId && earlier.status !== 'RUNNING' && earlier.status !== 'SCHEDULED'),
  );
  if (ended.length === 0) return;
  sql.send(
    `UPDATE runs SET status = e.status, end_time = e.end_time, rev = rev + 1
     FROM unnest($1::text[], $2::text[], $3::bigint[]) AS e(run_id, status, end_time)
     WHERE runs.run_id = e.run_id AND runs.status IN ('RUNNING', 'SCHEDULED')`,
    [ended.map((r) => r.runId), ended.map((r) => r.status), ended.map((r) => r.endTime)],
  );
}

/**
 * Import several requests' runs in one transaction, by the rules that logs of devices merge by: metrics are a set that grows, params stay as they
 * were first told, tags are overwritten, an ended run stays ended. What is sent twice changes nothing.
 */
async function writeImports(
  sql: Transaction,
  requests: readonly (readonly Imported[])[],
  month: string,
): Promise<readonly Outcome<null>[]> {
  const all = requests.flat();
  // before the runs, as a purge does
  const [experiments, found] = await Promise.all([
    experimentsOf(
      sql,
      all.map((i) => i.run.experimentId),
      'ORDER BY experiment_id FOR KEY SHARE',
    ),
    sql.query<{ run_id: string; experiment_id: string; lifecycle_stage: string }>(
      'SELECT run_id, experiment_id::text, lifecycle_stage FROM runs WHERE run_id = ANY($1) ORDER BY run_id FOR NO KEY UPDATE',
      [all.map((i) => i.run.runId)],
    ),
  ]);
  const known = new Map(found.map((r) => [r.run_id, r]));
  const outcomes = requests.map((request): Outcome<null> => {
    for (const { run } of request) {
      const fault = refusalOf(run.experimentId, experiments.get(run.experimentId));
      if (fault) return { fault };
      const there = known.get(run.runId);
      if (there && there.experiment_id !== run.experimentId)
        return { fault: invalid(`Run with id=${run.runId} is in experiment ${there.experiment_id}.`) };
      if (there && there.lifecycle_stage !== 'active')
        return { fault: invalid(`The run ${run.runId} must be in the 'active' state. Current state is ${there.lifecycle_stage}.`) };
    }
    return { ok: null };
  });
  const good = requests.filter((_, i) => 'ok' in (outcomes[i] ?? {})).flat();
  const fresh = new Map<string, NewRun>();
  for (const { run } of good) if (!known.has(run.runId) && !fresh.has(run.runId)) fresh.set(run.runId, run);
  const params = await firstTold(sql, good, known.size > 0);
  const told = good.map(
    ({ log }): RunLog => ({
      ...log,
      params: log.params.map((p) => ({ ...p, value: params.get(`${log.runId} ${p.key}`) ?? p.value })),
    }),
  );
  const places = [...fresh.values()].map((r) => ({ run_id: r.runId, experiment_id: r.experimentId, created_month: month }));
  const isFirst = (i: number) => fresh.get(good[i]?.run.runId ?? '') === good[i]?.run;
  writeTogether(sql, [
    ...runWrites([...fresh.values()], experiments, month).writes,
    ...rowWrites(
      // a new run's tags are written with it
      told.filter((_, i) => isFirst(i)).map((log) => ({ ...log, tags: [] })),
      new Map(places.map((p) => [p.run_id, p])),
    ),
  ]);
  const isLater = (_: unknown, i: number) => !isFirst(i);
  const later = told.filter(isLater);
  if (later.length > 0) await writeLogs(sql, later);
  endRuns(
    sql,
    good.filter(isLater).map((i) => i.run),
  );
  return outcomes;
}

/** What each param of the imports was first told as: in the store, else by the first request. */
async function firstTold(sql: Sql, imports: readonly Imported[], isAnyKnown: boolean): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  for (const { log } of imports) {
    for (const { key, value } of log.params) {
      const id = `${log.runId} ${key}`;
      if (!told.has(id)) told.set(id, value);
    }
  }
  if (!isAnyKnown) return told;
  const rows = await sql.query<{ run_id: string; key: string; value: string }>(
    'SELECT run_id, key, value FROM params WHERE run_id = ANY($1)',
    [imports.map((i) => i.run.runId)],
  );
  for (const { run_id, key, value } of rows) told.set(`${run_id} ${key}`, value);
  return told;
}

/** Whole runs in one request, with ids their sender made. */
export function importHandlers(ports: TrackingPorts): Handlers<'importRuns'> {
  const { db, now } = ports;
  const write = batcher<readonly Imported[], null>(
    (requests) => db.transaction((sql) => writeImports(sql, requests, monthOf(now()))),
    ports.limits.batch,
    3,
  );
  return {
    async importRuns({ runs }, caller) {
      if (runs.length === 0 || runs.length > MOST_RUNS) throw invalid(`A request imports 1 to ${MOST_RUNS} runs. Got ${runs.length} runs.`);
      await write(runs.map((sent, i) => importedOf(sent, i, ports, caller)));
      return { run_ids: runs.map((r) => r.run_id) };
    },
  };
}

import { invalid, missing } from '#shared/tracking/fault.ts';
import { checkBatch, checkLength, checkName, cut, LIMITS } from '#shared/tracking/limits.ts';
import type { Sql } from '../ports/database.ts';
import { batcher } from './batcher.ts';
import { madeBefore } from './idempotency.ts';
import { checkRunId, newId, randomName } from './ids.ts';
import { type KeyText, type RunLog, type StoredMetric, storedValue, writeLogs } from './log-writer.ts';
import { RUN_INFO, runText } from './run-json.ts';
import { type MadeRun, monthOf, type NewRun, writeRuns } from './run-writer.ts';
import type { Handlers, TrackingCaller, TrackingPorts } from './tracking.ts';

const RUN_NAME = 'mlflow.runName';
const USER = 'mlflow.user';

/** A point of a metric as it was sent. */
interface SentMetric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
  readonly model_id?: string | undefined;
  readonly dataset_name?: string | undefined;
  readonly dataset_digest?: string | undefined;
}

/** @param at where the metric stands in the request, such as `metrics[0].`; empty for a request of one @throws TrackingFault */
export function checkedMetric(metric: SentMetric, at: string): StoredMetric {
  const { key, value, timestamp, step } = metric;
  checkName(key, `${at}name`);
  if (timestamp < 0) {
    throw invalid(
      `Invalid value ${timestamp} for parameter '${at}timestamp' supplied: metric '${key}' (value=${value}). Timestamp must be a nonnegative long (64-bit integer) `,
    );
  }
  checkLength('Metric name', LIMITS.key, key);
  const { model_id, dataset_name = '', dataset_digest = '' } = metric;
  if ((dataset_name === '') !== (dataset_digest === ''))
    throw invalid('Both dataset_name and dataset_digest must be provided if one is provided');
  return { key, ...storedValue(value), timestamp, step, ...(model_id ? { model: { id: model_id, dataset_name, dataset_digest } } : {}) };
}

/** @throws TrackingFault */
export function checkedParam({ key, value }: KeyText, at: string): KeyText {
  checkName(key, `${at}key`);
  checkLength('Param key', LIMITS.key, key);
  return { key, value: cut(value, LIMITS.paramValue) };
}

/** @throws TrackingFault */
export function checkedTag({ key, value }: KeyText, at: string): KeyText {
  checkName(key, `${at}key`);
  checkLength(`${at}key`, LIMITS.key, key);
  return { key, value: cut(value, LIMITS.tagValue) };
}

/** @throws TrackingFault if a key comes twice */
export function checkParamsOnce(params: readonly KeyText[]): void {
  const seen = new Set<string>();
  const twice = params.flatMap(({ key }) => {
    if (seen.has(key)) return [key];
    seen.add(key);
    return [];
  });
  if (twice.length > 0) {
    throw invalid(
      `Duplicate parameter keys have been submitted: [${twice.map((k) => `'${k}'`).join(', ')}]. Please ensure the request contains only one param value per param key.`,
    );
  }
}

/** The run's row, locked. @throws TrackingFault if there is none, or it may not be written to */
async function writableRun(sql: Sql, runId: string): Promise<void> {
  const [run] = await sql.query<{ lifecycle_stage: string }>('SELECT lifecycle_stage FROM runs WHERE run_id = $1 FOR NO KEY UPDATE', [
    runId,
  ]);
  if (!run) throw missing(`Run with id=${runId} not found`);
  if (run.lifecycle_stage !== 'active')
    throw invalid(`The run ${runId} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`);
}

interface SentRun {
  readonly experiment_id?: string | undefined;
  readonly user_id?: string | undefined;
  readonly start_time?: number | undefined;
  readonly run_name?: string | undefined;
  readonly tags?: readonly KeyText[] | undefined;
}

/** A run as it is to be made; name and user come from the tags where they are not given. @throws TrackingFault */
export function newRunOf(sent: SentRun, rng: TrackingPorts['rng'], caller: TrackingCaller | null): NewRun {
  const tags = (sent.tags ?? []).map((t) => checkedTag(t, ''));
  const tagged = tags.findLast((t) => t.key === RUN_NAME)?.value ?? '';
  const asked = sent.run_name ?? '';
  if (asked !== '' && tagged !== '' && asked !== tagged) {
    throw invalid(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${asked}', mlflow.runName='${tagged}').`,
    );
  }
  const name = asked || tagged || randomName(rng);
  const user = sent.user_id || tags.findLast((t) => t.key === USER)?.value || caller?.name || 'unknown';
  return {
    runId: newId(),
    experimentId: sent.experiment_id || '0',
    name,
    userId: user,
    status: 'RUNNING',
    startTime: sent.start_time ?? 0,
    endTime: null,
    tags: tagged === '' ? [...tags.filter((t) => t.key !== RUN_NAME), { key: RUN_NAME, value: name }] : tags,
  };
}

const createdText = (run: NewRun, { artifactUri }: MadeRun): string =>
  JSON.stringify({
    run: {
      info: {
        run_id: run.runId,
        run_uuid: run.runId,
        run_name: run.name,
        experiment_id: run.experimentId,
        user_id: run.userId,
        status: run.status,
        start_time: run.startTime,
        artifact_uri: artifactUri,
        lifecycle_stage: 'active',
      },
      data: { tags: [...new Map(run.tags.map((t) => [t.key, t])).values()] },
      inputs: {},
    },
  });

type RunNames =
  | 'createRun'
  | 'updateRun'
  | 'deleteRun'
  | 'restoreRun'
  | 'getRun'
  | 'logMetric'
  | 'logParam'
  | 'setTag'
  | 'deleteTag'
  | 'logBatch'
  | 'logModel';

/** Use cases of runs, search aside. */
export function runHandlers(ports: TrackingPorts): Handlers<RunNames> {
  const { db, now } = ports;
  const create = batcher<NewRun, MadeRun>((runs) => db.transaction((sql) => writeRuns(sql, runs, monthOf(now()))), ports.limits.batch);
  const log = batcher<RunLog, null>((logs) => db.transaction((sql) => writeLogs(sql, logs)), ports.limits.batch);

  async function createOnce(run: NewRun, caller: string, key: string): Promise<string> {
    return db.transaction(async (sql) => {
      const before = await madeBefore(sql, caller, key, run.runId, now());
      if (before) return `{"run":${await runText(sql, before)}}`;
      const [outcome] = await writeRuns(sql, [run], monthOf(now()));
      if (!outcome || 'fault' in outcome) throw outcome?.fault ?? new Error('a run was not written');
      return createdText(run, outcome.ok);
    });
  }

  async function setStage(runId: string, stage: string): Promise<Record<string, never>> {
    const changed = await db.query('UPDATE runs SET lifecycle_stage = $2, rev = rev + 1 WHERE run_id = $1 RETURNING 1', [
      checkRunId(runId),
      stage,
    ]);
    if (changed.length === 0) throw missing(`Run with id=${runId} not found`);
    return {};
  }

  return {
    async createRun(request, caller, idempotencyKey) {
      const run = newRunOf(request, ports.rng, null);
      if (idempotencyKey) return { raw: await createOnce(run, caller.staffId, idempotencyKey) };
      return { raw: createdText(run, await create(run)) };
    },
    async updateRun({ run_id, status, end_time, run_name }) {
      checkRunId(run_id);
      return db.transaction(async (sql) => {
        await writableRun(sql, run_id);
        await sql.query(
          `UPDATE runs SET status = coalesce($2, status), end_time = coalesce($3, end_time), run_name = coalesce($4, run_name), rev = rev + 1
           WHERE run_id = $1`,
          [run_id, status ?? null, end_time ?? null, run_name || null],
        );
        if (run_name)
          await writeLogs(sql, [{ runId: run_id, metrics: [], params: [], tags: [checkedTag({ key: RUN_NAME, value: run_name }, '')] }]);
        const [row] = await sql.query<{ json: string }>(
          `SELECT json_strip_nulls(json_build_object('run_info', ${RUN_INFO}))::text AS json FROM runs r WHERE r.run_id = $1`,
          [run_id],
        );
        return { raw: row?.json ?? '{}' };
      });
    },
    deleteRun: ({ run_id }) => setStage(run_id, 'deleted'),
    restoreRun: ({ run_id }) => setStage(run_id, 'active'),
    async getRun({ run_id }) {
      const text = await runText(db, checkRunId(run_id));
      if (text === null) throw missing(`Run with id=${run_id} not found`);
      return { raw: `{"run":${text}}` };
    },
    async logMetric({ run_id, ...metric }) {
      await log({ runId: checkRunId(run_id), metrics: [checkedMetric(metric, '')], params: [], tags: [] });
      return {};
    },
    async logParam({ run_id, key, value }) {
      const params = [checkedParam({ key, value: value ?? '' }, '')];
      await log({ runId: checkRunId(run_id), metrics: [], params, tags: [], isSingle: true });
      return {};
    },
    async setTag({ run_id, key, value }) {
      await log({ runId: checkRunId(run_id), metrics: [], params: [], tags: [checkedTag({ key, value: value ?? '' }, '')] });
      return {};
    },
    async deleteTag({ run_id, key }) {
      checkRunId(run_id);
      await db.transaction(async (sql) => {
        await writableRun(sql, run_id);
        const gone = await sql.query('DELETE FROM tags WHERE run_id = $1 AND key = $2 RETURNING 1', [run_id, key]);
        if (gone.length === 0) throw missing(`No tag with name: ${key} in run with id ${run_id}`);
        await sql.query('UPDATE runs SET rev = rev + 1 WHERE run_id = $1', [run_id]);
      });
      return {};
    },
    async logBatch({ run_id, metrics = [], params = [], tags = [] }) {
      const entry: RunLog = {
        runId: checkRunId(run_id),
        metrics: metrics.map((m, i) => checkedMetric(m, `metrics[${i}].`)),
        params: params.map((p, i) => checkedParam(p, `params[${i}].`)),
        tags: tags.map((t, i) => checkedTag(t, `tags[${i}].`)),
      };
      checkBatch(metrics.length, params.length, tags.length);
      checkParamsOnce(entry.params);
      await log(entry);
      return {};
    },
    async logModel({ run_id, model_json }) {
      const model = modelOf(model_json);
      const history = 'mlflow.log-model.history';
      await db.transaction(async (sql) => {
        await writableRun(sql, checkRunId(run_id));
        const [row] = await sql.query<{ value: string }>('SELECT value FROM tags WHERE run_id = $1 AND key = $2', [run_id, history]);
        const value = JSON.stringify([...(row ? (JSON.parse(row.value) as unknown[]) : []), model]);
        await writeLogs(sql, [{ runId: run_id, metrics: [], params: [], tags: [{ key: history, value }] }]);
      });
      return {};
    },
  };
}

const MODEL_FIELDS = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'];

function modelOf(text: string): Readonly<Record<string, unknown>> {
  let model: unknown;
  try {
    model = JSON.parse(text);
  } catch {
    throw invalid(`Malformed model info. \n ${text} \n is not a valid JSON.`);
  }
  const fields = (typeof model === 'object' && model !== null ? model : {}) as Readonly<Record<string, unknown>>;
  const absent = MODEL_FIELDS.filter((f) => !(f in fields));
  if (absent.length > 0) throw invalid(`Model json is missing mandatory fields: {${absent.map((f) => `'${f}'`).join(', ')}}`);
  return fields;
}

import { newExperimentId } from '#shared/domain/ids.ts';
import { invalid, missing, TrackingFault } from '#shared/tracking/fault.ts';
import { checkLength, checkName, LIMITS } from '#shared/tracking/limits.ts';
import { isClash, type Sql } from '../ports/database.ts';
import { isExperimentId } from './ids.ts';
import { experimentLocation } from './locations.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

/** An experiment as far as writers need it. */
export interface ExperimentRow {
  readonly experiment_id: string;
  readonly name: string;
  readonly artifact_location: string;
  readonly lifecycle_stage: 'active' | 'deleted';
}

/** The experiment of that id, deleted ones too. @throws TrackingFault */
export async function experimentOf(sql: Sql, id: string): Promise<ExperimentRow> {
  const [row] = isExperimentId(id)
    ? await sql.query<ExperimentRow>(
        'SELECT experiment_id::text, name, artifact_location, lifecycle_stage FROM experiments WHERE experiment_id = $1',
        [id],
      )
    : [];
  if (!row) throw missing(`No Experiment with id=${id} exists`);
  return row;
}

/** @throws TrackingFault unless the experiment may be written to */
export function checkActive({ experiment_id, lifecycle_stage }: Pick<ExperimentRow, 'experiment_id' | 'lifecycle_stage'>): void {
  if (lifecycle_stage !== 'active')
    throw invalid(`The experiment ${experiment_id} must be in the 'active' state. Current state is ${lifecycle_stage}.`);
}

function checkTag(key: string, value: string): void {
  checkName(key, 'key');
  checkLength('key', LIMITS.key, key);
  checkLength('value', LIMITS.experimentTagValue, value);
}

/** One experiment as JSON text, built where the rows are. `e` is the row. */
export const EXPERIMENT_JSON = `json_build_object('experiment_id', e.experiment_id::text, 'name', e.name, 'artifact_location', e.artifact_location,
  'lifecycle_stage', e.lifecycle_stage, 'creation_time', e.creation_time, 'last_update_time', e.last_update_time,
  'tags', (SELECT json_agg(json_build_object('key', t.key, 'value', t.value) ORDER BY t.key) FROM experiment_tags t
    WHERE t.experiment_id = e.experiment_id))`;

async function told(sql: Sql, where: string, value: string): Promise<string | null> {
  const [row] = await sql.query<{ json: string }>(
    `SELECT json_strip_nulls(json_build_object('experiment', ${EXPERIMENT_JSON}))::text AS json FROM experiments e WHERE ${where} = $1`,
    [value],
  );
  return row?.json ?? null;
}

function checkExperimentName(name: string): void {
  if (name === '') throw invalid(`Invalid experiment name: '${name}'`);
  checkLength('name', LIMITS.experimentName, name);
}

const setTag = (ports: TrackingPorts) => async (request: { experiment_id: string; key: string; value?: string | undefined }) => {
  const value = request.value ?? '';
  checkTag(request.key, value);
  await ports.db.transaction(async (sql) => {
    checkActive(await experimentOf(sql, request.experiment_id));
    await sql.query(
      'INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3) ON CONFLICT (experiment_id, key) DO UPDATE SET value = $3',
      [request.experiment_id, request.key, value],
    );
    await sql.query('UPDATE experiments SET last_update_time = $2 WHERE experiment_id = $1', [request.experiment_id, ports.now()]);
  });
  return {};
};

async function setStage(ports: TrackingPorts, id: string, stage: 'active' | 'deleted'): Promise<void> {
  await ports.db.transaction(async (sql) => {
    const { lifecycle_stage } = await experimentOf(sql, id);
    if (lifecycle_stage === stage) throw missing(`No Experiment with id=${id} exists`);
    await sql.query('UPDATE experiments SET lifecycle_stage = $2, last_update_time = $3 WHERE experiment_id = $1', [
      id,
      stage,
      ports.now(),
    ]);
    await sql.query('UPDATE runs SET lifecycle_stage = $2, rev = rev + 1 WHERE experiment_id = $1', [id, stage]);
  });
}

/** Use cases of experiments, search aside. */
export function experimentHandlers(
  ports: TrackingPorts,
): Handlers<
  | 'createExperiment'
  | 'getExperiment'
  | 'getExperimentByName'
  | 'deleteExperiment'
  | 'restoreExperiment'
  | 'updateExperiment'
  | 'setExperimentTag'
  | 'setExperimentTagMisspelt'
  | 'deleteExperimentTag'
> {
  const { db } = ports;
  return {
    async createExperiment({ name, artifact_location, tags = [] }) {
      checkExperimentName(name);
      for (const { key, value } of tags) checkTag(key, value);
      const id = newExperimentId(ports.rng);
      const location = experimentLocation(ports.places, id, artifact_location ?? '');
      await db.transaction(async (sql) => {
        const made = await sql.query(
          `INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT DO NOTHING RETURNING 1`,
          [id, name, location, ports.now()],
        );
        if (made.length === 0) {
          throw new TrackingFault('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists. Error: the name is taken.`);
        }
        for (const { key, value } of tags) {
          await sql.query(
            'INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3) ON CONFLICT (experiment_id, key) DO UPDATE SET value = $3',
            [id, key, value],
          );
        }
      });
      return { experiment_id: id };
    },
    async getExperiment({ experiment_id }) {
      const json = isExperimentId(experiment_id) ? await told(db, 'e.experiment_id', experiment_id) : null;
      if (json === null) throw missing(`No Experiment with id=${experiment_id} exists`);
      return { raw: json };
    },
    async getExperimentByName({ experiment_name }) {
      const json = await told(db, 'e.name', experiment_name);
      if (json === null) throw missing(`Could not find experiment with name '${experiment_name}'`);
      return { raw: json };
    },
    async deleteExperiment({ experiment_id }) {
      await setStage(ports, experiment_id, 'deleted');
      return {};
    },
    async restoreExperiment({ experiment_id }) {
      await setStage(ports, experiment_id, 'active');
      return {};
    },
    async updateExperiment({ experiment_id, new_name }) {
      checkExperimentName(new_name);
      await db.transaction(async (sql) => {
        const { lifecycle_stage } = await experimentOf(sql, experiment_id);
        if (lifecycle_stage !== 'active') throw new TrackingFault('INVALID_STATE', 'Cannot rename a non-active experiment.');
        const taken = await sql.query('SELECT 1 FROM experiments WHERE name = $1 AND experiment_id <> $2', [new_name, experiment_id]);
        if (taken.length > 0) throw new TrackingFault('RESOURCE_ALREADY_EXISTS', `Experiment(name=${new_name}) already exists.`);
        await sql
          .query('UPDATE experiments SET name = $2, last_update_time = $3 WHERE experiment_id = $1', [experiment_id, new_name, ports.now()])
          .catch((cause: unknown) => {
            // taken since it was looked for
            throw isClash(cause) ? new TrackingFault('RESOURCE_ALREADY_EXISTS', `Experiment(name=${new_name}) already exists.`) : cause;
          });
      });
      return {};
    },
    setExperimentTag: setTag(ports),
    setExperimentTagMisspelt: setTag(ports),
    async deleteExperimentTag({ experiment_id, key }) {
      await db.transaction(async (sql) => {
        checkActive(await experimentOf(sql, experiment_id));
        const gone = await sql.query('DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2 RETURNING 1', [experiment_id, key]);
        if (gone.length === 0) throw missing(`No tag with name: ${key} in experiment with id ${experiment_id}`);
      });
      return {};
    },
  };
}

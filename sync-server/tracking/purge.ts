import { createHash } from 'node:crypto';
import { invalid, missing } from '#shared/tracking/fault.ts';
import type { Sql } from '../ports/database.ts';
import { sweep } from './artifact-rows.ts';
import { isExperimentId, newId } from './ids.ts';
import type { Handlers, TrackingPorts } from './tracking.ts';

/** Rows that go with a run. */
const OF_A_RUN = ['metrics', 'latest_metrics', 'params', 'tags', 'inputs', 'run_models', 'logged_model_metrics', 'idempotency_keys'];

async function purgeRuns(sql: Sql, ids: readonly string[]): Promise<readonly string[]> {
  for (const table of OF_A_RUN) await sql.query(`DELETE FROM ${table} WHERE run_id = ANY($1)`, [ids]);
  const uris = await sql.query<{ artifact_uri: string }>('DELETE FROM runs WHERE run_id = ANY($1) RETURNING artifact_uri', [ids]);
  return uris.map((u) => u.artifact_uri);
}

/** Delete the artifact rows below locations. @returns hashes whose blobs may be unused now */
async function purgeArtifacts(sql: Sql, locations: readonly string[]): Promise<readonly string[]> {
  const hashes: string[] = [];
  for (const location of locations) {
    const root = location.replace(/^mlflow-artifacts:\/*/i, '');
    const gone = await sql.query<{ sha256: string }>('DELETE FROM artifacts WHERE path >= $1 AND path < $2 RETURNING sha256', [
      `${root}/`,
      `${root}0`,
    ]);
    hashes.push(...gone.map((g) => g.sha256));
  }
  return [...new Set(hashes)];
}

/** Real deletion, with a receipt and a line in the registry's record. What MLflow calls deletion only hides. */
export function purgeHandlers(ports: TrackingPorts): Handlers<'purge'> {
  const { db, now } = ports;
  return {
    async purge({ run_ids = [], experiment_ids = [] }, caller) {
      if (experiment_ids.includes('0')) throw invalid('The experiment "Default" always exists: it cannot be purged.');
      const id = newId();
      const done = await db.transaction(async (sql) => {
        const experiments = await sql.query<{ experiment_id: string; artifact_location: string }>(
          'SELECT experiment_id::text, artifact_location FROM experiments WHERE experiment_id = ANY($1::bigint[]) FOR UPDATE',
          [experiment_ids.filter(isExperimentId)],
        );
        const absent = experiment_ids.find((e) => !experiments.some((x) => x.experiment_id === e));
        if (absent !== undefined) throw missing(`No Experiment with id=${absent} exists`);
        const runs = await sql.query<{ run_id: string }>(
          'SELECT run_id FROM runs WHERE run_id = ANY($1) OR experiment_id = ANY($2::bigint[]) ORDER BY run_id FOR UPDATE',
          [run_ids, experiments.map((e) => e.experiment_id)],
        );
        const lost = run_ids.find((r) => !runs.some((x) => x.run_id === r));
        if (lost !== undefined) throw missing(`Run with id=${lost} not found`);
        const ids = runs.map((r) => r.run_id);
        const hashes = [...(await purgeArtifacts(sql, [...(await purgeRuns(sql, ids)), ...experiments.map((e) => e.artifact_location)]))];
        for (const { experiment_id: e } of experiments) {
          await sql.query('DELETE FROM logged_models WHERE experiment_id = $1', [e]);
          await sql.query('DELETE FROM datasets WHERE experiment_id = $1', [e]);
          await sql.query('DELETE FROM experiments WHERE experiment_id = $1', [e]);
        }
        // what was deleted is proven by a hash; the receipt holds none of it
        const sha256 = createHash('sha256')
          .update(JSON.stringify([ids, experiments.map((e) => e.experiment_id)]))
          .digest('hex');
        const receipt = { id, at: now(), runs: ids.length, experiments: experiments.length, sha256 };
        await sql.query('INSERT INTO staff_log (at, staff_id, role, action, target, reason) VALUES ($1, $2, $3, $4, $5, $6)', [
          receipt.at,
          caller.name,
          caller.role,
          'purge',
          `${receipt.runs} runs, ${receipt.experiments} experiments`,
          sha256,
        ]);
        return { receipt, hashes };
      });
      await sweep(ports, done.hashes);
      return { receipt: done.receipt };
    },
  };
}

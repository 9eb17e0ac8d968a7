import { createHash } from 'node:crypto';
import { invalid, missing } from '#shared/tracking/fault.ts';
import { proxiedPath } from '#shared/tracking/proxied-path.ts';
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
    const root = proxiedPath(location);
    if (!root) continue;
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
      if (run_ids.length + experiment_ids.length === 0) throw invalid('A purge names at least one run or experiment.');
      if (experiment_ids.includes('0')) throw invalid('The experiment "Default" always exists: it cannot be purged.');
      const id = newId();
      const done = await db.transaction(async (sql) => {
        const experiments = await sql.query<{ experiment_id: string }>(
          'SELECT experiment_id::text FROM experiments WHERE experiment_id = ANY($1::bigint[]) FOR UPDATE',
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
        const locations = [...(await purgeRuns(sql, ids))];
        for (const { experiment_id: e } of experiments) {
          const models = await sql.query<{ uri: string }>(
            'DELETE FROM logged_models WHERE experiment_id = $1 RETURNING artifact_uri AS uri',
            [e],
          );
          // a folder of the caller's choice may be another experiment's too: there, only what lies under its own runs and models goes
          locations.push(...models.map((m) => m.uri), `mlflow-artifacts:/${e}`);
          await sql.query('DELETE FROM datasets WHERE experiment_id = $1', [e]);
          await sql.query('DELETE FROM experiments WHERE experiment_id = $1', [e]);
        }
        const hashes = await purgeArtifacts(sql, locations);
        // what was deleted is proven by a hash; the receipt holds none of it
        const sha256 = createHash('sha256')
          .update(JSON.stringify([ids, experiments.map((e) => e.experiment_id)]))
          .digest('hex');
        const receipt = { id, at: now(), runs: ids.length, experiments: experiments.length, sha256 };
        await sql.query("INSERT INTO staff_log (at, staff_id, role, action, target, reason) VALUES ($1, $2, $3, 'purge', $4, $5)", [
          receipt.at,
          caller.staffId,
          caller.role,
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

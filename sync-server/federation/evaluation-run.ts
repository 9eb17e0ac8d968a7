import { logitsOf } from '#models/reference/network.ts';
import { newRunId } from '#shared/domain/ids.ts';
import { sigmoid } from '#shared/maths/logistic.ts';
import { scores, selectiveCoverage } from '#shared/maths/scores.ts';
import type { Transaction } from '../ports/database.ts';
import { HOLD_OUT_VERSION } from './hold-out.ts';
import type { LeaderPorts } from './leader.ts';
import { holdOutHash } from './seed.ts';

/** Characters of a hash that MLflow's limit for a digest has room for. */
const DIGEST = 32;

/** Log how a version does on the public hold-out, as a run of `model-evaluations`, in the caller's transaction. @returns the run's id */
export async function logEvaluation(
  ports: LeaderPorts,
  sql: Transaction,
  version: number,
  slot: number,
  weights: Float32Array,
): Promise<string> {
  const { x, y } = ports.holdOut();
  const p = Float32Array.from(logitsOf(weights, x), sigmoid);
  const s = scores(p, y);
  const runId = newRunId(ports.rng);
  await ports.runs.log(sql, {
    runId,
    experiment: 'model-evaluations',
    name: `version ${version}`,
    at: ports.now(),
    step: slot,
    params: { dataset: 'public hold-out', split: 'held-out', model_version: String(version) },
    tags: { 'eg.kind': 'model-evaluations' },
    dataset: { name: 'public hold-out', digest: holdOutHash({ x, y }).slice(0, DIGEST), source: HOLD_OUT_VERSION, context: 'evaluation' },
    metrics: {
      accuracy: s.accuracy,
      majority_accuracy: s.majorityAccuracy,
      auc: s.auc,
      log_loss: s.logLoss,
      ece: s.ece,
      brier: s.brier,
      selective_coverage_92: selectiveCoverage(p, y, 0.92),
    },
  });
  return runId;
}

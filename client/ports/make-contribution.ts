import { priorTables } from '#models/difficulty/tables.ts';
import { latestRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { DEVICE_ANSWERS, deviceDelta } from '#models/federated/delta.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { makeContribution } from '#shared/aggregation/contribution.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import type { Rng } from '#shared/maths/rng.ts';
import { squaredNorm } from '#shared/privacy/sanitise.ts';
import type { Contribution, ContributionJob } from './trainer.ts';

/** One gradient step from the global weights on the latest answers, made fit to leave the device. @param rng cryptographic */
export async function contributionOf({ base, questions, answers, plan }: ContributionJob, rng: Rng): Promise<Contribution> {
  const byId = new Map(questions.map((q) => [q.id, q]));
  const own = answers.map(({ itemId, y }) => ({ question: byId.get(itemId) ?? { id: itemId, skills: [] }, y }));
  const tables = priorTables(questions);
  const rows = latestRows(
    rowsOf([own], () => tables),
    DEVICE_ANSWERS,
  );
  const delta = await deviceDelta(referenceLearner(), base, rows);
  const made = makeContribution(tweetnacl, plan, delta, rng);
  return { ...made, isClipped: Math.sqrt(squaredNorm(delta)) > plan.config.clip_norm };
}

import { priorTables } from '#models/difficulty/tables.ts';
import { latestRows, rowsOf } from '#models/difficulty/training-rows.ts';
import { DEVICE_ANSWERS, deviceDelta } from '#models/federated/delta.ts';
import type { Batch } from '#models/learner.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { syntheticExam, syntheticLearner } from '#models/synthetic/learners.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { encodeCells } from '#shared/statistics/layout.ts';
import { syntheticWeek } from './synthetic-week.ts';
import { type Air, enrolVirtualDevice, fetchConfig, fetchModel, fetchStatistics } from './virtual-device.ts';

/** Rows of one made-up learner in a made-up exam. */
export function syntheticRows(seed: number): Batch {
  const rng = seededRng(seed);
  const exam = syntheticExam(60 + (rng() % 240), 6 + (rng() % 10), rng);
  const questions = exam.items.map((item, i) => ({ id: String(i), skills: item.skills.map(String), prior: item.prior }));
  const answers = syntheticLearner(exam, 30 + (rng() % 220), rng).flatMap(({ item, y }) => {
    const question = questions[item];
    return question ? [{ question, y }] : [];
  });
  const tables = priorTables(questions);
  return latestRows(
    rowsOf([answers], () => tables),
    DEVICE_ANSWERS,
  );
}

/** Simulated devices, each of an account of its own, contribute once to every task over the real protocol. @returns how many updates were taken in */
export async function contributeSome(air: Air, howMany: number): Promise<number> {
  const config = await fetchConfig(air);
  const statistics = await fetchStatistics(air);
  const model = await fetchModel(air, config);
  const learner = referenceLearner();
  let taken = 0;
  for (let i = 0; i < howMany; i++) {
    const device = await enrolVirtualDevice(air);
    const delta = await deviceDelta(learner, model.base, syntheticRows(air.rng()));
    if ((await device.prepared(config, model, delta, 1).upload(air.leader)) === 201) taken++;
    if (statistics) await device.preparedWeek(statistics, encodeCells(syntheticWeek(air.rng)), 1).upload(air.leader);
  }
  return taken;
}

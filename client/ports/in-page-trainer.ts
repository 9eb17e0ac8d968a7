import { runSearch, runTraining } from '#models/difficulty/training-job.ts';
import { TrainingStopped } from '#models/learner.ts';
import { networkOf } from '#models/reference/network.ts';
import { referenceLearner } from '#models/reference/reference-learner.ts';
import { seededRng } from '#shared/maths/rng.ts';
import { contributionOf } from './make-contribution.ts';
import { type Trainer, TrainingLost } from './trainer.ts';

/** Trains on the page's own thread in plain TypeScript: for tests. */
export function inPageTrainer(): Trainer {
  return {
    async train(job, onProgress, signal) {
      onProgress({ kind: 'starting' });
      onProgress({ kind: 'backend', backend: 'typescript', findings: [], warmupMs: 0 });
      try {
        const result = await runTraining(job, referenceLearner(), networkOf, (candidate, { epoch, loss, validationLoss }) => {
          onProgress({ kind: 'epoch', candidate, epoch, loss, validationLoss });
          return !signal.aborted;
        });
        return { ...result, backend: 'typescript', findings: [], warmupMs: 0, trainMs: 0 };
      } catch (cause) {
        throw cause instanceof TrainingStopped ? new TrainingLost('stopped') : cause;
      }
    },
    search: (job, onRung, signal) =>
      runSearch(job, referenceLearner(), networkOf, (rung) => {
        onRung(rung);
        return !signal.aborted;
      }),
    contribute: (job) => contributionOf(job, seededRng(1)),
  };
}

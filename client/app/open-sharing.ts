import type { ExperimentLog } from '#client/ports/experiment-log.ts';
import type { PulledModel } from '#client/ports/federation-store.ts';
import type { Moment } from '#client/ports/numbering.ts';
import type { Trainer } from '#client/ports/trainer.ts';
import { openSharing, type Sharing } from '#client/sharing/sharing.ts';
import { httpFederationAir } from '#client/sync/federation-air.ts';
import type { Tutor } from '#client/tutor/tutor.ts';
import { tweetnacl } from '#shared/crypto/primitives.ts';
import { sha256Hex } from '#shared/crypto/sha256.ts';
import { hearClock } from './clock-lead.ts';
import { isTrialBuild } from './trial.ts';

/** What joins sharing to the rest of the app. */
export interface SharingParts {
  readonly log: ExperimentLog;
  readonly trainer: Trainer;
  readonly moment: () => Moment;
  /** The tutor of the exam in use. */
  readonly tutor: () => Promise<Tutor | null>;
  readonly serve: (model: PulledModel) => void;
}

/** Sharing with everything it needs; fetched when it is first used. */
export function sharingOf({ log, trainer, moment, tutor, serve }: SharingParts): Sharing {
  return openSharing(
    {
      log,
      air: httpFederationAir(hearClock),
      trainer,
      moment,
      crypto: tweetnacl,
      isTrial: isTrialBuild(),
      serve,
      async learning() {
        const own = await tutor();
        if (!own) return null;
        const questions = [...own.course.questions.values()];
        const topics = own.course.pack.manifest.topics.map((topic) => topic.id);
        return {
          questions,
          syllabus: { packId: own.packId, topics, questions },
          answers: async () => (await own.state()).answers.map((a) => ({ itemId: a.item_id, y: a.correct })),
          judge: own.judge,
        };
      },
      exclusively: async (work, isPatient) =>
        navigator.locks
          ? navigator.locks.request('examsgraph-sharing', { ifAvailable: !isPatient }, (lock) => work(lock !== null))
          : work(true),
    },
    sha256Hex,
  );
}

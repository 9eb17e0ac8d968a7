import type { ExperimentLog } from '#client/ports/experiment-log.ts';
import type { FederationAir } from '#client/ports/federation-air.ts';
import type { PulledModel } from '#client/ports/federation-store.ts';
import type { GlobalModel } from '#client/ports/global-model.ts';
import type { Moment } from '#client/ports/numbering.ts';
import type { Trainer } from '#client/ports/trainer.ts';
import type { Primitives } from '#shared/crypto/primitives.ts';
import type { Syllabus } from './week.ts';

/** A learner's answers in the exam in use, and how a shared model does on them. */
export interface OwnLearning {
  readonly syllabus: Syllabus;
  answers(): Promise<readonly { readonly itemId: string; readonly y: 0 | 1 }[]>;
  readonly questions: Parameters<Trainer['contribute']>[0]['questions'];
  judge(candidate: GlobalModel): Promise<{ readonly isKept: boolean; readonly before: number | null; readonly after: number | null }>;
}

/** What sharing works with. */
export interface SharingPorts {
  readonly log: ExperimentLog;
  readonly air: FederationAir;
  readonly trainer: Trainer;
  readonly moment: () => Moment;
  readonly crypto: Primitives;
  /** The exam in use; null before one is chosen. */
  readonly learning: () => Promise<OwnLearning | null>;
  /** Serves a pulled model from the next screen on. */
  readonly serve: (model: PulledModel) => void;
  /** Built for a trial: `demo` is accepted, and no epsilon is claimed. */
  readonly isTrial: boolean;
  /** One tab at a time; told whether it got the turn. Who is patient waits until it does. */
  readonly exclusively: <T>(work: (isFree: boolean) => Promise<T>, isPatient: boolean) => Promise<T>;
}

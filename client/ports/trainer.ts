import type { Rung, SearchResult } from '#models/difficulty/automl.ts';
import type { CandidateKind } from '#models/difficulty/candidate.ts';
import type { TrainingJob, TrainingResult } from '#models/difficulty/training-job.ts';
import type { ContributionPlan } from '#shared/aggregation/contribution.ts';
import type { LedgerEntry } from '#shared/aggregation/personal-ledger.ts';

/** How one backend fared when the choice was made. */
export interface BackendReport {
  readonly name: string;
  readonly warmMs: number | null;
  readonly passedOver: string | null;
}

/** What happens while a training runs. */
export type TrainingProgress =
  | { readonly kind: 'starting' }
  | { readonly kind: 'backend'; readonly backend: string; readonly findings: readonly BackendReport[]; readonly warmupMs: number }
  | {
      readonly kind: 'epoch';
      readonly candidate: CandidateKind;
      readonly epoch: number;
      readonly loss: number;
      readonly validationLoss: number;
    };

/** A finished training, with what did it and how long it took. */
export interface Trained extends TrainingResult {
  readonly backend: string;
  readonly findings: readonly BackendReport[];
  readonly warmupMs: number;
  readonly trainMs: number;
}

/** An update to be made and sealed: plain values only. */
export interface ContributionJob {
  /** The weights to train from, shape [1473]. */
  readonly base: Float32Array;
  readonly questions: TrainingJob['questions'];
  /** Scored answers in order. */
  readonly answers: readonly { readonly itemId: string; readonly y: 0 | 1 }[];
  readonly plan: ContributionPlan;
}

/** A sealed update with the entry to book for it. */
export interface Contribution {
  readonly bytes: Uint8Array;
  readonly entry: LedgerEntry;
  /** Whether the update was longer than the clip norm. */
  readonly isClipped: boolean;
}

/** Why no result came. */
export class TrainingLost extends Error {
  readonly kind: 'stopped' | 'died' | 'failed' | 'busy';
  constructor(kind: TrainingLost['kind'], message: string = kind) {
    super(message);
    this.name = 'TrainingLost';
    this.kind = kind;
  }
}

/** Trains somewhere off the page's thread; holds nothing the log needs. One training at a time. */
export interface Trainer {
  /** @throws TrainingLost */
  train(job: TrainingJob, onProgress: (progress: TrainingProgress) => void, signal: AbortSignal): Promise<Trained>;
  /** Search the layer's settings; null when told to stop between rungs. @throws TrainingLost */
  search(job: TrainingJob, onRung: (rung: Rung) => void, signal: AbortSignal): Promise<SearchResult | null>;
  /** Train one update from the global weights, clip, noise, mask and seal it; nothing is stored or sent. @throws TrainingLost */
  contribute(job: ContributionJob): Promise<Contribution>;
}

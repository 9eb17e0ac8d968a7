import type { LedgerEntry } from '#shared/aggregation/personal-ledger.ts';
import type { Pins, SeenTree } from '#shared/aggregation/verify.ts';
import type { JoinedTest } from './joined-test.ts';

/** What may be contributed to, each agreed to by itself: the shared model, and private statistics over many learners. */
export type Purpose = 'training' | 'analytics';

/** Every purpose. */
export const PURPOSES: readonly Purpose[] = ['training', 'analytics'];

/** What the learner agreed to for one purpose; unless that is true here, nothing is ever sent for it. */
export interface Consent extends Readonly<Partial<Record<Purpose, boolean>>> {
  readonly at: number;
  readonly ageBand: '14-15' | '16+';
  /** Greatest worst-case epsilon agreed to; null on a trial, where none is claimed. */
  readonly epsilonCap: number | null;
  readonly textSha256: string;
  readonly textVersion: string;
  readonly language: string;
  readonly pins: Pins;
}

/** Keys of this device's account; they leave it inside an encrypted backup alone. Seeds hexadecimal. */
export interface AccountKeys {
  readonly accountSeed: string;
  readonly deviceSeed: string;
  readonly tagSecret: string;
  /** For reading receipts; null until enrolled. */
  readonly bearer: string | null;
}

/** The promoted version in use here, or refused here. */
export interface PulledModel {
  readonly version: number;
  readonly label: string;
  readonly taskId: string;
  readonly sha256: string;
  readonly served: Float32Array;
  readonly base: Float32Array;
  readonly baseSha256: string;
  readonly logIndex: number;
  /** Whether it serves, or was refused by this device's own gate. */
  readonly isUsed: boolean;
  /** Log loss on own held-out answers: what served before, and this version; null with too few. */
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
  readonly at: number;
  /** What was promised to those whose updates are in it; absent in what the first release stored. */
  readonly privacy?: ModelPrivacy;
}

/** The privacy claim under which a version was aggregated. */
export interface ModelPrivacy {
  /** Worst case over the horizon; null on a trial, where none is claimed. */
  readonly epsilon: number | null;
  readonly delta: number;
  /** The slot whose sum made it. */
  readonly flush: number;
}

/** Single values kept beside the ledger. */
export interface FederationValues {
  readonly account: AccountKeys;
  readonly consent: Consent;
  readonly tree: SeenTree;
  /** The latest version pulled, used or not. */
  readonly latest: PulledModel;
  /** The version that serves; absent: the start model. */
  readonly serving: PulledModel;
  /** The server was not told yet. */
  readonly consentUnsent: boolean;
  readonly analyticsConsent: Consent;
  readonly analyticsUnsent: boolean;
  readonly tests: readonly JoinedTest[];
  readonly lastRound: { readonly at: number; readonly outcome: string };
}

/** Where the consent of a purpose is kept, and whether the server knows of it. */
export const CONSENT_OF = {
  training: { consent: 'consent', unsent: 'consentUnsent' },
  analytics: { consent: 'analyticsConsent', unsent: 'analyticsUnsent' },
} as const satisfies Readonly<Record<Purpose, unknown>>;

/** Where a contribution is on its way. */
export type ContributionStatus =
  | 'sealed'
  | 'accepted'
  | 'frozen'
  | 'landed'
  | 'expired'
  | 'rejected'
  | 'withdrawing'
  | 'withdrawn'
  | 'refused'
  | 'lost';

/** A row of the personal ledger, with what became of it. */
export interface ContributionRow extends LedgerEntry {
  /** Absent in what was booked before there were statistics: training. */
  readonly purpose?: Purpose;
  /** Keys of the A/B tests whose outcome is in it; absent: of none. */
  readonly told?: readonly string[];
  readonly status: ContributionStatus;
  readonly sealedAt: number;
  readonly bytes: number;
  readonly clipNorm: number;
  readonly kappa: number;
  readonly maxContributions: number;
  readonly baseVersion: number;
  /** Run in the learner's own log that mirrors this row. */
  readonly runId: string;
  /** Version it went into, once known. */
  readonly version: number | null;
  readonly versionStatus: string | null;
  readonly logIndex: number | null;
  /** Why the server refused it, in its word. */
  readonly refusal: string | null;
}

/** Sealed bytes that wait for the network; sent as they are. */
export interface OutboxRow {
  readonly report_id: string;
  readonly bytes: Uint8Array;
  readonly tries: number;
  /** Not before this moment, epoch ms. */
  readonly notBefore: number;
}

/** One change; changes written together happen all or not at all. */
export type FederationChange =
  | {
      [K in keyof FederationValues]: { readonly kind: 'value'; readonly key: K; readonly value: FederationValues[K] };
    }[keyof FederationValues]
  | { readonly kind: 'contribution'; readonly row: ContributionRow }
  | { readonly kind: 'outbox'; readonly row: OutboxRow }
  | { readonly kind: 'sent'; readonly reportId: string }
  /** Nothing of what is written together happens unless the consent given at this moment still stands. */
  | { readonly kind: 'while-consented'; readonly purpose: Purpose; readonly at: number };

/** Consent was withdrawn or given anew meanwhile: nothing was written. */
export class ConsentChanged extends Error {
  constructor() {
    super('the consent is not the one this was begun under');
    this.name = 'ConsentChanged';
  }
}

/** The device's side of the federation, kept in the same database as the log. */
export interface FederationStore {
  value<K extends keyof FederationValues>(key: K): Promise<FederationValues[K] | undefined>;
  /** Oldest first. */
  contributions(): Promise<readonly ContributionRow[]>;
  outbox(): Promise<readonly OutboxRow[]>;
  /** @throws StorageFault with nothing changed */
  write(changes: readonly FederationChange[]): Promise<void>;
}

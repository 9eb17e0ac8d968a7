import type { TaskKind } from '#shared/aggregation/config.ts';
import type { RegisteredTest, TestDecision, TestDesign } from '#shared/statistics/ab-test.ts';
import type { TrackingClient } from '#shared/tracking/client.ts';
import type { TokenWanted } from '#shared/tracking/token-wanted.ts';

/** A member of staff. */
export interface Member {
  readonly staffId: string;
  readonly name: string;
  readonly role: 'admin' | 'auditor' | 'analyst';
}

/** Who looks, at what kind of installation. */
export interface Me {
  readonly member: Member | null;
  readonly needsSetup: boolean;
  readonly isTrial: boolean;
  /** Its learners are made up. */
  readonly isSimulated: boolean;
  readonly preset: string;
}

/** Metrics of a run by name. */
export type Metrics = Readonly<Record<string, number>>;

/** The first page. */
export interface Today {
  readonly task: { readonly preset: string; readonly k: number; readonly slot: number; readonly slotEnds: number | null } | null;
  /** Reports that wait; those being summed aside. */
  readonly held: number;
  /** The slot that is on has had its sum. */
  readonly isReleased: boolean;
  /** Null: too few to be shown. */
  readonly devices: number | null;
  readonly champion: { readonly version: number; readonly metrics: Metrics };
  readonly candidates: number;
  readonly helperReachable: boolean;
  readonly epsilon: {
    readonly cap: number;
    readonly running: number;
    readonly delta: number;
    readonly maxContributions: number;
    readonly band: number;
  } | null;
}

/** One past slot. */
export interface PastFlush {
  readonly t: number;
  readonly state: string;
  readonly k: number;
  readonly setRoot: string;
  readonly rhoRunning: number | null;
  readonly releasedAt: number | null;
  readonly logIndex: number | null;
  readonly version: number | null;
  readonly baseVersion: number | null;
  readonly status: string | null;
  readonly metrics: Metrics;
}

/** The flush page. */
export interface Flushes {
  readonly helperReachable: boolean;
  /** The model's first. */
  readonly tasks: readonly TaskFlushes[];
}

/** Slots of one task. */
export interface TaskFlushes {
  readonly task: {
    readonly id: string;
    readonly kind: TaskKind;
    readonly preset: string;
    readonly k: number;
    readonly slot: number;
    readonly slotEnds: number | null;
    readonly sigma: number;
    readonly clipNorm: number;
    readonly expectedNoise: number;
    readonly fromSlot: number;
  };
  /** The slot that is on has had its sum: what waits, waits for the next. */
  readonly isReleased: boolean;
  readonly states: Readonly<Record<string, number>>;
  readonly refused: readonly { readonly reason: string; readonly n: number }[];
  readonly history: readonly PastFlush[];
}

/** One version of the global model. */
export interface ModelVersion {
  readonly version: number;
  readonly baseVersion: number | null;
  readonly slot: number;
  readonly sha256: string;
  readonly size: number;
  readonly gates: readonly { readonly name: string; readonly isPassed: boolean; readonly value: number; readonly limit: number }[];
  readonly status: 'candidate' | 'released' | 'revoked';
  readonly createdAt: number;
  readonly logIndex: number | null;
  readonly metrics: Metrics;
}

/** The models page. */
export interface Models {
  readonly task: { readonly id: string; readonly preset: string } | null;
  readonly champion: number;
  readonly versions: readonly ModelVersion[];
  readonly log: readonly {
    readonly at: number;
    readonly action: string;
    readonly target: string | null;
    readonly reason: string | null;
    readonly name: string | null;
  }[];
}

/** The staff page. */
export interface Staff {
  readonly staff: readonly { readonly staff_id: string; readonly name: string; readonly role: string; readonly seen_at: string | null }[];
  readonly invites: readonly { readonly name: string; readonly role: string; readonly expires_at: string }[];
}

/** What only the server knows of the auditor's page: visits. */
export interface Audit {
  readonly visits: readonly { readonly at: number; readonly role: string; readonly action: string }[];
  readonly helperReachable: boolean;
}

/** A token for the tracking API, as it is listed; the token itself was shown once. */
export interface AccessToken {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly owner: string;
  /** Epoch ms; null until it is first used. */
  readonly usedAt: number | null;
  /** Epoch ms. */
  readonly createdAt: number;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly isReadOnly: boolean;
}

/** A refusal, with the server's word for the reason. */
export class StaffFault extends Error {
  readonly kind: string;
  constructor(kind: string, message: string) {
    super(message);
    this.name = 'StaffFault';
    this.kind = kind;
  }
}

/** The staff pages' server. Every call throws StaffFault. */
export interface StaffApi {
  me(): Promise<Me>;
  /** Make a passkey with a set-up code or the secret of an invite. @returns ten recovery codes, shown once */
  join(secret: string): Promise<{ readonly codes: readonly string[]; readonly member: Member }>;
  signIn(): Promise<void>;
  signInByCode(staffId: string, code: string): Promise<void>;
  signOut(): Promise<void>;
  today(): Promise<Today>;
  flushes(): Promise<Flushes>;
  models(): Promise<Models>;
  staff(): Promise<Staff>;
  audit(): Promise<Audit>;
  act(verb: 'promote' | 'roll-back' | 'approve-override', taskId: string, version: number, reason: string): Promise<void>;
  /** @returns path of the link, from the root */
  invite(role: Member['role'], name: string): Promise<string>;
  simulate(): Promise<void>;
  /** Newest first. */
  tests(): Promise<{ readonly tests: readonly RegisteredTest[] }>;
  startTest(plan: { readonly design: TestDesign; readonly hypothesis: string; readonly planned: number }): Promise<void>;
  endTest(id: number, decision: TestDecision, reason: string): Promise<void>;
  /** One's own tokens; an admin sees all. */
  tokens(): Promise<{ readonly tokens: readonly AccessToken[] }>;
  /** @returns the token, this once */
  newToken(wanted: TokenWanted): Promise<string>;
  revokeToken(id: string): Promise<void>;
  /** The tracking API, by this session. */
  readonly tracking: TrackingClient;
  /** All texts of the log and the newest cosigned checkpoint. */
  log(): Promise<{ readonly entries: readonly string[]; readonly checkpoint: string }>;
  listen(onNews: () => void): () => void;
}

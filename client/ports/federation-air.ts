import type { Receipt } from '#shared/aggregation/receipt.ts';
import type { OfferedModel, OfferedTask } from '#shared/aggregation/verify.ts';

/** Why a call did not get through. `final`: the same again is refused again. */
export class AirFault extends Error {
  readonly kind: 'offline' | 'later' | 'final';
  /** The server's own word for the reason, where it gave one. */
  readonly reason: string;
  /** When to try again at the earliest, ms from now; 0 unless told. */
  readonly waitMs: number;
  constructor(kind: AirFault['kind'], reason: string, waitMs = 0) {
    super(`${kind}: ${reason}`);
    this.name = 'AirFault';
    this.kind = kind;
    this.reason = reason;
    this.waitMs = waitMs;
  }
}

/** The tasks of an installation, with its present moment and what waits. */
export interface Offer {
  readonly now: number;
  readonly tasks: readonly (OfferedTask & { readonly waiting: number })[];
}

/** The server's word on whether this account may contribute. */
export interface Eligibility {
  readonly eligible: boolean;
  readonly reason: string | null;
  readonly slot: number;
  readonly version: number;
}

/** The leader, as devices call it. Every call throws AirFault. */
export interface FederationAir {
  offer(): Promise<Offer>;
  challenge(): Promise<Uint8Array>;
  /** @returns the bearer */
  enrol(body: Uint8Array): Promise<string>;
  eligibility(taskId: string, bearer: string): Promise<Eligibility>;
  upload(reportId: string, bytes: Uint8Array): Promise<void>;
  receipt(reportId: string, bearer: string): Promise<{ readonly receipt: Receipt; readonly signature: string }>;
  withdraw(reportId: string, signature: string): Promise<void>;
  consent(body: Uint8Array, signature: string): Promise<void>;
  /** @param signature by the account's key @returns the reference under which the erasure is logged */
  erase(signature: string): Promise<string>;
  latest(taskId: string): Promise<OfferedModel>;
  weights(taskId: string, version: number): Promise<Uint8Array>;
  consistency(from: number, to: number): Promise<readonly string[]>;
  /** Trial only: K - 1 simulated learners contribute. */
  simulate(): Promise<void>;
  /** Told whenever there may be something new. @returns stops */
  listen(onNews: () => void): () => void;
}

import type { Rng } from '#shared/maths/rng.ts';
import type { EndpointName, ReplyOf, RequestOf } from '#shared/tracking/endpoints.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Database } from '../ports/database.ts';

/** What the tracking use cases need. */
export interface TrackingPorts {
  readonly db: Database;
  readonly now: () => number;
  /** Cryptographic. */
  readonly rng: Rng;
  readonly blobs: BlobStore;
  readonly places: Places;
  /** Seals what must not be read in a dump, such as a webhook's secret. */
  readonly vault: Vault;
  readonly limits: Bounds;
}

/** Where artifacts are said to lie, and what a local location means. */
export interface Places {
  /** Root of new experiments' locations, told as it is: `mlflow-artifacts:/`, or in test mode whatever was asked for. */
  readonly root: string;
  /** Test mode alone: a folder behind the proxied routes, with files under their plain paths; and local locations are allowed. */
  readonly plainFolder: string | null;
}

/** Seals and opens small secrets. */
export interface Vault {
  seal(text: string): Uint8Array;
  open(sealed: Uint8Array): string;
}

/** How much is done at once. */
export interface Bounds {
  /** Requests written in one transaction at most. */
  readonly batch: number;
  /** Runs a search looks at one by one before Postgres is let to plan over all of them. */
  readonly window: number;
  /** Fewer matches of a param or tag than this are asked for outright: on the way down the order there would be hardly one. */
  readonly rare: number;
}

/** Bounds that measured well. */
export const USUAL_BOUNDS: Bounds = { batch: 200, window: 5000, rare: 200 };

/** Who calls, and what they may. Names are for people; two members may share one. */
export interface TrackingCaller {
  readonly staffId: string;
  readonly name: string;
  readonly role: 'admin' | 'analyst' | 'auditor';
  /** By a token that may only read, whatever the role may. */
  readonly isReadOnly?: boolean;
}

/** An answer that is JSON text already. */
export interface RawJson {
  readonly raw: string | readonly Uint8Array[];
}

/** One use case. */
export type Handler<N extends EndpointName> = (
  request: RequestOf<N>,
  caller: TrackingCaller,
  idempotencyKey: string | null,
) => Promise<ReplyOf<N> | RawJson>;

/** The use cases of some routes. */
export type Handlers<Names extends EndpointName> = { readonly [N in Names]: Handler<N> };

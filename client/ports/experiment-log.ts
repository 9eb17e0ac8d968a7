import type { Draft, LogEvent } from '#shared/tracking/event.ts';
import type { RowKey, TableName, Tables } from '#shared/tracking/rows.ts';
import type { FederationChange, FederationStore } from './federation-store.ts';

/** Reads the rows folded out of the log. */
export interface LogReader {
  /** One row by its key. */
  get<T extends TableName>(table: T, key: RowKey): Promise<Tables[T] | undefined>;
  /** Rows whose `field` equals `value`, in key order; all rows if no field is named. */
  list<T extends TableName>(table: T, field?: string, value?: string | number): Promise<readonly Tables[T][]>;
  /** How many rows `list` would give, without reading them. */
  count<T extends TableName>(table: T, field?: string, value?: string | number): Promise<number>;
  /** Bytes of an artifact, or undefined. */
  artifact(runId: string, path: string): Promise<Uint8Array | undefined>;
  /** The personal state saved with the latest answer of a pack, or undefined. */
  personal(packId: string): Promise<PersonalRow | undefined>;
  /** Place of the log's latest event; 0 when empty. */
  head(): Promise<number>;
  /** How many events lie at or before a clock reading: the place of the latest of them. */
  placeOf(hlc: string): Promise<number>;
  /** Clock reading of the event at a place; null where there is none. */
  hlcAt(place: number): Promise<string | null>;
}

/** The personal layer as it stood after the event `seq`: rebuildable, kept so that opening is quick. */
export interface PersonalRow {
  readonly pack_id: string;
  /** Sequence number of the latest event folded into it. */
  readonly seq: number;
  /** Model version it belongs to. */
  readonly model_version: string;
  readonly layer: unknown;
}

/** Bytes to keep beside an `artifact.logged` event. */
export interface ArtifactBytes {
  readonly run_id: string;
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What belongs into one transaction with the events. */
export interface Together {
  /** The personal state once the events are in; gets the last one's sequence number. */
  readonly personal?: Omit<PersonalRow, 'seq'>;
  readonly artifacts?: readonly ArtifactBytes[];
  /** What belongs to the federation: a contribution is booked with its run, or not at all. */
  readonly federation?: readonly FederationChange[];
  /** Refuse with `stale` unless this is the log's latest place. */
  readonly expectHead?: number;
}

/** A log that is to be taken in: another device's, or this one's from a backup. */
export interface Incoming {
  readonly events: readonly LogEvent[];
  readonly artifacts: readonly ArtifactBytes[];
}

/** What a merge brought, or would bring. */
export interface Merged {
  /** Events that were not here. */
  readonly added: number;
  readonly known: number;
}

/** What became of an append. */
export type Appended =
  | { readonly kind: 'appended'; readonly events: readonly LogEvent[]; readonly head: number }
  /** Another tab wrote first; nothing was written. */
  | { readonly kind: 'stale'; readonly head: number }
  /** The attempt had been answered; nothing was written. */
  | { readonly kind: 'duplicate'; readonly head: number };

/** Why the log could not be read or written. */
export type StorageFaultKind = 'full' | 'unavailable' | 'newer-version' | 'interrupted' | 'blocked' | 'unknown';

/** Thrown by every call of a log whose storage fails; the caller still holds what it wanted to write. */
export class StorageFault extends Error {
  readonly kind: StorageFaultKind;
  constructor(kind: StorageFaultKind, cause?: unknown) {
    super(`storage: ${kind}${cause instanceof Error ? ` (${cause.name}: ${cause.message})` : ''}`, { cause });
    this.name = 'StorageFault';
    this.kind = kind;
  }
}

/** The automatic copy on this device could not be renewed; the log itself is whole. */
export class CopyFault extends StorageFault {}

/**
 * The learner's own experiment log: events are the truth, rows are folded from them in the same transaction.
 * An append is durable when its promise resolves; it happens whole or not at all.
 */
export interface ExperimentLog extends LogReader {
  /** The device the log belongs to, 16 hexadecimal digits. */
  readonly deviceId: string;
  /** @throws StorageFault; Error on a draft that breaks its schema */
  append(drafts: readonly Draft[], together?: Together): Promise<Appended>;
  /** How many of the events are not here yet. */
  compare(events: readonly LogEvent[]): Promise<Merged>;
  /** Union by event id, then every row folded anew in the order of the clocks; whole or not at all. @throws StorageFault */
  merge(incoming: Incoming): Promise<Merged>;
  /** Bytes of every artifact. */
  artifacts(): Promise<readonly ArtifactBytes[]>;
  /** Remove everything this device keeps of the learner, federation and packs included. The log is closed then. */
  deleteEverything(): Promise<void>;
  /** Run `read` now and after every change it may depend on, in any tab. @returns stops it */
  watch<T>(read: (reader: LogReader) => Promise<T>, onValue: (value: T) => void, onFault: (fault: unknown) => void): () => void;
  /** The federation's side of the same database. */
  readonly federation: FederationStore;
  /** Told once when another tab needs the database for itself: a newer app upgrades it, or it is deleted. Nothing can be written here from then on. */
  onSuperseded(tell: () => void): void;
  /** Every event in the order of the clocks. */
  events(): Promise<readonly LogEvent[]>;
  /** Drop every row and fold them anew from the events. */
  rebuild(): Promise<void>;
  close(): void;
}

import type { Readable } from 'node:stream';

/** What was stored: its name is its content. */
export interface StoredBlob {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly size: number;
}

/** Bytes by their hash; putting the same bytes again changes nothing. */
export interface BlobStore {
  /** Reads the stream to its end and keeps it. @param limit bytes at most @throws TooLarge, keeping nothing */
  put(bytes: Readable, limit: number): Promise<StoredBlob>;
  /** @throws Error if there is no such blob */
  get(sha256: string): Promise<Readable>;
  has(sha256: string): Promise<boolean>;
  /** Nothing there is no fault. */
  delete(sha256: string): Promise<void>;
}

/** More was sent than may be kept. */
export class TooLarge extends Error {}

import type { Readable } from 'node:stream';

/** A file or folder, by its name within the folder that was listed. */
export interface TreeEntry {
  readonly name: string;
  readonly isFolder: boolean;
  /** Bytes; absent for a folder. */
  readonly size?: number;
}

/** Files under paths of `/`-separated names, checked already. */
export interface ArtifactTree {
  /** What a folder holds, by name; a file or nothing at all holds nothing. */
  list(path: string): Promise<readonly TreeEntry[]>;
  /** A file's bytes; `folder` if the path is one, null if there is nothing. */
  open(path: string): Promise<{ readonly bytes: Readable; readonly size: number } | 'folder' | null>;
  /** Keeps what is read, in place of what was there. @param limit bytes at most @throws TooLarge */
  put(path: string, bytes: Readable, limit: number): Promise<void>;
  /** The file, or the folder with all in it; nothing there is no fault. */
  remove(path: string): Promise<void>;
}

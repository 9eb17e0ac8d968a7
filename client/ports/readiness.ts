/** What is on this device for offline use; a yes means the cache was read back. */
export interface Readiness {
  check(): Promise<{ readonly app: boolean; readonly engine: boolean }>;
}

/** The learning engine's files. */
export interface Engine {
  /** Fetch them into their cache. @throws Error when offline */
  fetch(): Promise<void>;
}

/** Measures time while the page can be seen. */
export interface VisibleTimer {
  /** Visible milliseconds since the start. */
  elapsed(now: number): number;
  restart(now: number): void;
  /** Ends the listening; the timer must not be used afterwards. */
  stop(): void;
}

interface Visibility {
  readonly visibilityState: string;
  addEventListener(type: 'visibilitychange', listener: () => void): void;
  removeEventListener(type: 'visibilitychange', listener: () => void): void;
}

/** A timer that stands still while the tab is hidden. @param now monotonic milliseconds */
export function visibleTimer(now: number, page: Visibility, clock: () => number = () => performance.now()): VisibleTimer {
  let gathered = 0;
  let since: number | null = page.visibilityState === 'hidden' ? null : now;
  const onChange = () => {
    const at = clock();
    if (page.visibilityState === 'hidden' && since !== null) {
      gathered += at - since;
      since = null;
    } else if (page.visibilityState !== 'hidden' && since === null) since = at;
  };
  page.addEventListener('visibilitychange', onChange);
  return {
    elapsed: (at) => gathered + (since === null ? 0 : at - since),
    restart(at) {
      gathered = 0;
      if (since !== null) since = at;
    },
    stop: () => page.removeEventListener('visibilitychange', onChange),
  };
}

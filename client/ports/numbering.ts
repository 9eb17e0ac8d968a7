import type { EpochMs } from '#shared/domain/time.ts';
import type { Draft, LogEvent } from '#shared/tracking/event.ts';
import { nextHlc } from '#shared/tracking/hlc.ts';

/** Where a device's log ends. */
export interface Head {
  readonly device_id: string;
  readonly seq: number;
  readonly hlc: string | null;
  /** Events in the log, other devices' merged in; absent in logs never merged: then it is `seq`. */
  readonly place?: number;
}

/** Place of the latest event of a log. */
export const placeOfHead = (head: Head): number => head.place ?? head.seq;

/** The present, as an event needs it. */
export interface Moment {
  readonly at: EpochMs;
  /** Minutes east of UTC. */
  readonly tz: number;
  readonly rng: () => number;
  /** How far this clock is known to be ahead of the server's, ms; absent where they were never compared. */
  readonly clockLead?: number;
}

/**
 * Give drafts, whose ids were drawn before, their places after `head`: by the corrected clock, so that a device whose clock is wrong does not
 * overrule the others. `at` stays what this device's own clock says.
 */
export function numbered(
  drafts: readonly Draft[],
  ids: readonly string[],
  head: Head,
  { at, tz, clockLead = 0 }: Moment,
): { readonly events: readonly LogEvent[]; readonly head: Head } {
  let { seq, hlc } = head;
  const events = drafts.map((draft, i): LogEvent => {
    seq += 1;
    hlc = nextHlc(hlc, at - clockLead, head.device_id);
    return { ...draft, id: ids[i] ?? '', device_id: head.device_id, seq, hlc, at, tz };
  });
  return { events, head: { ...head, seq, hlc, place: placeOfHead(head) + events.length } };
}

/** Events in the order of their clocks; on every device the same. */
export function inClockOrder(events: readonly LogEvent[]): LogEvent[] {
  return [...events].sort((a, b) => (a.hlc < b.hlc ? -1 : a.hlc > b.hlc ? 1 : 0));
}

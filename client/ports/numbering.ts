import type { EpochMs } from '#shared/domain/time.ts';
import type { Draft, LogEvent } from '#shared/tracking/event.ts';
import { nextHlc } from '#shared/tracking/hlc.ts';

/** Where a device's log ends. */
export interface Head {
  readonly device_id: string;
  readonly seq: number;
  readonly hlc: string | null;
}

/** The present, as an event needs it. */
export interface Moment {
  readonly at: EpochMs;
  /** Minutes east of UTC. */
  readonly tz: number;
  readonly rng: () => number;
}

/** Give drafts, whose ids were drawn before, their places after `head`. */
export function numbered(
  drafts: readonly Draft[],
  ids: readonly string[],
  head: Head,
  { at, tz }: Moment,
): { readonly events: readonly LogEvent[]; readonly head: Head } {
  let { seq, hlc } = head;
  const events = drafts.map((draft, i): LogEvent => {
    seq += 1;
    hlc = nextHlc(hlc, at, head.device_id);
    return { ...draft, id: ids[i] ?? '', device_id: head.device_id, seq, hlc, at, tz };
  });
  return { events, head: { ...head, seq, hlc } };
}

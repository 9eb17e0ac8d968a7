import * as z from 'zod/mini';
import { clockLead } from '#shared/tracking/hlc.ts';

const KEY = 'examsgraph.clock';

/** What was heard last, in another tab or before a reload too; where storage is refused, it is forgotten with the page. */
function remembered(): number {
  try {
    const parsed = z.number().safeParse(JSON.parse(localStorage.getItem(KEY) ?? '0'));
    return parsed.success ? parsed.data : 0;
  } catch {
    return 0;
  }
}

let lead: number | null = null;

/** How far this device's clock is ahead of the server's, ms, as the server's latest reply told; 0 before any. */
export function knownClockLead(): number {
  lead ??= remembered();
  return lead;
}

/** Takes in the `Date` of a reply. */
export function hearClock(date: string | null, askedMs: number, heardMs: number): void {
  const heard = clockLead(date, askedMs, heardMs);
  if (heard === null || heard === knownClockLead()) return;
  lead = heard;
  try {
    if (heard === 0) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(heard));
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
  }
}

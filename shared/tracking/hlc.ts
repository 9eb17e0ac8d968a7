/** The next reading of a hybrid logical clock (Kulkarni et al. 2014): never behind the wall clock, always after `last`; null for a first one. */
export function nextHlc(last: string | null, wallMs: number, deviceId: string): string {
  const [lastMs, lastCounter] = last ? [Number(last.slice(0, 13)), Number.parseInt(last.slice(14, 18), 16)] : [0, 0];
  const ms = Math.max(lastMs, wallMs);
  const counter = ms === lastMs && last ? lastCounter + 1 : 0;
  return counter > 0xffff
    ? `${String(ms + 1).padStart(13, '0')}-0000-${deviceId}`
    : `${String(ms).padStart(13, '0')}-${counter.toString(16).padStart(4, '0')}-${deviceId}`;
}

/**
 * How far a device's clock is ahead of a server's (ms; negative: behind), the least that the `Date` of a reply allows: it tells whole seconds
 * and was written between asking and hearing. 0 where the clocks may agree; null if the header tells no time.
 */
export function clockLead(date: string | null, askedMs: number, heardMs: number): number | null {
  const server = Date.parse(date ?? '');
  if (Number.isNaN(server)) return null;
  const [least, most] = [askedMs - (server + 999), heardMs - server];
  return least > 0 ? least : Math.min(most, 0);
}

import * as z from 'zod/mini';

const KEY = 'examsgraph.marker';
const schema = z.object({ answers: z.number(), at: z.number() });

/** How much the log held last, remembered outside of it: an empty log beside a marker was lost, not new. */
export type Marker = z.infer<typeof schema>;

/** The marker, or null. */
export function readMarker(): Marker | null {
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Remember it, or (null) forget it; where storage is refused nothing is remembered. */
export function writeMarker(marker: Marker | null): void {
  try {
    if (marker) localStorage.setItem(KEY, JSON.stringify(marker));
    else localStorage.removeItem(KEY);
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
  }
}

import * as z from 'zod/mini';

const KEY = 'examsgraph.unsaved';
const schema = z.object({
  attemptId: z.string(),
  choice: z.array(z.string()),
  confidence: z.enum(['sure', 'notSure', 'guess']),
  msRaw: z.number(),
});

/** An answer the database would not take, kept aside until it does. */
export type Unsaved = z.infer<typeof schema>;

/** What was kept aside for this attempt, or null. */
export function readUnsaved(attemptId: string): Unsaved | null {
  try {
    const parsed = schema.safeParse(JSON.parse(localStorage.getItem(KEY) ?? 'null'));
    return parsed.success && parsed.data.attemptId === attemptId ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Keep an answer aside, or (null) drop it: it is saved. */
export function keepUnsaved(unsaved: Unsaved | null): void {
  try {
    if (unsaved) localStorage.setItem(KEY, JSON.stringify(unsaved));
    else if (localStorage.getItem(KEY) !== null) localStorage.removeItem(KEY);
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
  }
}

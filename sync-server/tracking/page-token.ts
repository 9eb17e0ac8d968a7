import { createHash } from 'node:crypto';
import { invalid } from '#shared/tracking/fault.ts';

/** Where a page ended: the last row's sort values, and which part of the order it lay in. */
export interface Place {
  readonly phase: number;
  readonly last: readonly unknown[];
}

/** A fingerprint of what was asked: a token of another question is refused. */
export const fingerprint = (...asked: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 12);

/** An opaque token for the page after. */
export const tokenOf = ({ phase, last }: Place, asked: string): string =>
  Buffer.from(JSON.stringify([asked, phase, ...last])).toString('base64url');

/** The place a token means; null without one. @throws TrackingFault if it is none of this question's */
export function placeOf(token: string | undefined, asked: string, terms: number): Place | null {
  if (!token) return null;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  let parts: unknown = null;
  try {
    // a decoder that skips what it does not know would take what nobody has given out
    if (Buffer.from(text).toString('base64url') === token) parts = JSON.parse(text);
  } catch {
    parts = null;
  }
  if (!Array.isArray(parts) || parts.length < 2 || typeof parts[1] !== 'number') throw invalid('Invalid page token, could not be decoded.');
  const [hash, phase, ...last] = parts as [unknown, number, ...unknown[]];
  const isPlain = last.every((v) => v === null || ['string', 'number'].includes(typeof v));
  if (hash !== asked || !isPlain || last.length > terms) throw invalid('Invalid page token, it belongs to another search.');
  return { phase, last };
}

/** How many rows a page has. @throws TrackingFault */
export function pageSize(asked: number | undefined, usual: number, most: number): number {
  const size = asked ?? usual;
  if (size <= 0) throw invalid(`Invalid value ${size} for parameter 'max_results' supplied. It must be a positive integer`);
  if (size > most)
    throw invalid(
      `Invalid value ${size} for parameter 'max_results' supplied:  Hint: Value was of type 'int'. It must be at most ${most}. See the API docs for more information about request parameters.`,
    );
  return size;
}

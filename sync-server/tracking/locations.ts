import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invalid } from '#shared/tracking/fault.ts';
import { checkLength, LIMITS } from '#shared/tracking/limits.ts';
import { proxiedPath } from '#shared/tracking/proxied-path.ts';
import { isExperimentId } from './ids.ts';
import type { Places } from './tracking.ts';

const SCHEME = /^([a-zA-Z][a-zA-Z0-9+.-]*):/;

/** The scheme of a location, in small letters; empty for a bare path. */
export const schemeOf = (location: string): string => SCHEME.exec(location)?.[1]?.toLowerCase() ?? '';

/** Whether a location means a path of the server's own disk. */
export const isLocal = (location: string): boolean => schemeOf(location) === '' || schemeOf(location) === 'file';

/** The path of a local location, made absolute against the working directory. */
export function localPath(location: string): string {
  if (schemeOf(location) !== 'file') return resolve(location);
  return location.startsWith('file:/') ? fileURLToPath(location.replace(/^file:\/(?!\/)/, 'file:///')) : resolve(location.slice(5));
}

/** A location with parts added to its path; query and fragment stay at the end. */
export function below(location: string, ...parts: readonly string[]): string {
  const [, path = '', rest = ''] = /^([^?#]*)(.*)$/s.exec(location) ?? [];
  return `${path.replace(/\/+$/, '')}/${parts.join('/')}${rest}`;
}

/** Folders named like an experiment hold that experiment's artifacts alone; the root holds everybody's. */
function checkOwnFolder(location: string): void {
  const [first = ''] = (proxiedPath(location) ?? '').split('/');
  if (first === '' || isExperimentId(first) || decodeSafely(location).split('/').includes('..'))
    throw invalid(`'artifact_location' must name a folder of its own, none of another experiment. Given: '${location}'`);
}

/**
 * Where a new experiment's artifacts are said to lie.
 *
 * @param asked the caller's wish; empty: below the root
 * @throws TrackingFault if the wish cannot be served
 */
export function experimentLocation(places: Places, id: string, asked: string): string {
  if (asked === '') return below(places.root, id);
  if (/[#;]/.test(asked.replace(/^[^:]*:/, ''))) throw invalid("'artifact_location' URL can't include fragments or params.");
  const query = asked.includes('?') ? asked.slice(asked.indexOf('?')) : '';
  if (query.includes('..') || decodeSafely(query).includes('..')) throw invalid(`Invalid query string: ${query.slice(1)}`);
  if (schemeOf(asked) === 'runs') throw invalid(`Artifact location cannot be a runs:/ URI. Given: '${asked}'`);
  checkLength('artifact_location', LIMITS.artifactLocation, asked);
  if (schemeOf(asked) === 'mlflow-artifacts') {
    if (places.plainFolder === null) checkOwnFolder(asked);
    return asked;
  }
  if (places.plainFolder === null) throw invalid(`'artifact_location' must be an mlflow-artifacts:/ location here. Given: '${asked}'`);
  if (schemeOf(asked) === '') return resolve(asked);
  if (/^file:(?!\/)/i.test(asked)) return `file://${localPath(asked)}`;
  return asked;
}

/** Decoded until nothing changes any more; what cannot be decoded stays. */
export function decodeSafely(text: string): string {
  let now = text;
  for (let i = 0; i < 8; i++) {
    let next: string;
    try {
      next = decodeURIComponent(now);
    } catch {
      return now;
    }
    if (next === now) return now;
    now = next;
  }
  return now;
}

import { invalid, TrackingFault } from '#shared/tracking/fault.ts';
import type { ArtifactTree, TreeEntry } from '../ports/artifact-tree.ts';
import type { TrackingPorts } from './tracking.ts';

/** The end of every path below a folder: '0' comes right after '/'. The root has no name, and everything is below it. */
const belowOf = (path: string): readonly [string, string] => (path === '' ? ['', '\u{10FFFF}'] : [`${path}/`, `${path}0`]);

/** The folders that a path lies in, outermost first. */
function foldersOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** A tree whose paths are rows; the bytes lie under their hash, so that no name from outside reaches a disk. */
export function artifactRows({ db, blobs, now }: Pick<TrackingPorts, 'db' | 'blobs' | 'now'>): ArtifactTree {
  return {
    async list(path) {
      const [from, to] = belowOf(path);
      return db
        .query<{ name: string; is_folder: boolean; size: string | null }>(
          `SELECT split_part(substr(path, $3), '/', 1) AS name, bool_or(position('/' in substr(path, $3)) > 0) AS is_folder,
             CASE WHEN bool_or(position('/' in substr(path, $3)) > 0) THEN NULL ELSE max(size)::text END AS size
           FROM artifacts WHERE path >= $1 AND path < $2 GROUP BY 1 ORDER BY 1`,
          [from, to, from.length + 1],
        )
        .then((rows) =>
          rows.map((r): TreeEntry => ({ name: r.name, isFolder: r.is_folder, ...(r.size === null ? {} : { size: Number(r.size) }) })),
        );
    },
    async open(path) {
      const [row] = await db.query<{ sha256: string; size: string }>('SELECT sha256, size FROM artifacts WHERE path = $1', [path]);
      if (row) return { bytes: await blobs.get(row.sha256), size: Number(row.size) };
      const [from, to] = belowOf(path);
      const within = await db.query('SELECT 1 FROM artifacts WHERE path >= $1 AND path < $2 LIMIT 1', [from, to]);
      return within.length > 0 ? 'folder' : null;
    },
    async put(path, bytes, limit) {
      const { sha256, size } = await blobs.put(bytes, limit);
      const unnamed = await db
        .transaction(async (sql) => {
          await sql.query('SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [sha256]);
          // the last other name of these bytes may have been deleted, and the bytes with it, before this one was theirs
          if (!(await blobs.has(sha256)))
            throw new TrackingFault('TEMPORARILY_UNAVAILABLE', 'The same bytes were being deleted. Send them again.');
          // a path that is new has no row yet to lock
          await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [path]);
          const [from, to] = belowOf(path);
          const [clash] = await sql.query<{ path: string }>(
            'SELECT path FROM artifacts WHERE path = ANY($1) UNION ALL (SELECT path FROM artifacts WHERE path >= $2 AND path < $3 LIMIT 1) LIMIT 1',
            [foldersOf(path), from, to],
          );
          // nobody could list or fetch both
          if (clash) throw invalid(`${path} cannot be written: ${clash.path} is a file already.`);
          const [before] = await sql.query<{ sha256: string }>('SELECT sha256 FROM artifacts WHERE path = $1', [path]);
          await sql.query(
            `INSERT INTO artifacts (path, sha256, size, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (path) DO UPDATE SET sha256 = $2, size = $3, created_at = $4`,
            [path, sha256, size, now()],
          );
          return before?.sha256 ?? null;
        })
        .catch(async (cause: unknown) => {
          await sweep({ db, blobs }, [sha256]).catch(() => undefined);
          throw cause;
        });
      if (unnamed !== null && unnamed !== sha256) await sweep({ db, blobs }, [unnamed]);
    },
    async remove(path) {
      const [from, to] = belowOf(path);
      const gone = await db.query<{ sha256: string }>(
        'DELETE FROM artifacts WHERE path = $1 OR (path >= $2 AND path < $3) RETURNING sha256',
        [path, from, to],
      );
      await sweep({ db, blobs }, [...new Set(gone.map((g) => g.sha256))]);
    },
  };
}

/** Delete the blobs that no path names any more, each under a lock that an upload of the same bytes takes too. @throws the first fault, once all were tried */
export async function sweep({ db, blobs }: Pick<TrackingPorts, 'db' | 'blobs'>, hashes: readonly string[]): Promise<void> {
  const faults: unknown[] = [];
  for (const hash of hashes) {
    const swept = db.transaction(async (sql) => {
      await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [hash]);
      const used = await sql.query('SELECT 1 FROM artifacts WHERE sha256 = $1 LIMIT 1', [hash]);
      if (used.length === 0) await blobs.delete(hash);
    });
    await swept.catch((cause: unknown) => faults.push(cause));
  }
  if (faults.length > 0) throw faults[0];
}

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BlobStore, TooLarge } from '../ports/blob-store.ts';

/** Counts and hashes what passes. @throws TooLarge past the limit */
export function meter(limit: number) {
  const hash = createHash('sha256');
  let size = 0;
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > limit) return done(new TooLarge(`more than ${limit} bytes`));
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { through, result: () => ({ sha256: hash.digest('hex'), size }) };
}

/** Flush the names in a folder to the disk, and those in its parents up to another: a file without its name would be lost with the power. */
async function syncNames(folder: string, upTo: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
  if (folder !== upTo) await syncNames(dirname(folder), upTo);
}

const DAY_MS = 86_400_000;

/** Removes what a crash left more than a day ago in the folder where blobs lie until their hash is known; what cannot be removed stays. */
export async function clearLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const left = await stat(path).catch(() => null);
    if (left && Date.now() - left.mtimeMs > DAY_MS) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Blobs as files named by their hash: a temporary file, flushed to the disk, then renamed. @param folder made if missing */
export function fileBlobs(folder: string): BlobStore {
  const coming = join(folder, 'coming');
  void clearLeftovers(coming);
  const pathOf = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError('a blob is named by its hash');
    return join(folder, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  };
  return {
    async put(bytes, limit) {
      await mkdir(coming, { recursive: true, mode: 0o700 });
      const temporary = join(coming, randomUUID());
      const { through, result } = meter(limit);
      try {
        await pipeline(bytes, through, createWriteStream(temporary, { mode: 0o600 }));
        const handle = await open(temporary, 'r');
        await handle.sync().finally(() => handle.close());
        const stored = result();
        const path = pathOf(stored.sha256);
        const first = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(temporary, path);
        await syncNames(dirname(path), first ? dirname(first) : dirname(path));
        return stored;
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async get(sha256) {
      const path = pathOf(sha256);
      await stat(path);
      return createReadStream(path);
    },
    has: (sha256) =>
      stat(pathOf(sha256)).then(
        () => true,
        () => false,
      ),
    delete: (sha256) => rm(pathOf(sha256), { force: true }),
  };
}

import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { invalid } from '#shared/tracking/fault.ts';
import type { ArtifactTree, TreeEntry } from '../ports/artifact-tree.ts';
import { meter } from './file-blobs.ts';

/**
 * Files under their plain paths, for the conformance tests of test mode alone: links are resolved, and nothing outside the folder is touched.
 *
 * @param folder made when first written to
 */
export function plainTree(folder: string): ArtifactTree {
  const root = resolve(folder);

  /** The real place of a path, whose nearest existing parent must lie below the root. */
  async function placeOf(path: string): Promise<string> {
    const wanted = join(root, path);
    let existing = wanted;
    while (!(await lstat(existing).catch(() => null)) && existing.startsWith(root) && existing !== root) existing = dirname(existing);
    const real = await realpath(existing).catch(() => existing);
    const realRoot = await realpath(root).catch(() => root);
    if (real !== realRoot && !real.startsWith(realRoot + sep) && existing !== root) throw invalid('Invalid path');
    return wanted;
  }

  return {
    async list(path) {
      const place = await placeOf(path);
      const names = await readdir(place).catch(() => []);
      const entries = await Promise.all(
        names.sort().map(async (name): Promise<TreeEntry | null> => {
          const info = await stat(join(place, name)).catch(() => null);
          if (!info) return null;
          return info.isDirectory() ? { name, isFolder: true } : { name, isFolder: false, size: info.size };
        }),
      );
      return entries.filter((e) => e !== null);
    },
    async open(path) {
      const place = await placeOf(path);
      const info = await stat(place).catch(() => null);
      if (!info) return null;
      return info.isDirectory() ? 'folder' : { bytes: createReadStream(place), size: info.size };
    },
    async put(path, bytes, limit) {
      const place = await placeOf(path);
      // as in the tree of rows: nobody could list or fetch both
      if ((await stat(place).catch(() => null))?.isDirectory()) throw invalid(`${path} cannot be written: it is a folder already.`);
      await mkdir(dirname(place), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOTDIR' || cause.code === 'EEXIST')
          throw invalid(`${path} cannot be written: a folder above it is a file already.`);
        throw cause;
      });
      const temporary = `${place}.${randomUUID()}`;
      const { through } = meter(limit);
      try {
        await pipeline(bytes, through, createWriteStream(temporary));
        await rename(temporary, place);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async remove(path) {
      await rm(await placeOf(path), { recursive: true, force: true });
    },
  };
}

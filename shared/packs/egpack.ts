import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { sha256Hex } from '../crypto/sha256.ts';
import { fail, type Result } from '../domain/result.ts';
import type { Pack } from './schema.ts';
import { type PackFault, validatePack } from './validate.ts';

/** Limits of a `.egpack` file: bytes packed, bytes unpacked, entries, and unpacked per packed byte. */
export const EGPACK_LIMITS = { packed: 20e6, unpacked: 60e6, entries: 6000, ratio: 100 } as const;

const NAME = /^(manifest\.json|manifest\.sig|items\.jsonl|CHANGELOG\.md|(media|LICENSES)\/[A-Za-z0-9][A-Za-z0-9._+-]{0,127})$/;

const broken = (detail: string) => fail<PackFault>({ kind: 'not-a-pack', detail });
const tooBig = (detail: string) => fail<PackFault>({ kind: 'too-big', detail });

/** Stops the inflating as soon as an entry breaks a limit, before its bytes are made. */
class LimitBroken extends Error {}

function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  let unpacked = 0;
  let entries = 0;
  return unzipSync(bytes, {
    filter({ name, originalSize }) {
      unpacked += originalSize;
      entries += 1;
      if (entries > EGPACK_LIMITS.entries) throw new LimitBroken(`more than ${EGPACK_LIMITS.entries} files`);
      if (unpacked > EGPACK_LIMITS.unpacked || unpacked > EGPACK_LIMITS.ratio * bytes.length) throw new LimitBroken('unpacks to too much');
      if (!NAME.test(name)) throw new LimitBroken(`unexpected file "${name.slice(0, 80)}"`);
      return true;
    },
  });
}

/**
 * Read a `.egpack` (zip): limits, names, checksums, then every rule of `validatePack`.
 *
 * @param bytes the whole file
 * @returns the pack, or what is wrong; never throws on bad bytes
 */
export function readEgpack(bytes: Uint8Array): Result<Pack, PackFault> {
  if (bytes.length > EGPACK_LIMITS.packed) return tooBig(`larger than ${EGPACK_LIMITS.packed / 1e6} MB`);
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    return cause instanceof LimitBroken ? tooBig(cause.message) : broken('not a zip file, or cut short');
  }
  const manifest = files['manifest.json'];
  const items = files['items.jsonl'];
  if (!manifest || !items) return broken(`${manifest ? 'items.jsonl' : 'manifest.json'} is missing`);
  const pack = validatePack(strFromU8(manifest), strFromU8(items));
  if (!pack.ok) return pack;
  const wanted = pack.value.manifest.sha256;
  for (const path of new Set([...Object.keys(wanted), ...Object.keys(files)])) {
    if (path.startsWith('manifest.')) continue;
    const file = files[path];
    if (wanted[path] === undefined) return broken(`${path} has no checksum`);
    if (!file || sha256Hex(file) !== wanted[path]) return broken(`${path} is damaged: its checksum differs`);
  }
  return pack;
}

/**
 * Zip the files of a pack's folder, its manifest given the checksum of every other file; reproducibly: same files, same bytes.
 *
 * @throws Error if `manifest.json` is missing or no JSON; the rules themselves are `readEgpack`'s to check
 */
export function buildEgpack(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const manifest = files['manifest.json'];
  if (!manifest) throw new Error('manifest.json is missing');
  const others = Object.keys(files)
    .filter((path) => !path.startsWith('manifest.'))
    .sort();
  const sha256 = Object.fromEntries(others.map((path) => [path, sha256Hex(files[path] as Uint8Array)]));
  const complete = strToU8(`${JSON.stringify({ ...JSON.parse(strFromU8(manifest)), sha256 }, null, 2)}\n`);
  const entries = Object.fromEntries(others.map((path) => [path, files[path] as Uint8Array]));
  return zipSync({ ...entries, 'manifest.json': complete }, { level: 9, mtime: '1980-01-02T00:00:00Z' });
}

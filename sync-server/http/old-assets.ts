import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

const KEPT_MS = 30 * 86_400_000;

/**
 * Keep the hash-named files of this build for those who opened an earlier one: a page that is open while the app is updated still finds
 * its own. Files no build has had for thirty days are removed.
 *
 * @param archive folder outside of any build @param now epoch ms
 */
export function keepAssets(clientDir: string, archive: string, now: number): void {
  const assets = join(clientDir, 'assets');
  if (!existsSync(assets)) return;
  mkdirSync(archive, { recursive: true });
  for (const name of readdirSync(assets)) {
    const kept = join(archive, name);
    if (!existsSync(kept)) copyFileSync(join(assets, name), kept);
    utimesSync(kept, now / 1000, now / 1000);
  }
  for (const name of readdirSync(archive)) {
    const kept = join(archive, name);
    if (statSync(kept).mtimeMs < now - KEPT_MS) rmSync(kept);
  }
}

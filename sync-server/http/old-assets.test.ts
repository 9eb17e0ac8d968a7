import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepAssets } from './old-assets.ts';

const DAY = 86_400_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'examsgraph-assets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function build(name: string, ...files: readonly string[]): string {
  const client = join(folder, name);
  mkdirSync(join(client, 'assets'), { recursive: true });
  for (const file of files) writeFileSync(join(client, 'assets', file), file);
  return client;
}

test('assets of earlier builds stay for thirty days after the last build that had them, and no longer', () => {
  const archive = join(folder, 'archive');
  keepAssets(build('one', 'a-1.js', 'both-1.js'), archive, 100 * DAY);
  keepAssets(build('two', 'a-2.js', 'both-1.js'), archive, 120 * DAY);
  expect(readdirSync(archive).sort()).toEqual(['a-1.js', 'a-2.js', 'both-1.js']);
  expect(readFileSync(join(archive, 'a-1.js'), 'utf8')).toBe('a-1.js');
  keepAssets(build('three', 'a-3.js'), archive, 130 * DAY + 1);
  expect(readdirSync(archive).sort()).toEqual(['a-2.js', 'a-3.js', 'both-1.js']);
  keepAssets(join(folder, 'no-build'), archive, 999 * DAY);
  expect(existsSync(join(archive, 'a-3.js'))).toBe(true);
});

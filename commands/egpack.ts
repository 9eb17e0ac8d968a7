import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildEgpack, readEgpack } from '#shared/packs/egpack.ts';
import type { PackFault } from '#shared/packs/validate.ts';
import { validatePack } from '#shared/packs/validate.ts';

const HELP = `Question packs.

  npm run egpack -- validate FOLDER|FILE.egpack   check every rule; exit 1 and the faults if one is broken
  npm run egpack -- build FOLDER FILE.egpack      check, add checksums, zip
`;

function stop(message: string): never {
  console.error(message);
  process.exit(1);
}

function inWords(fault: PackFault): string {
  switch (fault.kind) {
    case 'invalid':
      return fault.problems.map((p) => `${p.place}: ${p.message}`).join('\n');
    case 'newer-format':
      return `manifest.json: schemaVersion ${fault.schemaVersion} is newer than this program`;
    default:
      return `${fault.kind}: ${fault.detail}`;
  }
}

function filesOf(folder: string): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1).replaceAll('\\', '/')] = readFileSync(path);
  }
  return files;
}

function build(folder: string): Uint8Array {
  const bytes = buildEgpack(filesOf(folder));
  const pack = readEgpack(bytes);
  return pack.ok ? bytes : stop(inWords(pack.fault));
}

function validate(path: string): string {
  const pack = path.endsWith('.egpack')
    ? readEgpack(readFileSync(path))
    : validatePack(readFileSync(join(path, 'manifest.json'), 'utf8'), readFileSync(join(path, 'items.jsonl'), 'utf8'));
  if (!pack.ok) return stop(inWords(pack.fault));
  const { manifest, items } = pack.value;
  return `${path}: ${items.length} items in ${manifest.topics.length} topics, ${manifest.languages.join(' and ')}, version ${manifest.version}: valid`;
}

const [verb, source, target] = process.argv.slice(2);
if (verb === '--help' || !verb) console.log(HELP);
else if (verb === 'validate' && source) console.log(validate(source));
else if (verb === 'build' && source && target) {
  const bytes = build(source.replace(/\/$/, ''));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, bytes);
  console.log(`${target}: ${bytes.length} bytes`);
} else stop(HELP);

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Secret keys of one server, each [32]. */
export type SecretKeys<Name extends string> = Readonly<Record<Name, Uint8Array>>;

/**
 * Read a server's secret keys, or make them at its first start: a file only its user may read, written whole or not at all.
 *
 * @throws Error if the file is there but lacks a key: keys are never replaced by themselves
 */
export function secretKeys<Name extends string>(file: string, names: readonly Name[]): SecretKeys<Name> {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    const fresh = Object.fromEntries(names.map((name) => [name, randomBytes(32).toString('hex')]));
    writeFileSync(`${file}.part`, JSON.stringify(fresh), { mode: 0o600, flush: true });
    renameSync(`${file}.part`, file);
  }
  const stored = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const entries = names.map((name) => {
    const text = stored[name] ?? '';
    if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} holds no key "${name}". Restore it from your backup.`);
    return [name, new Uint8Array(Buffer.from(text, 'hex'))] as const;
  });
  return Object.fromEntries(entries) as unknown as SecretKeys<Name>;
}

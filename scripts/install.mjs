import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Installs the packages of the lockfile if they are missing or stale; exits 1 if that fails. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`ExamsGraph needs Node 20.19 or newer; this is ${process.version}.`);
    process.exit(1);
  }
  const stamp = 'node_modules/.installed-from';
  const wanted = createHash('sha256')
    .update(readFileSync('package-lock.json'))
    .update(process.version + process.platform + process.arch)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const npm = (...args) =>
    spawnSync('npm', [...args, '--include=dev', '--include=optional', '--no-audit', '--no-fund'], {
      stdio: 'inherit',
      shell: process.platform === 'win32',
    }).status;
  if (npm('ci') !== 0 && npm('install', '--no-save') !== 0) process.exit(1);
  writeFileSync(stamp, wanted);
}

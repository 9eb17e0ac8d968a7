import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
if (process.argv.includes('--help')) {
  console.log(
    'npm start: build, then run a trial installation with its own Postgres.\n\n  EG_PRESET            demo (default), pilot, production or production-large\n  PORT, HELPER_PORT, METRICS_PORT, HELPER_METRICS_PORT   fixed ports\n  EG_PUBLIC_ORIGIN     https://… where browsers find it, behind a proxy that ends TLS (EG_TRUSTED_PROXIES)\n  DATABASE_URL         a Postgres of yours; HELPER_DATABASE_URL for the helper’s\n  EG_DATA_DIR          where data and keys are kept (default .data)\n',
  );
  process.exit(0);
}
ensureInstalled();
mkdirSync('.tsbuild', { recursive: true });

const KEEP_ASSETS_MS = 30 * 86_400_000;

/** Put a new build in place without taking away what open pages still load: hashed assets stay for 30 days, the pages come last. */
function publish(from, to) {
  mkdirSync(join(to, 'assets'), { recursive: true });
  const last = new Set(['dashboard.html', 'push.html', 'index.html', 'sw.js']);
  const names = readdirSync(from).sort((a, b) => Number(last.has(a)) - Number(last.has(b)));
  for (const name of names) cpSync(join(from, name), join(to, name), { recursive: true });
  const now = new Date();
  const fresh = new Set(readdirSync(join(from, 'assets')));
  for (const name of readdirSync(join(to, 'assets'))) {
    const path = join(to, 'assets', name);
    if (fresh.has(name)) utimesSync(path, now, now);
    else if (Date.now() - statSync(path).mtimeMs > KEEP_ASSETS_MS) rmSync(path);
  }
}

const children = [];
function run(args, env = {}) {
  // The channel tells the child when this process is gone, however it went.
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: { ...process.env, ...env } });
  children.push(child);
  child.on('exit', (code, signal) => {
    for (const other of children) if (other !== child) other.kill('SIGINT');
    process.exitCode = code ?? (signal ? 130 : 1);
  });
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
  });
}

if (process.argv.includes('--watch')) {
  run(['--import', 'tsx', '--watch', 'sync-server/main.ts'], { EG_CLIENT_DIR: existsSync('dist/client') ? 'dist/client' : 'client' });
  run(['node_modules/vite/bin/vite.js'], (process.env.EG_PRESET || 'demo') === 'demo' ? { VITE_EG_TRIAL: '1' } : {});
} else {
  const { build } = await import('./build.mjs');
  try {
    const isTrial = (process.env.EG_PRESET || 'demo') === 'demo';
    const built = build(isTrial ? { VITE_EG_TRIAL: '1' } : {});
    publish(built.client, 'dist/client');
    cpSync(built.server, 'dist/server', { recursive: true });
    built.remove();
  } catch (cause) {
    console.error(cause instanceof Error ? cause.message : cause);
    process.exit(1);
  }
  run(['--enable-source-maps', 'dist/server/main.js', 'local'], { NODE_ENV: 'production' });
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Build client and server, each into a fresh folder below .tsbuild; exits 1 with the output if one fails. @returns the folder and what removes it */
export function build(env = {}) {
  const folder = mkdtempSync(join(process.cwd(), '.tsbuild', 'build-'));
  const at = (name) => join(folder, name);
  const all = {
    ...process.env,
    NODE_ENV: 'production',
    VITE_EG_BUILD: String(Date.now()),
    ...env,
    EG_BUILD_DIR: at('client'),
    EG_SERVER_BUILD_DIR: at('server'),
  };
  for (const args of [
    ['build', '--logLevel', 'warn'],
    ['build', '-c', 'vite.server.config.ts', '--logLevel', 'warn'],
  ]) {
    const done = spawnSync(process.execPath, ['node_modules/vite/bin/vite.js', ...args], { env: all, encoding: 'utf8' });
    if (done.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`the build failed:\n${done.stdout}${done.stderr}`);
    }
  }
  return { client: at('client'), server: at('server'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

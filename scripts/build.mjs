import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Build client and server, each into a fresh folder below .tsbuild; throws with the output if one fails.
 * With `alsoTrial` a second client, built for a trial. @returns the folders and what removes them
 */
export function build(env = {}, alsoTrial = false) {
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
  const client = ['build', '--logLevel', 'warn'];
  const trial = { ...all, VITE_EG_TRIAL: '1', EG_BUILD_DIR: at('trial') };
  for (const [args, withEnv] of [
    [client, all],
    [['build', '-c', 'vite.server.config.ts', '--logLevel', 'warn'], all],
    ...(alsoTrial ? [[client, trial]] : []),
  ]) {
    const done = spawnSync(process.execPath, ['node_modules/vite/bin/vite.js', ...args], { env: withEnv, encoding: 'utf8' });
    if (done.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`the build failed:\n${done.stdout}${done.stderr}`);
    }
  }
  return { client: at('client'), trial: at('trial'), server: at('server'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// All of `npm test`, with 500 kills of the browser in place of 30, and every write site under every fault.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { status } = spawnSync(process.execPath, ['scripts/test.mjs'], {
  stdio: 'inherit',
  env: { ...process.env, EG_KILLS: '500', EG_NIGHTLY: '1' },
});
process.exit(status ?? 1);

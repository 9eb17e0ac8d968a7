import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// All of `npm test`, with 500 kills of the browser in place of 30, every write site under every fault, axe whole in the dark too, and the
// learner's whole way in English, at 200 % and in the pseudo-locales en-XA and ar-XB.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { status } = spawnSync(process.execPath, ['scripts/test.mjs'], {
  stdio: 'inherit',
  env: { ...process.env, EG_KILLS: '500', EG_NIGHTLY: '1' },
});
process.exit(status ?? 1);

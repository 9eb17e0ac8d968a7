import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

// Run one TypeScript file of commands/ or bench/, relative paths being the caller's.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
const [file, ...args] = process.argv.slice(2);
const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', file, ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 130 : 1)));

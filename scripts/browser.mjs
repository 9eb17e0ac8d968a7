import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const SYSTEM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const run = (command, args, timeout = 600_000) =>
  spawnSync(command, args, { stdio: 'inherit', timeout, shell: process.platform === 'win32' }).status === 0;

async function found() {
  const { chromium } = await import('@playwright/test');
  return [process.env.CHROMIUM_PATH, chromium.executablePath(), ...SYSTEM].find((path) => path && existsSync(path));
}

/** Path of a Chromium, installed if need be. @throws Error naming what to do */
export async function ensureBrowser() {
  const there = await found();
  if (there) return there;
  run('npx', ['--no-install', 'playwright', 'install', 'chromium'], 120_000);
  if (!(await found()) && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium']);
  }
  const installed = await found();
  if (!installed) throw new Error('No Chromium: run "npx playwright install chromium", or set CHROMIUM_PATH to one.');
  return installed;
}

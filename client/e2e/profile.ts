import { execFileSync } from 'node:child_process';
import { type BrowserContext, chromium, expect } from '@playwright/test';
import { launchOptions } from '../../playwright.config.ts';

/** SIGKILL to every process of the browser that has this profile. */
export function killBrowser(profile: string): void {
  const pids = execFileSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(`--user-data-dir=${profile}`) && !line.includes('--type='))
    .map((line) => Number.parseInt(line, 10));
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** A browser with a profile that outlives it. */
export const openProfile = (profile: string): Promise<BrowserContext> =>
  chromium.launchPersistentContext(profile, {
    ...launchOptions,
    baseURL: process.env['EG_BASE_URL'] ?? '',
    locale: 'ko-KR',
    timezoneId: 'Asia/Seoul',
    viewport: { width: 360, height: 780 },
  });

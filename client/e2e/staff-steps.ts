import { type Browser, expect, type Page } from '@playwright/test';
import { watchFaults } from './steps.ts';

const DESKTOP = { locale: 'ko-KR', timezoneId: 'Asia/Seoul', viewport: { width: 1280, height: 800 } };

/** A page with a passkey device of its own. */
export async function staffPage(browser: Browser, address: string): Promise<{ readonly page: Page; readonly faults: string[] }> {
  const context = await browser.newContext(DESKTOP);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const faults = watchFaults(page);
  await page.goto(address);
  return { page, faults };
}

/** The first admin, by the set-up code; ten recovery codes are shown once. @returns the codes and the staff id */
export async function setUp(page: Page, code: string): Promise<{ readonly codes: readonly string[]; readonly id: string }> {
  await page.getByLabel('설정 코드').fill(code);
  await page.getByRole('button', { name: '패스키 만들기' }).click();
  await expect(page.getByRole('heading', { name: '복구 코드 열 개' })).toBeVisible();
  const codes = await page.locator('.codes li').allInnerTexts();
  const id = /ID: ([0-9a-f]{32})/.exec((await page.locator('main').innerText()) ?? '')?.[1] ?? '';
  expect(codes).toHaveLength(10);
  await page.getByRole('button', { name: '보관했어요' }).click();
  await expect(page.locator('.staff-bar').getByText('관리자')).toBeVisible();
  return { codes, id };
}

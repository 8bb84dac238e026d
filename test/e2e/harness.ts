/** What browser tests share: the API of the running server, one browser, and what every page must hold to. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import { asker } from '../support/ask.ts';

export const base = inject('base');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asks the shared server. */
export const get = asker(base);

export function launchBrowser(): Promise<Browser> {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath: found ?? chromium.executablePath(), args });
}

/** Width, height and theme of the four views every page is checked in. */
export type View = readonly [width: number, height: number, theme: 'dark' | 'light'];
const DESK: View = [1440, 900, 'dark'];
export const VIEWS: readonly View[] = [DESK, [1440, 900, 'light'], [390, 844, 'dark'], [390, 844, 'light']];

/** A page that keeps its console errors. Close its context when done. */
export async function openPage(
  browser: Browser,
  [width, height, colorScheme]: View = DESK,
): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors };
}

/** Waits until a parameter of the address is so: what is chosen is shown at once, and stands in the address soon after. */
export const expectQuery = (page: Page, name: string, wanted: RegExp) =>
  expect.poll(() => new URL(page.url()).searchParams.get(name) ?? '', { timeout: 20_000 }).toMatch(wanted);

/** No console error, nothing serious or critical for axe, no sideways scroll of the page itself. */
export async function expectSound(page: Page, errors: readonly string[]): Promise<void> {
  // For a moment after a page is opened by another one its title is still to come.
  await page.waitForFunction(() => document.title !== '');
  await page.evaluate(axe);
  const serious = await page.evaluate(async () => {
    const { axe: engine } = window as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await engine.run();
    return violations
      .filter((found) => found.impact === 'serious' || found.impact === 'critical')
      .map((found) => `${found.id}: ${found.nodes[0]?.html}`);
  });
  expect(serious).toEqual([]);
  expect(errors).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
}

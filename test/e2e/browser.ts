/**
 * Pages in a real Chromium, for tests of the page: with axe in each, screenshots, and everything that the browser complains about as
 * a failure of the test.
 */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { WAIT_MS_MAX } from '../deadline.ts';
import { eventually } from '../eventually.ts';

const SCREENSHOTS = process.env['PODLOG_SCREENSHOTS'] ?? join(tmpdir(), 'podlog-screenshots');
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

export interface TestBrowser {
  /** @param url  of the server, and of the view */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Must be called before a server is closed that pages still ask. */
  closePages(): Promise<void>;
  /** Takes complaints that are expected out of those of this test, whenever they come. */
  expectComplaints(part: string): void;
}

/** Must be called once in a test file, at its top. */
export function testBrowser(): TestBrowser {
  let browser: Browser;
  const pages: Page[] = [];
  /** What browsers report on their consoles: violations of the policy of content among them. */
  const complaints: string[] = [];
  const expected: string[] = [];

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());
  const closePages = async (): Promise<void> => {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
  };
  afterEach(async () => {
    await closePages();
    const parts = expected.splice(0);
    expect(complaints.splice(0).filter((text) => !parts.some((part) => text.includes(part)))).toEqual([]);
  });

  return {
    async open(url, options = {}) {
      const context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        timezoneId: 'Europe/Berlin',
        colorScheme: 'light',
        ...options,
      });
      const page = await context.newPage();
      page.setDefaultTimeout(WAIT_MS_MAX);
      await page.addInitScript(axe.source);
      page.on('console', (message) => {
        // A refused token is an answer, which Chromium calls an error.
        if (message.type() === 'error' && !/\b40[13]\b/.test(message.text())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(String(error.stack)));
      pages.push(page);
      await page.goto(url);
      return page;
    },
    closePages,
    expectComplaints(part) {
      expected.push(part);
    },
  };
}

/** Takes a screenshot, and looks for what keeps people from using the page. */
export async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  };
  const found = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 2)
        .map(({ html, failureSummary }) => `${html} ${failureSummary}`)
        .join('\n')}`,
  );
  expect(found, `${name}: axe`).toEqual([]);
  const width = await page.evaluate<number>('Math.max(document.documentElement.scrollWidth, innerWidth)');
  expect(width, `${name}: nothing is wider than the window`).toBe(page.viewportSize()!.width);
}

/** The page's policy lets no text be code, so that its own functions of waiting cannot be used. */
export async function until(page: Page, condition: string): Promise<void> {
  await eventually(async () => expect(Boolean(await page.evaluate(condition)), condition).toBe(true));
}

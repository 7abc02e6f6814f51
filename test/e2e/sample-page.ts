/** The page of a server with the hour of the sample shop, whose clock stands still. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { type SampleServer, startSampleServer } from '../docs/sample-server.ts';
import { type TestBrowser, testBrowser } from './browser.ts';

export interface SamplePages {
  readonly browser: TestBrowser;
  readonly sample: SampleServer;
  /** @param url  of another server than the sample's */
  readonly open: (path: string, options?: BrowserContextOptions, url?: string) => Promise<Page>;
}

/** Must be called once in a test file, at its top. */
export function samplePages(): SamplePages {
  const browser = testBrowser();
  let sample: SampleServer;
  beforeAll(async () => {
    sample = await startSampleServer();
  });
  afterAll(async () => {
    await sample.server.close();
    await sample.removeFolder();
  });
  return {
    browser,
    get sample() {
      return sample;
    },
    open: (path, options, url = sample.server.url) => browser.open(url + path, options),
  };
}

export const countText = (page: Page) => page.locator('.summary-counts').first();
export const lines = (page: Page) => page.locator('.line:not(.table-head)');

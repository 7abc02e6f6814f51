/**
 * The screenshots of README, of the page as it is: `UPDATE_SCREENSHOTS=1` makes them anew. Their pixels differ from machine to machine with
 * its fonts, so otherwise only what they show is tested: that each is there, and is of the size and of the weight that README can bear.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { samplePages } from './sample-page.ts';

const FOLDER = 'docs/screenshots';
const BYTES_MAX = 250_000;
const SIZE = { width: 1200, height: 720 };

const pages = samplePages();

const SHOWN: readonly [name: string, path: () => string, ready: (page: Page) => Promise<void>][] = [
  [
    'explore',
    () => '/?since=1h&q=level:error',
    async (page) => {
      await page.locator('.line .time').first().click();
      await page.locator('.fields tr').first().waitFor();
      await page.locator('section[aria-label="Level"] .value-count').first().waitFor();
    },
  ],
  [
    'request',
    () => `/request/${pages.sample.requestId}`,
    async (page) => {
      await page.locator('.lane').first().waitFor();
    },
  ],
];

test.for(SHOWN)('%s', async ([name, path, ready]) => {
  // The first answer of a server that has just started takes longer than those that follow.
  await ready(await pages.open(path()));
  const page = await pages.open(path(), { viewport: SIZE });
  await ready(page);
  // No pointer over a line, and nothing that blinks.
  await page.mouse.move(0, 0);
  const shot = await page.screenshot({ caret: 'hide', animations: 'disabled' });
  const file = join(FOLDER, `${name}.png`);
  if (process.env['UPDATE_SCREENSHOTS'] !== undefined) {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(file, shot);
  }
  const committed = await readFile(file);
  expect(sizeOf(committed)).toEqual(SIZE);
  expect(committed.length).toBeLessThan(BYTES_MAX);
  // Much more or less than what is seen now is something else.
  expect(committed.length / shot.length).toBeGreaterThan(0.5);
  expect(committed.length / shot.length).toBeLessThan(2);
});

test('README shows each of them, and there are no others', async () => {
  const names = (await readdir(FOLDER)).toSorted();
  expect(names).toEqual(SHOWN.map(([name]) => `${name}.png`).toSorted());
  const readme = await readFile('README.md', 'utf8');
  for (const name of names) expect(readme).toContain(`(${FOLDER}/${name})`);
});

/** Of a PNG: its header has the size. */
function sizeOf(png: Buffer): { readonly width: number; readonly height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

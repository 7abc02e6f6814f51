/** Live in a real Chromium, over what happens to a server and to the files of a node meanwhile: each line is seen once. */
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startAgent } from '../../agent/agent.ts';
import { startQuietServer } from '../server/quiet-server.ts';
import { testBrowser } from './browser.ts';
import { ingest } from './ingest.ts';

const browser = testBrowser();
/** All lines of a test are in sight. */
const TALL = { viewport: { width: 1440, height: 2400 } };

const numbersIn = async (page: Page): Promise<readonly number[]> => {
  const texts = await page.locator('.line .line-text').allTextContents();
  return texts.map((text) => Number(/number (\d+);/.exec(text)?.[1]));
};
const numbers = (end: number): number[] => Array.from({ length: end }, (_, n) => n);

/** Search texts of the same lines; Loki's tail knows no cursors. */
const TEXTS = ['', '{app="count"} |= "number"'];
const livePath = (text: string): string => `/live?q=${encodeURIComponent(text)}`;

test.for(TEXTS)('Live of "%s" begins at its newest line, also while nothing new is written', async (text) => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-live-quiet-'));
  const server = await startQuietServer(folder);
  await ingest(server.url, 'app=count', Array.from({ length: 150 }, (_, i) => `number ${i};`).join('\n'));
  const page = await browser.open(server.url + livePath(text));
  await page.getByText('number 149;').waitFor();
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test.for(TEXTS)(
  'Live of "%s" goes on after a restart of the server, and neither loses nor doubles a line',
  async (text) => {
    const folder = await mkdtemp(join(tmpdir(), 'podlog-live-'));
    let server = await startQuietServer(folder);
    const listen = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
    const page = await browser.open(server.url + livePath(text), TALL);
    await page.getByText('Following').waitFor();
    const send = (from: number): Promise<void> =>
      ingest(server.url, 'app=count', Array.from({ length: 20 }, (_, i) => `number ${from + i};`).join('\n'));
    await send(0);
    await page.getByText('number 19;').waitFor();
    await server.close();
    await page.getByText('Reconnecting').waitFor();
    server = await startQuietServer(folder, { listen });
    await send(20);
    await page.getByText('number 39;').waitFor();
    await page.getByText('Reconnected, nothing missed').waitFor();
    await send(40);
    await page.getByText('number 59;').waitFor();
    expect(await numbersIn(page)).toEqual(numbers(60));
    browser.expectComplaints('net::ERR');
    await browser.closePages();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  },
);

test('Live of a query says what is wrong with it, and that a metric has no lines', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-live-wrong-'));
  const server = await startQuietServer(folder);
  browser.expectComplaints('400');
  const wrong = await browser.open(server.url + livePath('{app="count"} | json | status >'));
  await wrong.locator('.search-problem').waitFor();
  await wrong.locator('.is-wrong').waitFor();
  const metric = await browser.open(server.url + livePath('rate({app="count"}[1m])'));
  await metric.getByText('a metric has no lines to follow').waitFor();
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('Live follows a container over rotations of its file, and over its restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-live-rotated-'));
  const container = join(folder, 'pods', 'shop_api-1_uid-a', 'api');
  mkdirSync(container, { recursive: true });
  const file = (name: string): string => join(container, name);
  let written = 0;
  const write = (name: string, count: number): void => {
    for (let i = 0; i < count; i++) {
      const line = `${new Date().toISOString().replace('Z', '000000Z')} stdout F number ${written++};\n`;
      appendFileSync(file(name), line);
    }
  };
  write('0.log', 10);
  const server = await startQuietServer(join(folder, 'data'));
  const agent = await startAgent({
    podsDir: join(folder, 'pods'),
    serverUrl: server.url,
    node: 'node-1',
    log: pino({ level: 'silent' }),
    tickMs: 10,
    quietMs: 30,
  });
  const page = await browser.open(`${server.url}/live`, TALL);
  const seen = (): Promise<void> => page.getByText(`number ${written - 1};`).waitFor();
  await seen();

  // The kubelet renames the file; the runtime writes to the old one until it is told to open another.
  renameSync(file('0.log'), file('0.log.20261123-150000'));
  write('0.log.20261123-150000', 5);
  write('0.log', 10);
  await seen();

  // With the next rotation, the kubelet compresses what the one before has left.
  writeFileSync(file('0.log.20261123-150000.gz'), gzipSync(readFileSync(file('0.log.20261123-150000'))));
  rmSync(file('0.log.20261123-150000'));
  renameSync(file('0.log'), file('0.log.20261123-150100'));
  write('0.log', 10);
  await seen();

  write('0.log', 5);
  await seen();
  write('1.log', 10);
  await seen();
  expect(await numbersIn(page)).toEqual(numbers(written));
  await agent.stop();
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

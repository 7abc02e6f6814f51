/** Where one begins: an empty store, saved views, ready-made questions, a server that is busy, no network. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startQuietServer } from '../server/quiet-server.ts';
import { look, testBrowser } from './browser.ts';
import { lines } from './sample-page.ts';

const browser = testBrowser();

test('an empty store says what sends lines, and how to add one; then what was asked is found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-empty-'));
  const server = await startQuietServer(folder);
  const page = await browser.open(`${server.url}/`);
  await page.getByText('Nothing is stored yet. No agent has connected.').waitFor();
  await page.getByText(`${server.url}/ingest?app=hello`).waitFor();
  await look(page, 'empty-store');

  const send = (pod: string, request: string) =>
    fetch(`${server.url}/ingest?namespace=shop&pod=${pod}&container=${pod}`, {
      method: 'POST',
      body: JSON.stringify({ level: 'info', message: `from ${pod}`, request_id: request }),
    });
  for (const pod of ['api-0', 'worker-0']) expect((await send(pod, 'in-two-pods')).status).toBe(200);
  expect((await send('api-0', 'in-one-pod')).status).toBe(200);
  await page.getByRole('button', { name: 'Run' }).click();
  await lines(page).nth(2).waitFor();

  await page.keyboard.press('Control+k');
  await page.keyboard.type('several pods');
  await page.getByRole('option', { name: /^Requests in several pods/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'in-two-pods' }).waitFor();
  expect(await page.getByRole('link', { name: 'in-one-pod' }).count()).toBe(0);
  await look(page, 'several-pods');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('last lines');
  await page.getByRole('option', { name: /^Last lines/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('The last 20 lines of each of 2 containers').waitFor();
  expect(await lines(page).count()).toBe(3);
  await look(page, 'last-lines');

  // Only the lines fail, so the rest stays; the server says when to ask again.
  let isBusy = true;
  await page.route('**/logs?*', async (route) => {
    if (!isBusy) return route.continue();
    isBusy = false;
    await route.fulfill({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { error: { code: 'PODLOG_BUSY', message: 'too many queries are waiting' } },
    });
  });
  await page.getByRole('button', { name: 'Lines', exact: true }).click();
  await page.getByRole('button', { name: 'Run' }).click();
  await page.getByText('too many queries are waiting').waitFor();
  await lines(page).nth(2).waitFor();
  browser.expectComplaints('503');
  await page.context().setOffline(true);
  await page.getByText('No network. What is loaded stays usable.').waitFor();
  await look(page, 'offline');
  await page.context().setOffline(false);
  await page.getByText('No network. What is loaded stays usable.').waitFor({ state: 'detached' });
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** The view of the cluster in a real Chromium, of a server that follows one: deploys, ends of containers, warnings, agents, storage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { startQuietServer } from '../server/quiet-server.ts';
import { look, PHONE, testBrowser, until } from './browser.ts';
import { ingest } from './ingest.ts';
import { type ShopCluster, startShopCluster } from './shop-cluster.ts';

const browser = testBrowser();
let shop: ShopCluster;
beforeAll(async () => {
  shop = await startShopCluster();
});
afterAll(() => shop.close());

const open = (path: string, options: BrowserContextOptions = {}): Promise<Page> =>
  browser.open(shop.server.url + path, options);
const tile = (page: Page, name: string) => page.locator('.tiles li', { hasText: name });
const workload = (page: Page, name: string) => page.locator('.workloads-table > tbody > tr', { hasText: name }).first();

test('what went wrong is first, with agents, losses and disk above', async () => {
  const page = await open('/');
  await page.getByRole('navigation', { name: 'Views' }).first().getByRole('link', { name: 'Cluster' }).click();
  await page.locator('.strip-mark').first().waitFor();
  expect(new URL(page.url()).pathname).toBe('/cluster');
  expect(await page.title()).toBe('Cluster, podlog');
  expect(await page.getByText('3 nodes, 5 workloads, 8 pods · last hour').count()).toBe(1);
  const names = await page.locator('.workload-name b').allTextContents();
  expect(names.slice(0, 4)).toEqual(['worker', 'payments', 'api', 'trainer']);
  expect(await tile(page, 'Agents').textContent()).toContain('3 of 3');
  expect(await tile(page, 'Lost').textContent()).toContain('52 kB');
  expect(await tile(page, 'Restarts').textContent()).toContain('all out of memory');
  const strips = await page.locator('.strip').evaluateAll((all) => all.map((strip) => strip.ariaLabel));
  expect(strips.slice(0, 4)).toEqual([
    'worker: 3 times out of memory',
    'payments: 1 warning, 80 errors',
    'api: 1 deploy, 50 errors',
    'trainer: nothing happened',
  ]);
  // What they use, from the samples that the server keeps.
  await page.locator('.workloads-table .trend-line').first().waitFor();
  const uses = await page.locator('.workloads-table > tbody > tr > td:last-child').allTextContents();
  expect(uses.slice(0, 2)).toEqual(['244 of 256 MiB', expect.stringMatching(/^\d+(?:\.\d)? MiB$/)]);
  expect(await workload(page, 'worker').locator('.use-bar.is-full').count()).toBe(1);
  const node = page.locator('section[aria-label="Nodes and agents"] tbody tr', { hasText: 'worker-2' });
  expect(await node.locator('td').last().textContent()).toBe('7.2 of 8 GiB');
  await look(page, 'cluster');
});

test('a workload opens to its pods, also those that are gone, and to what happened', async () => {
  const page = await open('/cluster');
  await workload(page, 'api').getByRole('button').click();
  await until(page, `location.search === '?open=shop%2Fapi' || location.search === '?open=shop/api'`);
  const opened = page.locator('.one-workload');
  await opened.getByText('api-6b8f9c7d5-2mjqt').waitFor();
  await opened.getByText('api-77d5c9f8b-4hzkq').waitFor();
  await opened.getByRole('link', { name: 'api: image v1.41.0 → v1.42.0' }).waitFor();
  await opened.locator('tr', { hasText: 'api-6b8f9c7d5-2mjqt' }).getByText('gone').waitFor();
  await look(page, 'cluster-open');
  await opened.getByRole('link', { name: 'api-77d5c9f8b-4hzkq' }).click();
  await page
    .locator('.summary-counts')
    .getByText(/^108 lines$/)
    .waitFor();
  await page.goBack();
  await opened.getByRole('link', { name: 'api: image v1.41.0 → v1.42.0' }).click();
  await page.locator('.line', { hasText: 'v1.42.0' }).waitFor();
  await page.goBack();
  await page.goBack();
  await page.locator('.one-workload').waitFor({ state: 'detached' });
});

test('bytes of lines are counted for what is looked at: they take long', async () => {
  const page = await browser.open(`${shop.server.url}/`, { viewport: { width: 1440, height: 500 } });
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('line_bytes'))
      asked.push(new URL(request.url()).searchParams.getAll('label.pod').join());
  });
  await page.getByRole('navigation', { name: 'Views' }).first().getByRole('link', { name: 'Cluster' }).click();
  await page.locator('.strip-mark').first().waitFor();
  const intake = page.locator('section[aria-label="Intake by pod"]');
  await intake.waitFor({ state: 'attached' });
  expect(asked).toEqual([]);
  await workload(page, 'trainer').getByRole('button').click();
  const size = page.locator('.one-workload tbody tr', { hasText: 'trainer-6c5d8f7b9-zz4kd' }).locator('td').nth(3);
  await size.getByText(/^[\d.]+ kB$/).waitFor();
  expect(asked).toEqual(['trainer-6c5d8f7b9-zz4kd']);
  await intake.scrollIntoViewIfNeeded();
  await intake.locator('tbody tr').nth(7).waitFor();
  expect(asked.at(-1)).toBe('*');
});

test('one namespace', async () => {
  const page = await open('/cluster');
  await page.getByLabel('Namespace').selectOption('ml');
  await page.getByText('1 node, 1 workload, 1 pod').waitFor();
  await until(page, `location.search === '?namespace=ml'`);
  expect(await page.locator('.workload-name b').allTextContents()).toEqual(['trainer']);
});

test('a deploy and the bad ends of containers are lines on the axis of Explore, which lead to what was logged around them', async () => {
  const page = await open('/');
  const mark = page.locator('.change-labels a', { hasText: 'v1.41.0 → v1.42.0' });
  await mark.waitFor();
  expect(await page.locator('.change-lines span:not(.is-bad)').count()).toBe(1);
  expect(await page.locator('.change-lines .is-bad').count()).toBe(3);
  // Samples are among the lines for those who ask for them.
  expect(await page.locator('.line', { hasText: 'cpu' }).count()).toBe(0);
  await look(page, 'explore-deploy');
  const samples = await open('/?q=source:metrics');
  await samples.locator('.line', { hasText: 'cpu' }).first().waitFor();
  await mark.click();
  await page.locator('.line', { hasText: 'image v1.41.0 → v1.42.0' }).waitFor();
  // Lines of others are not about this deploy.
  const other = await open('/?q=container:payments');
  await other.locator('.line').first().waitFor();
  await until(other, `document.querySelector('.plot') !== null`);
  expect(await other.locator('.change-lines span').count()).toBe(0);
  const worker = await open('/?q=container:worker');
  await worker.locator('.change-labels a', { hasText: 'OOM' }).first().click();
  await worker.locator('.line', { hasText: 'OOMKilled' }).first().waitFor();
});

test('dark, and 390 pixels wide', async () => {
  const dark = await open('/cluster?open=shop/payments', { colorScheme: 'dark' });
  await dark.getByText('Unhealthy: Readiness probe failed').waitFor();
  await dark.locator('.strip-mark').first().waitFor();
  await look(dark, 'cluster-dark');
  const phone = await open('/cluster', PHONE);
  await phone.locator('.strip-mark').first().waitFor();
  await look(phone, 'cluster-phone');
  await workload(phone, 'worker').getByRole('button').tap();
  await phone.locator('.one-workload').waitFor();
  await look(phone, 'cluster-open-phone');
});

test('a server without pods says so; a token of a namespace sees its own, and nothing about the others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-cluster-page-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'shop', token: 'token-of-the-shop-team', scopes: ['read'], namespaces: ['shop'] },
    { name: 'all', token: 'token-of-the-administrator', scopes: ['read', 'ingest'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  const page = await browser.open(`${server.url}/cluster`);
  await page.getByLabel('Token').fill('token-of-the-administrator');
  await page.keyboard.press('Enter');
  await page.getByText('No pod has written a line in this range').waitFor();
  await page.getByText('No agent reports to this server').waitFor();
  await look(page, 'cluster-empty');
  for (const namespace of ['shop', 'bank']) {
    const response = await fetch(
      `${server.url}/ingest?namespace=${namespace}&pod=${namespace}-0&container=${namespace}`,
      {
        method: 'POST',
        body: 'a line',
        headers: { authorization: 'Bearer token-of-the-administrator' },
      },
    );
    expect(response.status).toBe(200);
  }
  const narrow = await browser.open(`${server.url}/cluster`);
  await narrow.getByLabel('Token').fill('token-of-the-shop-team');
  await narrow.keyboard.press('Enter');
  await narrow.locator('.workload-name').first().waitFor();
  expect(await narrow.locator('.workload-name b').allTextContents()).toEqual(['shop']);
  expect(await narrow.locator('main').textContent()).not.toMatch(/bank|Agents|Disk/);
  await look(narrow, 'cluster-narrow');
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('an administrator makes a backup, and a token for one namespace that works once it is in the tokens file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-cluster-admin-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const admin = "- { name: root, token: 'token-of-the-administrator', scopes: [admin] }\n";
  await writeFile(tokensFile, admin);
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  for (const namespace of ['shop', 'bank']) {
    await ingest(server.url, `namespace=${namespace}&pod=api-1`, `of ${namespace}`, 'token-of-the-administrator');
  }
  const page = await browser.open(`${server.url}/cluster`);
  await page.getByLabel('Token').fill('token-of-the-administrator');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Back up now' }).click();
  const backup = page.locator('.backups-table tbody tr');
  await backup.getByText('/snapshots/').waitFor();
  // The two, and what the audit log says about the sign-in.
  expect(Number(await backup.locator('td').first().textContent())).toBeGreaterThanOrEqual(2);
  await page.getByLabel('May see').selectOption('shop');
  await look(page, 'cluster-admin');
  // One click is too few to lose a backup.
  await page.getByRole('button', { name: /^Remove / }).click();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await backup.waitFor({ state: 'detached' });

  const entry = await page.getByLabel('Entry of the tokens file').textContent();
  await writeFile(tokensFile, `${admin}${entry}\n`);
  const [, token] = /token: '(\w+)'/.exec(entry!)!;
  const text = await eventually(async () => {
    const answer = await fetch(`${server.url}/logs?format=raw`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(200);
    return answer.text();
  });
  expect(text).toBe('of shop\n');
  const reader = await browser.open(`${server.url}/cluster`);
  await reader.getByLabel('Token').fill(token!);
  await reader.keyboard.press('Enter');
  await reader.locator('.workloads-table').waitFor();
  expect(await reader.getByRole('button', { name: 'Back up now' }).count()).toBe(0);
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

// Last, as it changes the cluster.
test('Live says why a container ended', async () => {
  const page = await open('/live');
  await page.getByText('Following').waitFor();
  shop.killWorker();
  await page.getByText('worker·9xhkl ended: exit code 137, OOMKilled, restart 3. Its lines stay.').waitFor();
  await look(page, 'live-ended');
});

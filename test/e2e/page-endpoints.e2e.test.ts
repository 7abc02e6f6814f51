/** The view of endpoints in a real Chromium: from the table to one endpoint, to its lines, and back. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SampleServer, startSampleServer } from '../docs/sample-server.ts';
import { look, PHONE, testBrowser, until } from './browser.ts';

const browser = testBrowser();
let sample: SampleServer;
beforeAll(async () => {
  sample = await startSampleServer();
  // A service that calls its fields by other names, and whose durations have units of their own.
  const edge = Array.from({ length: 40 }, (_, i) => {
    const time = new Date(Date.UTC(2026, 10, 23, 20, 5, i)).toISOString();
    const request = {
      'req.method': 'GET',
      'req.url': `/files/${1000 + i}?part=${i}`,
      'res.statusCode': i < 3 ? 500 : 200,
    };
    return JSON.stringify({
      time,
      ...request,
      took: i === 0 ? '1m2.5s' : i === 1 ? '850µs' : i === 2 ? '0' : `${20 + i}ms`,
      error: i < 3 ? 'disk full' : undefined,
    });
  });
  const response = await fetch(`${sample.server.url}/ingest?namespace=edge&container=files&pod=files-0`, {
    method: 'POST',
    body: edge.join('\n'),
  });
  expect(response.status).toBe(200);
});
afterAll(async () => {
  await sample.server.close();
  await sample.removeFolder();
});

const open = (path: string, options: BrowserContextOptions = {}): Promise<Page> =>
  browser.open(sample.server.url + path, options);
const rows = (page: Page) => page.locator('.endpoints-table tbody tr');
const names = (page: Page): Promise<string[]> => page.locator('.endpoint-name').allTextContents();

test('what hurts most is first, and another column sorts as well', async () => {
  const page = await open('/?since=2h');
  await page.getByRole('navigation', { name: 'Views' }).first().getByRole('link', { name: 'Endpoints' }).click();
  await rows(page).first().waitFor();
  expect(await page.title()).toBe('Endpoints, podlog');
  expect(new URL(page.url()).pathname).toBe('/endpoints');
  expect(await rows(page).count()).toBe(10);
  expect((await names(page))[0]).toBe('POST /api/checkout');
  await page.locator('.trend-line').first().waitFor();
  // 203 failed requests in two apps: docs/api.md counts them.
  const bad = await page
    .locator('.endpoints-table tbody tr', { hasText: '/api/checkout' })
    .locator('td.strong')
    .allTextContents();
  expect(bad.reduce((sum, text) => sum + Number(text), 0)).toBe(203);
  await look(page, 'endpoints');
  await page.getByRole('button', { name: 'Requests', exact: true }).click();
  await until(page, `location.search.includes('sort=requests')`);
  await page.locator('th[aria-sort]', { hasText: 'Requests' }).waitFor();
  await page.goBack();
  await page.locator('th[aria-sort]', { hasText: 'Bad requests' }).waitFor();
});

test('the table does not wait for which apps can be chosen', async () => {
  const page = await open('/?since=2h');
  let letGo = (): void => {};
  const isShown = new Promise<void>((resolve) => (letGo = resolve));
  await page.route(
    (url) => url.pathname === '/aggregate' && url.searchParams.getAll('by').join() === 'namespace,container',
    async (route) => {
      await isShown;
      await route.continue();
    },
  );
  await page.getByRole('navigation', { name: 'Views' }).first().getByRole('link', { name: 'Endpoints' }).click();
  await page.locator('.trend-line').first().waitFor();
  expect(await page.getByLabel('App').locator('option').count()).toBe(1);
  letGo();
  await page.getByLabel('App').locator('option', { hasText: 'shop/api' }).waitFor({ state: 'attached' });
});

test('a number leads to its lines, and Back returns', async () => {
  const page = await open('/endpoints?since=2h');
  const row = rows(page).filter({ hasText: 'shop/gateway' }).filter({ hasText: '/api/checkout' });
  const link = row.locator('td.strong a');
  const bad = await link.textContent();
  await link.click();
  await page.locator('.summary-counts').getByText(`${bad} lines`).waitFor();
  await page.goBack();
  await rows(page).first().waitFor();
});

test('one endpoint: latencies, slowest requests, why it failed; a cell of the heat map leads to its lines', async () => {
  const page = await open('/endpoints?since=2h');
  await rows(page)
    .filter({ hasText: 'shop/api' })
    .filter({ hasText: '/api/checkout' })
    .locator('.endpoint-name')
    .click();
  await page.getByRole('heading', { name: 'POST /api/checkout' }).waitFor();
  expect(await page.title()).toBe('POST /api/checkout, podlog');
  expect(new URL(page.url()).pathname).toBe('/endpoints/POST/%2Fapi%2Fcheckout');
  await page.locator('.heat-plot rect.heat-failed').first().waitFor();
  await page.getByRole('link', { name: 'payments: charge failed: deadline exceeded' }).waitFor();
  const slowest = page.locator('section[aria-label="Slowest requests"] tbody tr');
  await slowest.nth(9).waitFor();
  // A gateway and what is behind it log the same request.
  expect(new Set(await slowest.locator('a.mono:not(.not-phone a)').allTextContents()).size).toBe(10);
  await page.getByText('What sets bad requests apart').waitFor();
  await look(page, 'endpoint');
  const cell = (await page.locator('.heat-plot rect.heat-failed').first().boundingBox())!;
  await page.mouse.move(cell.x + cell.width / 2, cell.y + cell.height / 2);
  const requests = (await page.locator('.heat-tip em').first().textContent())!;
  await page.mouse.down();
  await page.mouse.up();
  await page
    .locator('.summary-counts')
    .getByText(new RegExp(`^${requests} lines?$`))
    .waitFor();
  expect(await page.locator('#search').inputValue()).toMatch(
    /^namespace:shop container:api method:POST path\.shape:\/api\/checkout latency_ms>=\d+ latency_ms<\d+$/,
  );
  await page.goBack();
  await page.locator('.heat-plot').waitFor();
  await page.getByRole('button', { name: 'Show as table' }).click();
  await page.getByRole('rowheader', { name: /^1\.25 s/ }).waitFor();
  await page.locator('.heat-plot').focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Enter');
  await until(page, `location.pathname === '/'`);
});

test('other services are read by their own fields, which can be chosen', async () => {
  const page = await open('/endpoints?since=2h');
  // They are not in this table: that is said, and leads to them.
  await page.getByText('Not here are lines that have their path in').getByRole('button', { name: 'req.url' }).click();
  await until(page, `location.search.includes('path=req.url')`);
  await page.getByText('GET /files/{id}').waitFor();
  await page.goBack();
  await rows(page).filter({ hasText: '/api/checkout' }).first().waitFor();
  await page.getByLabel('App').selectOption('edge/files');
  await until(page, `document.getElementById('search').value === 'namespace:edge container:files'`);
  await page.getByText('GET /files/{id}').waitFor();
  const cells = await rows(page).first().locator('td').allTextContents();
  expect(cells.slice(0, 4)).toEqual(['3', '7.5 %', expect.stringContaining('7.5 %'), '40']);
  expect(cells.at(-1)).toBe('38.1 s');
  await page.getByText('GET /files/{id}').click();
  await page.getByRole('link', { name: 'disk full' }).waitFor();
  await page.locator('section[aria-label="Slowest requests"]').getByText('1 min 03 s').waitFor();
  await page.locator('.heat-plot rect.heat-failed').first().waitFor();
  await page.getByRole('button', { name: 'Show as table' }).click();
  await page.getByRole('rowheader', { name: /^50 s – / }).waitFor();
  await page.getByRole('button', { name: /^Fields/ }).click();
  expect(await page.getByLabel('Duration').inputValue()).toBe('took');
  await look(page, 'endpoint-fields');
  await page.getByLabel('Status').fill('status');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await until(page, `location.search.includes('status=status')`);
  await page.getByRole('button', { name: 'Fields chosen' }).waitFor();
});

test('paths, messages and names of apps are text, whatever they hold', async () => {
  const hostile = `<img src=x onerror="document.title='taken'">`;
  const line = JSON.stringify({
    time: '2026-11-23T20:06:00Z',
    method: hostile,
    path: `/${hostile}/\u202Egnp.exe`,
    status: 500,
    latency_ms: 1e9,
    error: hostile,
  });
  const labels = new URLSearchParams({ namespace: hostile, container: hostile, pod: hostile });
  const sent = await fetch(`${sample.server.url}/ingest?${labels.toString()}`, { method: 'POST', body: line });
  expect(sent.status).toBe(200);
  const page = await open('/endpoints?since=2h');
  await rows(page).filter({ hasText: 'gnp.exe' }).locator('.endpoint-name').click();
  await page.locator('.heat-plot rect').first().waitFor();
  await page.getByRole('link', { name: hostile }).first().waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  expect(await page.title()).toContain('<img src=x');
  // A character that turns the text after it around is shown as a sign.
  expect(await page.locator('h1').textContent()).not.toContain('\u202E');
  await look(page, 'endpoint-hostile');
  await page.goto(`${sample.server.url}/cluster?since=2h`);
  const workload = page.locator('.workloads-table', { hasText: '<img src=x' });
  await workload.waitFor();
  expect(await page.locator('main img').count()).toBe(0);
  expect(await page.title()).toBe('Cluster, podlog');
});

test('a range without requests says what would be one', async () => {
  const page = await open('/endpoints?q=container:worker&since=2h');
  await page.getByText('No line in this range is about a request.').waitFor();
  await look(page, 'endpoints-none');
  await page.getByRole('button', { name: 'Without the search text' }).click();
  await rows(page).first().waitFor();
});

test('dark, and 390 pixels wide', async () => {
  const dark = await open('/endpoints?since=2h', { colorScheme: 'dark' });
  await dark.locator('.trend-line').first().waitFor();
  await look(dark, 'endpoints-dark');
  await dark.locator('.endpoint-name').first().click();
  await dark.locator('.heat-plot rect').first().waitFor();
  await look(dark, 'endpoint-dark');
  const phone = await open('/endpoints?since=2h', PHONE);
  await rows(phone).first().waitFor();
  await look(phone, 'endpoints-phone');
  await phone.locator('.endpoint-name').first().tap();
  await phone.locator('.heat-plot rect').first().waitFor();
  await look(phone, 'endpoint-phone');
});

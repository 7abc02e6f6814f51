/**
 * Questions of an operator, answered by clicks in the browser, without a word of query language. Each answer is compared with a count
 * over the lines. Ends of containers, agents, disk, retention, tokens and backups are in page-cluster, erasures in page-user, contexts
 * and downloads of lines in page and page-lines, ready-made questions in page-first.
 */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { NOW_MS } from '../docs/sample-server.ts';
import { look, PHONE, until } from './browser.ts';
import { ingest } from './ingest.ts';
import { countText, lines, samplePages } from './sample-page.ts';

const pages = samplePages();
const { open } = pages;
const MINUTE_MS = 60_000;
const STATUSES = [200, 404, 403, 500, 503];
const USERS = 300;

interface Written {
  readonly [name: string]: string | number;
}

/** Of a shop in Yemen: the same day as in UTC, so that it is clear which lines are of yesterday. */
const written: Written[] = [
  // Three minutes with 5xx, and quiet ones between them.
  ...[50, 30, 10].flatMap((minutesAgo) =>
    STATUSES.flatMap((status, n) =>
      Array.from({ length: n + 1 }, (_, i) => ({
        time: ago(minutesAgo, i),
        level: status >= 500 ? 'error' : 'info',
        method: 'GET',
        path: `/v2/items/${i}`,
        status,
        latency_ms: status === 503 ? 900 + i : 10 + i,
      })),
    ),
  ),
  // One user has most of the errors.
  ...Array.from({ length: USERS }, (_, i) => ({
    time: ago(20, i),
    level: 'error',
    user_id: `u-${i}`,
    message: 'refused',
  })),
  ...Array.from({ length: 40 }, (_, i) => ({ time: ago(21, i), level: 'error', user_id: 'u-77', message: 'refused' })),
  ...Array.from({ length: 9 }, (_, i) => ({
    time: ago(15, i),
    level: 'info',
    caller: `/app/${i < 6 ? 'internal' : 'web'}/${i}.go:7`,
  })),
  ...['Timeout', 'TIMEOUT', 'timeout'].map((word, i) => ({
    time: ago(12, i),
    level: 'warn',
    message: `upstream ${word}`,
  })),
  ...Array.from({ length: 5 }, (_, i) => ({
    time: ago(14, i),
    level: 'info',
    method: 'GET',
    path: '/healthz',
    status: 200,
  })),
  // Of yesterday in Berlin.
  ...Array.from({ length: 4 }, (_, i) => ({
    time: ago(24 * 60, i),
    level: 'info',
    method: 'POST',
    path: '/v2/orders',
    status: 201,
    latency_ms: 20 + i,
    user_id: '12345',
  })),
];
const of = (matches: (line: Written) => boolean, inHour = true): number =>
  written.filter((line) => matches(line) && (!inHour || Date.parse(String(line['time'])) > NOW_MS - 60 * MINUTE_MS))
    .length;

function ago(minutes: number, i: number): string {
  return new Date(NOW_MS - minutes * MINUTE_MS + i).toISOString();
}

beforeAll(async () => {
  const body = written.map((line) => JSON.stringify(line)).join('\n');
  await ingest(pages.sample.server.url, 'namespace=yemen&pod=web-0&container=web', body);
});

const facet = (page: Page, name: string) => page.locator(`section[aria-label="${name}"]`);
const value = (page: Page, name: string, text: string) => facet(page, name).locator('.value-row', { hasText: text });
const searchIs = (page: Page, text: string) =>
  until(page, `document.getElementById('search').value === ${JSON.stringify(text)}`);

/** Opens the hour of one namespace. */
async function openYemen(): Promise<Page> {
  const page = await open('/');
  await value(page, 'Namespace', 'yemen').click();
  await countText(page)
    .getByText(`${of(() => true)} lines`)
    .waitFor();
  return page;
}

async function addFacet(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'All fields…' }).click();
  const all = facet(page, 'All fields');
  const button = all.locator('.value-row', { hasText: name }).first();
  // It opens in sight.
  const { y } = (await all.boundingBox())!;
  expect(y).toBeLessThan(page.viewportSize()!.height - 100);
  await button.click();
}

test('everything of a user yesterday', async () => {
  const page = await open('/');
  await lines(page).first().waitFor();
  await page.locator('.line-ids a', { hasText: '12345' }).first().click();
  await page.getByRole('button', { name: 'Yesterday' }).click();
  await page.locator('.user-requests tbody tr').nth(3).waitFor();
  expect(await page.locator('.user-requests tbody tr').count()).toBe(of(({ user_id: id }) => id === '12345', false));
  await page.getByRole('link', { name: 'All lines of this user' }).click();
  await countText(page).getByText('4 lines').waitFor();
});

test('a user without requests has a way on, and on a phone a request is opened by its path', async () => {
  const page = await open('/user/u-77');
  pages.browser.expectComplaints('404');
  await page.getByText('No requests of this user in this range.').waitFor();
  await look(page, 'user-nothing');
  await page.getByRole('link', { name: 'Lines with this text' }).click();
  await countText(page).getByText('41 lines').waitFor();
  const phone = await open('/user/12345', PHONE);
  await phone.locator('.request-path a').first().tap();
  await phone.locator('.lane').first().waitFor();
  const unknown = await open('/request/no-such-request');
  await unknown.getByText('No line has this request id.').waitFor();
  await look(unknown, 'request-nothing');
});

test('5xx per minute, quiet minutes as zero', async () => {
  const page = await openYemen();
  await value(page, 'Status', '5xx').click();
  await searchIs(page, 'namespace:yemen status>=500');
  const all = of(({ status = 0 }) => Number(status) >= 500);
  await countText(page).getByText(`${all} lines`).waitFor();
  await page.locator('.as-table').focus();
  await page.keyboard.press('Enter');
  const counts = await page.locator('.bars-table tbody td:nth-child(2)').allTextContents();
  expect(counts.length).toBeGreaterThanOrEqual(60);
  expect(counts.filter((each) => each !== '0')).toEqual(['9', '9', '9']);
  // The same again takes it back.
  await value(page, 'Status', '5xx').click();
  await searchIs(page, 'namespace:yemen');
  await value(page, 'Status', '4xx').click();
  await countText(page)
    .getByText(`${of(({ status = 0 }) => Number(status) >= 400 && Number(status) < 500)} lines`)
    .waitFor();
});

test('top users by errors, and the values of any field with counts', async () => {
  const page = await openYemen();
  await value(page, 'Level', 'error').click();
  await addFacet(page, 'user_id');
  const rows = facet(page, 'user_id').locator('.value-row');
  await rows.nth(5).waitFor();
  expect((await rows.first().textContent())!.trim()).toBe('u-7741');
  await look(page, 'facet-of-many');
  await rows.first().click();
  await countText(page).getByText('41 lines').waitFor();
});

test('by caller prefix', async () => {
  const page = await openYemen();
  await addFacet(page, 'caller');
  await facet(page, 'caller').getByRole('button', { name: '2 more' }).click();
  await page.getByLabel('Search caller').fill('/App/internal/');
  await facet(page, 'caller').getByRole('button', { name: 'All with “/App/internal/”' }).click();
  await countText(page).getByText('6 lines').waitFor();
});

test('a word in any case', async () => {
  const page = await openYemen();
  await page.locator('#search').fill('namespace:yemen timeout');
  await page.keyboard.press('Enter');
  await countText(page).getByText('3 lines').waitFor();
});

test('slower than half a second', async () => {
  const page = await openYemen();
  const from = facet(page, 'latency_ms').getByLabel('latency_ms from');
  await from.focus();
  await page.keyboard.press('End');
  await countText(page)
    .getByText(`${of(({ latency_ms: ms = 0 }) => Number(ms) >= 500)} lines`)
    .waitFor();
});

test('error share by path, and the endpoint with the highest p99', async () => {
  const page = await openYemen();
  await page.getByRole('link', { name: 'Endpoints' }).first().click();
  const row = page.locator('.endpoints tbody tr', { hasText: '/v2/items/{id}' });
  await row.waitFor();
  const requests = of(({ path = '' }) => String(path).startsWith('/v2/items'));
  const failed = of(({ status = 0 }) => Number(status) >= 500);
  expect(await row.textContent()).toContain(`${((failed / requests) * 100).toFixed(1)} %`);
  await page.getByRole('columnheader', { name: 'p99' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'p99' }).and(page.locator('[aria-sort=descending]')).waitFor();
});

test('all of yesterday as CSV with columns', async () => {
  const page = await open('/');
  await lines(page).first().waitFor();
  await page.getByRole('button', { name: /^Last hour/ }).click();
  await page.getByRole('button', { name: 'Yesterday' }).click();
  await countText(page).getByText('4 lines').waitFor();
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  // The columns that these lines suggest are those which are wanted.
  await page.getByRole('columnheader', { name: 'latency_ms' }).waitFor();
  await page.getByRole('button', { name: 'Download' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV' }).click(),
  ]);
  const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
  expect(head).toBe('time,pod,level,method,path,status,latency_ms,message');
  expect(rows).toHaveLength(4);
});

// Last, as it writes lines.
test('live, of one namespace, without health checks', async () => {
  const page = await openYemen();
  await value(page, 'Path', '/healthz').click({ modifiers: ['Alt'] });
  await searchIs(page, 'namespace:yemen -path.shape:/healthz');
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await lines(page).first().waitFor();
  await ingest(
    pages.sample.server.url,
    'namespace=yemen&pod=web-0&container=web',
    [JSON.stringify({ path: '/healthz', message: 'not this one' }), JSON.stringify({ message: 'but this one' })].join(
      '\n',
    ),
  );
  await page.getByText('but this one').waitFor();
  expect(await page.getByText('not this one').count()).toBe(0);
});

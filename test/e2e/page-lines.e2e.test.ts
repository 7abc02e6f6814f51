/** Lines in the browser: as a table, in their context, in colours, and by keys. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { look, PHONE, until } from './browser.ts';
import { countText, lines, samplePages } from './sample-page.ts';

const pages = samplePages();
const { open } = pages;

test('the context of a line has room for the names of all pods, not only of its own', async () => {
  const page = await open('/?since=2h&q=level:fatal');
  await lines(page).first().locator('.time').click();
  await page.getByRole('button', { name: 'Context' }).click();
  await page.getByRole('button', { name: 'Everything' }).click();
  const pod = lines(page).filter({ hasText: 'payments·w4zvn' }).first().locator('.pod');
  await pod.waitFor();
  expect(await pod.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBeLessThanOrEqual(0);
});

describe('the table', () => {
  test('has the columns that its lines suggest; they can be added, moved and removed, and are in the address', async () => {
    const page = await open('/?since=2h&q=level:error');
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('columnheader', { name: 'latency_ms' }).waitFor();
    await until(page, `location.search === '?q=level:error&since=2h&view=table'`);
    await countText(page)
      .getByText(/^[\d,]+ lines$/)
      .waitFor();
    await page.locator('.facets-list .value-row').first().waitFor();
    await look(page, 'table');
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByLabel('Add a label or field').fill('error.k');
    await page.getByRole('button', { name: /^error\.kind/ }).waitFor();
    await look(page, 'columns');
    await page.getByRole('button', { name: /^error\.kind/ }).click();
    await page.getByRole('button', { name: 'error.kind further left' }).click();
    await page.getByRole('button', { name: 'Remove the column method' }).click();
    await page.keyboard.press('Escape');
    const columns = 'path,status,latency_ms,error.kind,message';
    const withShape = columns.replace('message', 'message,path.shape');
    await until(page, `new URLSearchParams(location.search).get('cols') === '${columns}'`);
    const row = page.locator('.line', { hasText: 'charge failed' }).first();
    expect(await row.locator('.cell').nth(3).textContent()).toBe('timeout');
    // Which endpoint a line is about: ids in its path are folded.
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByLabel('Add a label or field').fill('path');
    await page.getByRole('button', { name: /^path\.shape/ }).click();
    await page.keyboard.press('Escape');
    await until(page, `new URLSearchParams(location.search).get('cols') === '${withShape}'`);
    const product = lines(page)
      .filter({ hasText: /products\/\d/ })
      .first();
    expect(await product.locator('.cell').last().textContent()).toBe('/api/products/{id}');
    await page.reload();
    await page.getByRole('columnheader', { name: 'error.kind' }).waitFor();
    await lines(page).first().locator('.time').click();
    await page.locator('.fields').waitFor();
    await page.getByRole('button', { name: 'Column of user_id in the table' }).click();
    await page.getByRole('columnheader', { name: 'user_id' }).waitFor();
    await look(page, 'table-open');
  });

  test('is downloaded with its columns', async () => {
    const page = await open('/?since=2h&q=level:error+path:/api/checkout&view=table&cols=path,status,latency_ms');
    await countText(page).getByText('203 lines').waitFor();
    await page.getByRole('button', { name: 'Download' }).click();
    await page.getByText('203 lines, about').waitFor();
    await look(page, 'download');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    expect(head!.trim()).toBe('time,pod,level,path,status,latency_ms');
    expect(rows).toHaveLength(203);
    expect(rows[0]).toMatch(/^2026-11-23T[^,]*,gateway-7c9d5f6b4-k8x2p,error,\/api\/checkout,502,[\d.]+\s*$/);
  });

  test('on a phone, it scrolls by itself', async () => {
    const page = await open('/?since=2h&view=table', PHONE);
    await page.locator('.cell').first().waitFor();
    await look(page, 'table-phone');
  });
});

test('the context of a line is in its address, and Back returns to the place in the lines', async () => {
  const page = await open('/?since=2h&q=level:error');
  await countText(page).getByText('461 lines').waitFor();
  await page.locator('.lines').evaluate((list) => list.scrollTo(0, 1_500));
  const line = page.locator('.line', { hasText: 'charge failed' }).last();
  await line.locator('.time').click();
  await page.locator('.details').waitFor();
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/logs?')) asked.push(new URL(request.url()).search);
  });
  const scrolled = await page.locator('.answer .lines').evaluate((list) => list.scrollTop);
  await page.getByRole('button', { name: 'Context' }).click();
  await page.locator('.context .line.is-middle').waitFor();
  expect(asked).toEqual([expect.stringMatching(/^\?around=[^&]+&context=stream&before=25&after=25$/)]);
  expect(await page.locator('.context .line').count()).toBeGreaterThan(20);
  await page.getByRole('button', { name: 'Everything' }).click();
  await until(page, `location.search.endsWith('&context=all')`);
  await page.locator('.context .line:not(.is-error)').first().waitFor();
  const text = await page.locator('.context .line.is-middle .line-text').textContent();
  await page.reload();
  await page.locator('.context .line.is-middle').waitFor();
  expect(await page.locator('.context .line.is-middle .line-text').textContent()).toBe(text);
  await page.goBack();
  await page.locator('.context').waitFor({ state: 'detached' });
  await page.goForward();
  await page.locator('.context .line.is-middle').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.context').waitFor({ state: 'detached' });
  const other = await open('/?since=2h&q=level:error');
  await countText(other).getByText('461 lines').waitFor();
  await other.locator('.lines').evaluate((list, top) => list.scrollTo(0, top), scrolled);
  await other.locator('.line .time').last().click();
  await other.keyboard.press('c');
  await other.locator('.context .line.is-middle').waitFor();
  const before = await other.locator('.answer .lines').evaluate((list) => list.scrollTop);
  await other.keyboard.press('Escape');
  await other.locator('.context').waitFor({ state: 'detached' });
  expect(await other.locator('.answer .lines').evaluate((list) => list.scrollTop)).toBe(before);
  expect(await other.locator('.line.is-chosen').count()).toBe(1);
});

test('the colours that a program wrote are shown, and no other escape does anything', async () => {
  const body =
    '\u001b[31mred words\u001b[0m and \u001b[1;94mblue ones\u001b[0m\u001b[2Jnothing cleared\u001b]0;title\u0007';
  await fetch(`${pages.sample.server.url}/ingest?app=ansi`, { method: 'POST', body });
  const page = await open('/?q=app:ansi&since=');
  await page.getByText('red words').waitFor();
  expect(await page.locator('.ansi-1').textContent()).toBe('red words');
  expect(await page.locator('.ansi-12').textContent()).toBe('blue ones');
  expect(await page.locator('.line .line-text').textContent()).toBe('red words and blue onesnothing cleared');
  await look(page, 'ansi');
  await page.emulateMedia({ colorScheme: 'dark' });
  await look(page, 'ansi-dark');
});

test.for(['/', '/?view=table', '/?view=requests', '/endpoints', '/user/12345'])(
  'nothing of %s is wider than the window, however wide that is',
  async (path) => {
    const page = await open(path);
    await page.locator('.line, .table td').first().waitFor();
    for (const width of [1500, 1290, 1190, 1170, 1010, 990, 870, 850, 730, 710, 390, 360]) {
      await page.setViewportSize({ width, height: 900 });
      await until(page, `document.documentElement.scrollWidth <= ${width}`);
    }
  },
);

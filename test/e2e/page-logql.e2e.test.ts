/** LogQL in the page, in the browser: lines, series, colours, mistakes and completion. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { look, PHONE, until } from './browser.ts';
import { countText, lines, samplePages } from './sample-page.ts';

const pages = samplePages();
const { open } = pages;

const pathOf = (query: string, more = ''): string => `/?q=${encodeURIComponent(query)}&since=2h${more}`;

test('a query for lines shows them as any others, with bars that add up', async () => {
  const page = await open(pathOf('{container="payments"} |= "charge"'));
  await lines(page).first().waitFor();
  await look(page, 'logql-lines');
  const answer = await (
    await fetch(`${pages.sample.server.url}/logs?container=payments&q=charge&since=2h&limit=all`)
  ).text();
  const expected = answer.split('\n').length - 1;
  await countText(page)
    .getByText(`${expected.toLocaleString('en')} lines`)
    .waitFor();
  await lines(page).first().click();
  await page.getByText('Copy line').waitFor();
  await look(page, 'logql-line-open');
  await page.getByRole('button', { name: 'Context' }).click();
  await page.locator('.line.is-middle').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('Copy line').waitFor();
  await page.getByRole('button', { name: 'Only lines with this provider' }).click();
  await until(
    page,
    `document.getElementById('search').value === '{container="payments"} |= "charge" | podlog | provider="acme-pay"'`,
  );
  await lines(page).first().waitFor();
  await page.goBack();
  await until(page, `document.getElementById('search').value === '{container="payments"} |= "charge"'`);
});

test('the next pages have each line once', async () => {
  const page = await open(pathOf('{container="payments"}', '&order=oldest'));
  const { url } = pages.sample.server;
  const answer = await (await fetch(`${url}/logs?container=payments&since=2h&limit=all&format=raw`)).text();
  const total = answer.trimEnd().split('\n').length;
  await countText(page)
    .getByText(`${total.toLocaleString('en')} lines`)
    .waitFor();
  const end = page.getByText(`${total.toLocaleString('en')} lines, all that match.`);
  await eventually(async () => {
    await page.evaluate(`document.querySelector('.lines').scrollTo(0, 1e9)`);
    expect(await end.count()).toBe(1);
  });
});

test('words of a range are those of the zone, and keys zoom into a plot', async () => {
  const page = await open(`/?q=${encodeURIComponent('sum(rate({namespace="shop"}[1m]))')}&since=today`);
  await page.locator('.metric-plot path.series').waitFor();
  await page.locator('.metric-plot .plot').focus();
  for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Enter']) await page.keyboard.press(key);
  await until(page, `new URLSearchParams(location.search).get('until') !== null`);
  await page.goBack();
  await until(page, `new URLSearchParams(location.search).get('since') === 'today'`);
});

test('a metric is a plot with a legend and a table, which the address has', async () => {
  const page = await open(pathOf('sum by (container) (rate({namespace="shop"}[5m]))'));
  await page.locator('.metric-plot path.series').first().waitFor();
  await look(page, 'logql-plot');
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await page.getByRole('columnheader', { name: 'container' }).waitFor();
  await look(page, 'logql-table');
  expect(new URL(page.url()).searchParams.get('view')).toBe('table');
  await page.getByRole('columnheader', { name: 'Max' }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'Max' }).and(page.locator('[aria-sort=descending]')).waitFor();
  await page.goBack();
  await page.goBack();
  await page.locator('.metric-plot').waitFor();
});

test('a mistake is underlined where it is', async () => {
  const page = await open('/?since=2h');
  await page.locator('#search').fill('{container="api"} | json | status >');
  pages.browser.expectComplaints('400');
  await page.locator('#search').press('Enter');
  await page.locator('.search-problem').waitFor();
  await page.locator('.is-wrong').waitFor();
  await look(page, 'logql-mistake');
  pages.browser.expectComplaints('400');
});

test('names, values, fields, stages and functions are offered, and Tab takes them', async () => {
  const page = await open('/?since=2h');
  const field = page.locator('#search');
  const offered = (text: string) => page.getByRole('option').filter({ hasText: text }).first();
  const take = async (text: string): Promise<void> => {
    await offered(text).waitFor();
    await page.keyboard.press('Tab');
  };
  await field.pressSequentially('{contai');
  await take('container');
  await field.pressSequentially('pay');
  await take('payments');
  await field.pressSequentially('} | jso');
  await take('json');
  await field.pressSequentially(' | amou');
  await offered('amount')
    .getByText(/float|int/)
    .waitFor();
  await look(page, 'logql-completion');
  await page.keyboard.press('Tab');
  await field.pressSequentially(' > 100');
  await until(page, `document.getElementById('search').value === '{container="payments"} | json | amount > 100'`);
  await page.keyboard.press('Enter');
  await lines(page).first().waitFor();
  await field.fill('');
  await field.pressSequentially('sum by (container) (ra');
  await take('rate');
  await until(page, `document.getElementById('search').value === 'sum by (container) (rate('`);
});

test('Explain shows what the store decides, which stages are left, and what was read', async () => {
  const page = await open(pathOf('{container="payments"} |= "charge" | json | amount > 100', '&view=explain'));
  await page.getByRole('cell', { name: 'label.container:payments' }).waitFor();
  await page.getByText('| amount>100', { exact: true }).waitFor();
  await page.getByText('Row groups read').waitFor();
  await look(page, 'logql-explain');
  await page.getByRole('button', { name: 'Lines', exact: true }).click();
  await lines(page).first().waitFor();
  await page.goBack();
  await page.getByText('What was read').waitFor();
});

test('Explain says why a query failed where no place in it is wrong', async () => {
  const page = await open(pathOf('sum by (status) (rate({container="gateway"} | json [1m]))', '&view=explain'));
  await page
    .getByRole('alert')
    .getByText(/JSONParserErr/)
    .waitFor();
  pages.browser.expectComplaints('400');
});

test('a metric that fails is shown as one', async () => {
  const page = await open(pathOf('sum by (status) (rate({container="gateway"} | json [1m]))'));
  await page
    .getByRole('alert')
    .getByText(/JSONParserErr/)
    .waitFor();
  const tabs = page.getByRole('group', { name: 'Shown as' }).getByRole('button');
  expect(await tabs.allTextContents()).toEqual(['Plot', 'Table', 'Explain']);
  await look(page, 'logql-plot-failed');
  pages.browser.expectComplaints('400');
});

test('where there are no series, there is a way on', async () => {
  const page = await open(pathOf('rate({container="nothing"}[1m])'));
  await page.getByText(/^No series from/).waitFor();
  await look(page, 'logql-no-series');
  await page.locator('.offers').getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('cell', { name: 'label.container:nothing' }).waitFor();
});

test('everything that a query finds is downloaded, page by page', async () => {
  const page = await open(pathOf('{namespace="shop"} | json | __error__=""', '&view=table&cols=path,status'));
  const total = Number((await countText(page).locator('b').textContent())!.replaceAll(',', ''));
  // More than a page, and more than the server gives at once.
  expect(total).toBeGreaterThan(5_000);
  const saved = async (format: string): Promise<string[]> => {
    await page.getByRole('button', { name: 'Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: format }).click(),
    ]);
    await page.keyboard.press('Escape');
    return (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
  };
  const [head, ...rows] = await saved('CSV');
  expect(head).toBe('time,pod,level,path,status');
  expect(rows).toHaveLength(total);
  expect(rows.find((row) => row.includes('/api/checkout'))).toMatch(
    /^2026-11-23T[^,]*,[a-z]+-[^,]*,[a-z]+,\/api\/checkout,\d+$/,
  );
  await page.getByRole('button', { name: 'Download' }).click();
  await page.getByRole('checkbox').uncheck();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Lines', exact: true }).click();
  const all = await saved('NDJSON');
  const times = all.map((line) => (JSON.parse(line) as { time: string }).time);
  expect(times).toHaveLength(total);
  expect(times).toEqual(times.toSorted().toReversed());
});

test('a phone and the dark', async () => {
  const page = await open(pathOf('sum by (detected_level) (count_over_time({namespace="shop"}[1m]))'), {
    ...PHONE,
    colorScheme: 'dark',
  });
  await page.locator('.metric-plot path.series').first().waitFor();
  await look(page, 'logql-plot-phone-dark');
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByText('What was read').waitFor();
  await look(page, 'logql-explain-phone-dark');
});

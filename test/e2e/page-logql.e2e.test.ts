/** LogQL in the page, in the browser: lines, series, colours, mistakes and completion. */
import { expect, test } from 'vitest';
import { look } from './browser.ts';
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
});

test('a metric is a plot with a legend and a table, which the address has', async () => {
  const page = await open(pathOf('sum by (container) (rate({namespace="shop"}[5m]))'));
  await page.locator('.metric-plot path.series').first().waitFor();
  await look(page, 'logql-plot');
  await page.getByRole('button', { name: 'Table', exact: true }).click();
  await page.getByRole('columnheader', { name: 'container' }).waitFor();
  await look(page, 'logql-table');
  expect(new URL(page.url()).searchParams.get('view')).toBe('table');
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

/** The values beside the lines in the browser: numbers as ranges, and values that are looked for. */
import { expect, test } from 'vitest';
import { look, until } from './browser.ts';
import { countText, samplePages } from './sample-page.ts';

const pages = samplePages();
const { open } = pages;

test('a number is a range with two handles, which keys move', async () => {
  const page = await open('/?since=2h&q=level:error');
  const section = page.locator('section[aria-label="latency_ms"]');
  await section.getByText('332').waitFor();
  await look(page, 'number-facet');
  await section.getByLabel('latency_ms from').focus();
  await page.keyboard.press('ArrowRight');
  await until(page, `document.getElementById('search').value === 'level:error latency_ms>=1600'`);
  await countText(page).getByText('95 lines').waitFor();
  await section.getByText('95').waitFor();
  await page.goBack();
  await countText(page).getByText('461 lines').waitFor();
  expect(await section.getByLabel('latency_ms from').inputValue()).toBe('0');
});

test('values of a name with many are looked for on the server, whatever their case', async () => {
  const page = await open('/?since=2h');
  await page.getByRole('button', { name: 'All fields…' }).click();
  await page.getByLabel('Name of a field').fill('request_id');
  await page.getByRole('button', { name: /^request_id/ }).click();
  await page.getByLabel('Search request_id').fill(pages.sample.requestId.slice(0, 8).toUpperCase());
  await page.locator('section[aria-label="request_id"] .value-row').click();
  await until(page, `document.getElementById('search').value === 'request_id:${pages.sample.requestId}'`);
  await look(page, 'facet-search');
  await page.getByRole('button', { name: 'Close request_id' }).click();
});

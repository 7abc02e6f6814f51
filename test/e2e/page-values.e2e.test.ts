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
  const found = page.locator('section[aria-label="request_id"] .value-row');
  // Those with most lines, before anything is typed.
  await found.nth(19).waitFor();
  await page.getByLabel('Search request_id').fill(pages.sample.requestId.slice(0, 8).toUpperCase());
  await found.filter({ hasText: pages.sample.requestId }).click();
  await until(page, `document.getElementById('search').value === 'request_id:${pages.sample.requestId}'`);
  await look(page, 'facet-search');
  await page.getByRole('button', { name: 'Close request_id' }).click();
});

test('a part of the histogram is compared with what was before it, and a double click goes back at once', async () => {
  const page = await open('/?since=2h&q=container:payments');
  await countText(page).getByText('1,207 lines').waitFor();
  const { x, y, width } = (await page.locator('.plot').boundingBox())!;
  const drag = async (from: number, to: number): Promise<void> => {
    await page.mouse.move(x + width * from, y + 30);
    await page.mouse.down();
    await page.mouse.move(x + width * to, y + 30, { steps: 4 });
    await page.mouse.up();
  };
  await drag(0.7, 0.8);
  await page.getByRole('button', { name: 'What sets these apart' }).waitFor();
  await look(page, 'brushed');
  await page.getByRole('button', { name: 'What sets these apart' }).click();
  await page
    .locator('.differences-head')
    .getByText(/ and [\d,]+ lines/)
    .waitFor();
  const than = new URL(page.url()).searchParams.get('than')!.split('/');
  expect(than[1]).toBe(new URL(page.url()).searchParams.get('since'));
  await page.getByRole('button', { name: /^New since/ }).click();
  await page.locator('.differences-head').getByRole('button', { name: 'Only what is new', pressed: true }).waitFor();
  await look(page, 'new-since');
  await page.getByRole('button', { name: /^Back to/ }).click();
  await countText(page).getByText('1,207 lines').waitFor();
  const steps = await page.evaluate<number>('history.length');
  await page.locator('.plot').dblclick({ position: { x: width * 0.75, y: 30 } });
  await until(page, `location.search.includes('only=new')`);
  expect(await page.evaluate<number>('history.length')).toBe(steps);
});

test('a name that no line has is underlined before it is asked for', async () => {
  const page = await open('/?since=2h');
  await countText(page).getByText('15,666 lines').waitFor();
  await page.locator('#search').pressSequentially('namspace:shop level:error path.shape:/api/cart ');
  await page.locator('.is-unknown').waitFor();
  expect(await page.locator('.is-unknown').allTextContents()).toEqual(['namspace:']);
});

test('pods are counted that have lines of the answer, not all that are beside it', async () => {
  const page = await open('/?since=2h&q=container:api,gateway');
  await countText(page).getByText('2 pods').waitFor();
  await page.locator('section[aria-label="App"] .value-row', { hasText: 'gateway' }).click();
  await page.locator('section[aria-label="App"] .value-row.is-none', { hasText: 'gateway' }).waitFor();
  await countText(page).getByText('7,120 lines').waitFor();
  expect(await countText(page).getByText('pods').count()).toBe(0);
  await page.locator('section[aria-label="App"] .value-row', { hasText: 'api' }).click({ modifiers: ['Alt'] });
  await countText(page).getByText('4 pods').waitFor();
});

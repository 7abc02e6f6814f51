/** The page by keys: marks, ranges, the palette; and the panel that chooses a range. */
import { expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { look, PHONE, until } from './browser.ts';
import { countText, lines, samplePages } from './sample-page.ts';

const pages = samplePages();
const { open } = pages;

test('keys mark a line, change how its time is shown, and go through time', async () => {
  const page = await open('/?since=30m');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await lines(page).first().waitFor();
  await page.locator('.calm-max').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('m');
  await page.locator('.line.is-chosen.is-marked').waitFor();
  await page.keyboard.press('t');
  await page
    .getByText(/^2026-11-23 21:11:1\d\.\d{3}$/)
    .first()
    .waitFor();
  await look(page, 'time-date');
  await page.keyboard.press('t');
  await page.keyboard.press('t');
  await page
    .getByText(/^\+[\d.]+ (?:µs|ms|s)$/)
    .first()
    .waitFor();
  await page.keyboard.press('t');
  await page.keyboard.press('z');
  await page
    .getByText(/^20:11:1\d\.\d{3}$/)
    .first()
    .waitFor();
  expect(new URL(page.url()).search).toBe('?since=30m&tz=UTC');
  await page.keyboard.press('[');
  await until(page, `location.search.includes('until=2026-11-23T19:41:1')`);
  await until(page, `!document.querySelector('.progress.is-busy')`);
  await page.keyboard.press(']');
  await until(page, `location.search.includes('until=2026-11-23T20:11:1')`);
  await page.keyboard.press('Y');
  await page.getByText('Link copied; it goes with the time').waitFor();
  expect(await page.evaluate<string>('navigator.clipboard.readText()')).toContain('tz=UTC');
  await page.keyboard.press('x');
  await page.getByRole('dialog', { name: 'Download' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Download' }).waitFor({ state: 'detached' });
});

test('p shows what a container wrote before it was restarted, and says where it never was', async () => {
  const page = await open('/?since=2h&q=container:worker+restart:1');
  await lines(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('p');
  await until(page, `document.getElementById('search').value.endsWith('container:worker restart:0')`);
  await page.locator('.line.is-fatal').waitFor();
  await lines(page).first().locator('.time').click();
  await page.getByRole('button', { name: 'Previous run' }).click();
  await page.getByText('This is the first run of its container').waitFor();
});

test('the palette goes to a pod, a user, a request and a saved view, by keys alone', async () => {
  const page = await open('/?since=2h');
  await lines(page).first().waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: /^payments-5d7c8f9b6-w4zvn/ }).waitFor();
  await look(page, 'palette');
  await page.keyboard.type('w4z');
  await page.keyboard.press('Enter');
  await until(page, `document.getElementById('search').value === 'pod:payments-5d7c8f9b6-w4zvn'`);
  await countText(page).getByText('1,207 lines').waitFor();
  await page.locator('#search').focus();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('12345');
  expect(await page.getByRole('option').allTextContents()).toEqual(['12345User', '12345Request', '12345Search']);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'User 12345' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.insertText(pages.sample.requestId);
  await page.keyboard.press('Enter');
  await page.locator('.lane').first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog', { name: 'Go to' }).waitFor({ state: 'detached' });
  const phone = await open('/', PHONE);
  await phone.getByRole('button', { name: 'Go to' }).tap();
  await phone.getByRole('option').nth(5).waitFor();
  await look(phone, 'palette-phone');
});

test('a range is chosen by days, and around a line', async () => {
  const page = await open('/?since=2h');
  await lines(page).first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await page.getByRole('button', { name: 'Monday 23 November' }).waitFor();
  await look(page, 'calendar');
  expect(await page.getByRole('button', { name: 'Tuesday 24 November' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Friday 20 November' }).click();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.getByRole('button', { name: 'Monday 23 November' }).click();
  expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('2026-11-20');
  expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe('2026-11-24');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await until(page, `location.search === '?since=2026-11-20&until=2026-11-24'`);
  await countText(page).getByText('15,666 lines').waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('d');
  await page.getByRole('button', { name: '± 1 min' }).click();
  await until(page, `/^\\?since=2026-11-23T20:10:1[^&]*&until=2026-11-23T20:12:1/.test(location.search)`);
  await lines(page).first().waitFor();
  const phone = await open('/?since=yesterday&until=today', PHONE);
  await phone.getByRole('button', { name: /Yesterday/ }).tap();
  await phone.getByRole('button', { name: 'Monday 23 November' }).waitFor();
  await look(phone, 'calendar-phone');
});

test('lines are as high as the reader has chosen, which the browser keeps', async () => {
  const page = await open('/?since=2h');
  const height = async (): Promise<number> => (await page.locator('.line').nth(3).boundingBox())!.height;
  await page.locator('.line').nth(3).waitFor();
  expect(await height()).toBe(20);
  for (const [name, want] of [
    ['Large lines', 24],
    ['Compact lines', 18],
  ] as const) {
    await page.keyboard.press('Control+k');
    await page.getByRole('option', { name }).click();
    await eventually(async () => expect(await height()).toBe(want));
    await look(page, `lines-${want}`);
  }
  await page.reload();
  await page.locator('.line').nth(3).waitFor();
  expect(await height()).toBe(18);
});

/** The page in a real Chromium, against a real server with the sample shop: every view, by mouse and keys, light, dark and small. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { startQuietServer } from '../server/quiet-server.ts';
import { look, PHONE, until } from './browser.ts';
import { ingest } from './ingest.ts';
import { countText, lines, samplePages } from './sample-page.ts';

const pages = samplePages();
const { browser, open } = pages;

const search = async (page: Page, text: string): Promise<void> => {
  await page.locator('#search').fill(text);
  await page.keyboard.press('Enter');
};

describe('Explore', () => {
  test('shows the last hour: lines, bars and counts that agree', async () => {
    const page = await open('/?since=2h');
    await lines(page).first().waitFor();
    await countText(page).getByText('15,666 lines').waitFor();
    await page.locator('.facets-list .value-row').first().waitFor();
    const values = await page.locator('section[aria-label="Level"] .value-count').allTextContents();
    const sum = values.reduce((total, text) => total + Number(text.replace(',', '')), 0);
    expect(sum).toBe(15_666);
    expect(await lines(page).count()).toBeLessThan(80);
    await look(page, 'explore-light');
  });

  test('a search is run with Enter, is in the address, and Back undoes it', async () => {
    const page = await open('/?since=2h');
    await countText(page).getByText('15,666 lines').waitFor();
    await search(page, 'level:error charge');
    await countText(page).getByText('129 lines').waitFor();
    expect(new URL(page.url()).search).toBe('?q=level:error+charge&since=2h');
    expect(await page.title()).toBe('level:error charge, podlog');
    expect(await page.locator('.line mark').first().textContent()).toBe('charge');
    await page.goBack();
    await countText(page).getByText('15,666 lines').waitFor();
    await page.goForward();
    await countText(page).getByText('129 lines').waitFor();
    expect(await page.locator('#search').inputValue()).toBe('level:error charge');
  });

  test('dragging over the histogram zooms, and Back restores', async () => {
    const page = await open('/?since=2h');
    await countText(page).getByText('15,666 lines').waitFor();
    const { x, y, width } = (await page.locator('.plot').boundingBox())!;
    await page.mouse.move(x + width * 0.5, y + 30);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.7, y + 30, { steps: 4 });
    await page.mouse.up();
    await until(
      page,
      `/since=2026-11-23T19:/.test(location.search) && !document.querySelector('.summary-counts').textContent.includes('15,666')`,
    );
    await page.goBack();
    await countText(page).getByText('15,666 lines').waitFor();
    expect(new URL(page.url()).search).toBe('?since=2h');
  });

  test('a value is included by a click, excluded by an Alt-click, and keeps its own list', async () => {
    const page = await open('/?since=2h');
    const level = page.locator('section[aria-label="Level"]');
    await level.getByText('error').click();
    await countText(page).getByText('461 lines').waitFor();
    expect(await page.locator('#search').inputValue()).toBe('level:error');
    await level.getByText('debug').waitFor();
    await level.locator('.value-row', { hasText: 'error' }).click();
    await countText(page).getByText('15,666 lines').waitFor();
    await page
      .locator('section[aria-label="Namespace"] .value-row', { hasText: 'kube-system' })
      .click({ modifiers: ['Alt'] });
    await countText(page).getByText('15,484 lines').waitFor();
    expect(await page.locator('#search').inputValue()).toBe('-namespace:kube-system');
  });

  test('a line opens to its fields, of which each can be included', async () => {
    const page = await open('/?since=2h&q=charge+level:error');
    await page.locator('.line .time').first().click();
    const row = page.locator('.fields tr', { hasText: 'error.kind' });
    await row.getByText('timeout').waitFor();
    await row.getByText('129 lines').waitFor();
    await look(page, 'explore-open');
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.locator('.raw').waitFor();
    await page.getByRole('button', { name: 'Fields', exact: true }).click();
    await row.getByRole('button', { name: 'Only lines with this error.kind' }).click();
    await until(page, `document.getElementById('search').value === 'charge level:error error.kind:timeout'`);
    await countText(page).getByText('129 lines').waitFor();
  });

  test('pages follow each other on scrolling, each line once', async () => {
    const page = await open('/?since=2h&q=level:error');
    await countText(page).getByText('461 lines').waitFor();
    await until(
      page,
      `(() => { const list = document.querySelector('.lines'); list.scrollTop = list.scrollHeight; return document.querySelector('.list-end')?.textContent.includes('461 lines, all that match'); })()`,
    );
    expect(await page.locator('[role=treegrid]').getAttribute('aria-rowcount')).toBe('461');
  });

  test('keys choose, open and close lines, and find errors', async () => {
    const page = await open('/?since=2h');
    await lines(page).first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    expect(await page.locator('.line.is-chosen').getAttribute('aria-rowindex')).toBe('2');
    await page.keyboard.press('Enter');
    await page.locator('.details').waitFor();
    await page.keyboard.press('Enter');
    await page.locator('.details').waitFor({ state: 'detached' });
    await page.keyboard.press('e');
    await page.locator('.line.is-chosen.is-error').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('lev');
    await page.getByRole('option', { name: /^level:/ }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.locator('#search').inputValue()).toBe('level:');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'All keys' }).waitFor();
    await look(page, 'keys');
  });

  test('the context of a line has what the search left out', async () => {
    const page = await open('/?since=2h&q=charge+level:error');
    await page.locator('.line .time').first().click();
    await page.getByRole('button', { name: 'Context' }).click();
    await page.getByRole('button', { name: 'Everything' }).click();
    await until(
      page,
      `document.querySelectorAll('.line:not(.is-error)').length > 10 && document.querySelector('.line.is-middle')`,
    );
    await look(page, 'context');
    await page.keyboard.press('Escape');
    await countText(page).getByText('129 lines').waitFor();
  });

  test('a text that is selected can be searched for, and opens nothing', async () => {
    const page = await open('/?since=2h&q=level:error');
    await countText(page).getByText('461 lines').waitFor();
    await page
      .locator('.piece-message', { hasText: 'charge failed' })
      .first()
      .dblclick({ position: { x: 10, y: 8 } });
    await page.getByRole('toolbar', { name: 'Selected text' }).getByRole('button', { name: 'Only these' }).waitFor();
    expect(await page.locator('.details').count()).toBe(0);
    await look(page, 'selection');
    await page.getByRole('button', { name: 'Only these' }).click();
    await countText(page).getByText('129 lines').waitFor();
    expect(await page.locator('#search').inputValue()).toBe('level:error "charge"');
  });

  test('the link of a line opens the line', async () => {
    const page = await open('/?since=2h&q=level:error');
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.locator('.line .time').nth(7).click();
    const text = await page.locator('.line.is-open .line-text').textContent();
    await page.getByRole('button', { name: 'Copy link' }).last().click();
    await page.getByText('Link copied, with absolute times').waitFor();
    const link = new URL(await page.evaluate<string>('navigator.clipboard.readText()'));
    expect(link.searchParams.get('line')).not.toBeNull();
    const other = await open(link.pathname + link.search);
    await other.locator('.details').waitFor();
    expect(await other.locator('.line.is-open .line-text').textContent()).toBe(text);
  });

  test('nothing found says so, and offers what is found', async () => {
    const page = await open('/?since=2h&q=level:error+nosuchword');
    await page.getByText(/^No lines from/).waitFor();
    await page.getByRole('button', { name: 'Without nosuchword 461 lines' }).waitFor();
    // What is offered is not said in words, too.
    expect(await page.locator('.nothing-found p').count()).toBe(0);
    await look(page, 'nothing-found');
    await page.getByRole('button', { name: 'Without nosuchword 461 lines' }).click();
    await countText(page).getByText('461 lines').waitFor();
    // A name that no line has: said in words, and offered as one would type it.
    await page.goto(`${page.url().split('?')[0]}?since=2h&q=namspace:shop`);
    await page.getByText('No line in this range has "namspace".').waitFor();
    await page.getByRole('button', { name: /^namespace:shop [\d,]+ lines$/ }).click();
    await until(page, `document.getElementById('search').value === 'namespace:shop'`);
  });

  test('a search text that is wrong is marked where it is wrong', async () => {
    const page = await open('/?since=2h&q=level:error+status%3Emany');
    await page.locator('.search-problem').getByText('is not a number').waitFor();
    expect(await page.locator('.search-colors .is-wrong').textContent()).toBe('status>many');
    await page.getByText('The search text has a mistake').waitFor();
    await look(page, 'wrong-search');
    browser.expectComplaints('400');
  });

  test('patterns are kinds of lines, to be included', async () => {
    const page = await open('/?since=2h&view=patterns&q=level:error');
    await page.locator('.patterns tbody tr').first().waitFor();
    await look(page, 'patterns');
    await page
      .locator('tr', { hasText: 'charge failed' })
      .getByRole('button', { name: 'Only lines of this pattern' })
      .click();
    await countText(page).getByText('129 lines').waitFor();
  });

  test('differences say what sets errors apart, each a click to include', async () => {
    const page = await open('/?since=2h&q=level:error');
    await page.getByRole('button', { name: 'Differences' }).click();
    const row = page.locator('.patterns tr', { hasText: 'timeout' }).first();
    await row.waitFor();
    await page.getByText('1.25 s – 1.6 s').waitFor();
    await look(page, 'differences');
    await row.getByRole('button', { name: /^Only lines with this/ }).click();
    await countText(page).getByText('129 lines').waitFor();
    expect(await page.locator('#search').inputValue()).toBe('level:error error.kind:timeout');
  });

  test('differences are shown where their address is opened', async () => {
    const page = await open('/?q=level:error&view=differences');
    await page.locator('.difference-value').first().waitFor();
    expect(await page.locator('.failure').count()).toBe(0);
    // A value of several lines would lose their ends in the field of the search text.
    expect(await page.getByRole('button', { name: 'Only lines with this stack' }).isDisabled()).toBe(true);
  });

  test('a range is chosen by its words', async () => {
    const page = await open('/?since=2h');
    await page.getByRole('button', { name: /Last 2 hours/ }).click();
    await look(page, 'range');
    await page.getByRole('button', { name: 'Last 15 minutes' }).click();
    await until(page, `location.search === '?since=15m'`);
    await page.locator('.line').first().waitFor();
  });

  test('a search is saved under a name, opened again, and removed', async () => {
    const page = await open('/?since=2h&q=level:error');
    await page.getByRole('button', { name: 'Views' }).click();
    await page.getByLabel('Name of this search').fill('all errors');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByText('View “all errors” saved').waitFor();
    const other = await open('/?since=2h');
    await other.getByRole('button', { name: 'Views' }).click();
    await other
      .getByRole('dialog')
      .getByRole('link', { name: /all errors/ })
      .waitFor();
    await other.locator('section[aria-label="Saved views"]').getByRole('link', { name: 'all errors' }).waitFor();
    await look(other, 'views');
    await other
      .getByRole('dialog')
      .getByRole('link', { name: /all errors/ })
      .click();
    await countText(other).getByText('461 lines').waitFor();
    await other.getByRole('button', { name: 'Views' }).click();
    await other.getByRole('button', { name: 'Remove all errors' }).click();
    await other.getByText('No views are saved yet.').waitFor();
  });

  test('everything that matches is downloaded', async () => {
    const page = await open('/?since=2h&q=level:error');
    await countText(page).getByText('461 lines').waitFor();
    await page.getByRole('button', { name: 'Download' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Raw' }).click(),
    ]);
    const text = await readFile(await download.path(), 'utf8');
    expect(
      text
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('{')),
    ).toHaveLength(461);
  });

  test('dark', async () => {
    const page = await open('/?since=2h&q=level:error', { colorScheme: 'dark' });
    await countText(page).getByText('461 lines').waitFor();
    await page.locator('.line .time').first().click();
    await page.locator('.fields').waitFor();
    await look(page, 'explore-dark');
    await page.getByRole('button', { name: 'Light theme' }).click();
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('light');
  });

  test('390 pixels wide', async () => {
    const page = await open('/?since=2h', PHONE);
    await countText(page).getByText('15,666 lines').waitFor();
    await lines(page).first().waitFor();
    await look(page, 'explore-phone');
    await page.getByRole('button', { name: /Filters/ }).click();
    await page.locator('section[aria-label="Level"] .value-row', { hasText: 'error' }).tap();
    await page.getByRole('button', { name: /Show 461 lines/ }).waitFor();
    await look(page, 'filters-phone');
    await page.getByRole('button', { name: /Show 461 lines/ }).tap();
    await page.locator('.line .time').first().tap();
    await page.locator('.fields').waitFor();
    await look(page, 'open-phone');
  });
});

test('lines are text, whatever they hold', async () => {
  const hostile = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script> \u202Egnp.exe`;
  const body = JSON.stringify({ level: 'error', message: hostile, '<b>name</b>': hostile });
  await ingest(pages.sample.server.url, 'app=hostile', body);
  const page = await open('/?q=app:hostile&since=');
  await page.locator('.line .time').first().click();
  await page.locator('.fields').waitFor();
  expect(await page.locator('.line .line-text').first().textContent()).toContain('<img src=x');
  expect(await page.locator('.line img, .details img, .details b').count()).toBe(0);
  expect(await page.title()).toBe('app:hostile, podlog');
  await look(page, 'hostile');
});

test('Live follows, pauses on scrolling up, and says how many are new', async () => {
  const page = await open('/live?q=container:gateway+or+app:live');
  await lines(page).first().waitFor();
  await page.getByText('Following').waitFor();
  const send = (from: number, to: number): Promise<void> =>
    ingest(
      pages.sample.server.url,
      'app=live',
      Array.from({ length: to - from }, (_, i) => `line number ${from + i}`).join('\n'),
    );
  await send(0, 50);
  await page.getByText('line number 49', { exact: true }).waitFor();
  await page.locator('.lines').hover();
  await page.mouse.wheel(0, -2_000);
  await page.getByText('Paused; lines still arrive').waitFor();
  const at = await page.locator('.lines').evaluate((list) => list.scrollTop);
  await send(50, 87);
  await page.getByRole('button', { name: '37 new ↓' }).waitFor();
  expect(await page.locator('.lines').evaluate((list) => list.scrollTop)).toBe(at);
  await page.getByRole('img', { name: /^Lines a second/ }).waitFor();
  await look(page, 'live');
  await page.getByRole('button', { name: '37 new ↓' }).click();
  await page.getByText('line number 86', { exact: true }).waitFor();
  await page.getByText('Following').waitFor();
  await page.keyboard.press('k');
  await page.getByText('Paused; lines still arrive').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await until(page, `location.pathname === '/'`);
});

test('a request is on one time axis, with its slowest step', async () => {
  const page = await open('/?since=2h&q=path:/api/checkout+status:502');
  await page.locator('.line .time').first().click();
  await page.getByRole('link', { name: /^Request/ }).click();
  await page.getByRole('heading', { name: /POST \/api\/checkout failed with 502/ }).waitFor();
  expect(await page.locator('.lane').count()).toBeGreaterThanOrEqual(3);
  await page.getByText('Slowest step').waitFor();
  expect(await page.title()).toBe('POST /api/checkout 502, podlog');
  await look(page, 'request');
  await page.emulateMedia({ colorScheme: 'dark' });
  await look(page, 'request-dark');
  await page.getByText(/^[\d,]+ requests?$/).waitFor();
  await page.getByRole('button', { name: 'Even' }).click();
  expect(await page.locator('.lane-bar, .lane-gap').count()).toBe(0);
  const text = await page.locator('.request-line .line-text').nth(1).textContent();
  await page.locator('.to-context').nth(1).click();
  await page.locator('.context .line.is-middle').waitFor();
  expect(await page.locator('.context .line.is-middle .line-text').textContent()).toContain(text!.slice(0, 20));
  await page.getByRole('button', { name: 'This container' }).click();
  await until(page, `location.search.endsWith('&context=stream')`);
  await page.locator('.context .line.is-middle').waitFor();
  await page.goBack();
  await page.locator('.lane').first().waitFor();
  await page.goBack();
  await lines(page).first().waitFor();
  const phone = await open(`/request/${pages.sample.requestId}`, PHONE);
  await phone.locator('.lane').first().waitFor();
  await look(phone, 'request-phone');
});

test('older lines that come in while the list is on its way to the middle one leave that in sight', async () => {
  const page = await open('/');
  // Slow frames: the list takes several to come to rest, in which older lines arrive.
  await page.addInitScript(`{
    const nextFrame = requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) => setTimeout(() => nextFrame(callback), 200);
  }`);
  await page.goto(`${pages.sample.server.url}/request/${pages.sample.requestId}`);
  // Slow frames are slow for those who wait for a link to be at rest, too.
  await page.locator('.to-context').nth(1).click({ force: true });
  await until(page, `document.querySelector('.context .lines')?.scrollTop > 100`);
  await page.getByRole('button', { name: 'This container' }).click();
  // The last line of its container: fewer lines than were in sight, so the list is at its start, where older ones are asked for.
  await page.locator('.lines[aria-rowcount="126"]').waitFor();
  const isInSight = await page.evaluate(`(async () => {
    for (let i = 0; i < 8; i++) await new Promise((next) => requestAnimationFrame(next));
    const { top, bottom } = document.querySelector('.context .lines').getBoundingClientRect();
    const middle = document.querySelector('.context .line.is-middle')?.getBoundingClientRect();
    return middle !== undefined && middle.top >= top && middle.bottom <= bottom;
  })()`);
  expect(isInSight).toBe(true);
});

test('a user has requests, which lead to their lines', async () => {
  const page = await open('/user/12345');
  await page.getByRole('heading', { name: 'User 12345' }).waitFor();
  await page.locator('.user-requests tbody tr').first().waitFor();
  await look(page, 'user');
  await page.locator('.user-requests a').first().click();
  await page.locator('.lane').first().waitFor();
  const phone = await open('/user/12345', PHONE);
  await phone.locator('.user-requests tbody tr').first().waitFor();
  await look(phone, 'user-phone');
});

test('older requests of a user are asked for once, however often one clicks', async () => {
  const page = await open('/user/12345?since=1h');
  await page.getByRole('button', { name: 'Older requests' }).waitFor();
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/users/')) asked.push(request.url());
  });
  await page.getByRole('button', { name: 'Older requests' }).dblclick();
  await page.locator('.user-requests tbody tr').nth(200).waitFor();
  expect(asked).toHaveLength(1);
});

test('with tokens, nothing is shown before one is given, and a token of a namespace sees no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-login-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'shop', token: 'token-of-the-shop-team', scopes: ['read'], namespaces: ['shop'] },
    { name: 'bank', token: 'token-of-the-bank-team', scopes: ['read'], namespaces: ['bank'] },
    { name: 'sender', token: 'token-of-the-sender-1', scopes: ['ingest'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  for (const namespace of ['shop', 'bank']) {
    await ingest(server.url, `namespace=${namespace}`, `line of the ${namespace}`, 'token-of-the-sender-1');
  }
  const page = await open('/?since=2h&q=line', {}, server.url);
  await page.getByLabel('Token').fill('not-a-token-of-anyone');
  await page.keyboard.press('Enter');
  await page.getByText('This token is not known').waitFor();
  await look(page, 'login');
  await page.getByLabel('Token').fill('no-tokén →');
  await page.keyboard.press('Enter');
  await page.getByText('no spaces; copy the whole token').waitFor();
  await page.getByLabel('Token').fill('token-of-the-sender-1');
  await page.keyboard.press('Enter');
  await page.getByText('sender lacks the scope read').waitFor();
  await page.getByLabel('Token').fill('token-of-the-shop-team');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await lines(page).first().waitFor();
  expect(await lines(page).allTextContents()).toEqual([expect.stringContaining('line of the shop')]);
  expect(page.url()).not.toContain('token');
  await page.reload();
  await lines(page).first().waitFor();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(await page.evaluate('document.cookie')).toBe('');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  await page.getByRole('button', { name: 'Raw' }).click();
  expect(await readFile(await (await saving).path(), 'utf8')).toBe('line of the shop\n');
  // A WebSocket has the session as well, and nothing of other namespaces.
  await page.goto(`${server.url}/live?q=${encodeURIComponent('{namespace=~".+"}')}`);
  await lines(page).first().waitFor();
  expect(await lines(page).allTextContents()).toEqual([expect.stringContaining('line of the shop')]);
  await page.goBack();
  await page.getByRole('button', { name: 'Sign out shop' }).click();
  await page.getByLabel('Token').waitFor();
  // Neither the token nor the cookie is where a script, or the next one at this computer, could read it.
  expect(await page.evaluate('sessionStorage.length + document.cookie.length')).toBe(0);
  expect(JSON.stringify(await page.context().storageState())).not.toContain('token-of');
  expect(await page.context().cookies()).toEqual([]);
  // The answers of the next token take a while, and nothing of the last one's is seen meanwhile.
  let answer = (): void => {};
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/logs?*', async (route) => {
    await mayAnswer;
    await route.continue();
  });
  await page.getByLabel('Token').fill('token-of-the-bank-team');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out bank' }).waitFor();
  expect(await page.locator('main').textContent()).not.toContain('shop');
  answer();
  await page.getByText('line of the bank').waitFor();
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

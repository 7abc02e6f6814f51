/** A user in the browser: erased with a preview and a proof, where the token may. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startQuietServer } from '../server/quiet-server.ts';
import { look, PHONE, testBrowser } from './browser.ts';

const browser = testBrowser();
const LINES = 30;

test('a user is erased with a preview, a typed consent and a proof; whoever may not erase is not offered it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-erase-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'admin', token: 'token-of-the-admin-1', scopes: ['admin', 'read', 'ingest'] },
    { name: 'reader', token: 'token-of-the-reader-1', scopes: ['read'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  const line = (id: number, i: number) =>
    JSON.stringify({ level: 'info', user_id: id, method: 'GET', path: `/a/${i}`, status: 200, latency_ms: i + 1 });
  const body = [
    ...Array.from({ length: LINES }, (_, i) => line(4711, i)),
    ...Array.from({ length: 5 }, (_, i) => line(4712, i)),
    'somebody wrote of 4711 here',
  ].join('\n');
  const response = await fetch(`${server.url}/ingest?namespace=shop`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${tokens[0]!.token}` },
  });
  expect(response.status).toBe(200);

  const signIn = async (token: string, path: string) => {
    const page = await browser.open(server.url + path);
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'User 4711' }).waitFor();
    return page;
  };
  const reader = await signIn(tokens[1]!.token, '/user/4711');
  await reader.locator('.user-requests tbody tr').first().waitFor();
  expect(await reader.getByRole('button', { name: /Erase/ }).count()).toBe(0);

  const page = await signIn(tokens[0]!.token, '/user/4711');
  await page.getByRole('button', { name: 'Erase this user’s lines…' }).click();
  await page.getByText(`This removes ${LINES} lines of user 4711`).waitFor();
  await page.locator('.erase-preview tr', { hasText: 'shop' }).getByText(String(LINES)).waitFor();
  await page.getByText('only mention 4711, and stay').waitFor();
  await look(page, 'erase-preview');
  const button = page.getByRole('button', { name: `Erase ${LINES} lines` });
  expect(await button.isDisabled()).toBe(true);
  await page.getByLabel('Type 4711 to go on').fill('4712');
  expect(await button.isDisabled()).toBe(true);
  await page.getByLabel('Type 4711 to go on').fill('4711');
  await button.click();
  await page.getByText('0 lines of user 4711 found.').waitFor();
  await look(page, 'erase-proof');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the proof' }).click(),
  ]);
  const proof = JSON.parse(await readFile(await download.path(), 'utf8')) as {
    readonly erasure: { readonly state: string; readonly rows: number };
    readonly found_after: number;
  };
  expect(proof).toMatchObject({ user: '4711', found_after: 0, erasure: { state: 'done', rows: LINES } });
  const ask = (search: string) =>
    fetch(`${server.url}/aggregate?search=${search}`, { headers: { authorization: `Bearer ${tokens[0]!.token}` } });
  expect(await (await ask('user_id:4712')).json()).toMatchObject({ groups: [{ rows: 5 }] });
  expect(await (await ask('4711')).json()).toMatchObject({ groups: [{ rows: 1 }] });
  await page.setViewportSize(PHONE.viewport);
  await look(page, 'erase-phone');
  await browser.closePages();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Signing in to the page with a real identity provider, in a real Chromium. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { CLIENT_ID, CLIENT_SECRET, startIdentityProvider } from '../server/auth/identity-provider.ts';
import { startQuietServer } from '../server/quiet-server.ts';
import { look, testBrowser } from './browser.ts';
import { ingest } from './ingest.ts';

const browser = testBrowser();

test('with an identity provider, a person signs in there, sees their namespaces alone, and signs out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-oidc-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = await startIdentityProvider(url);
  const [tokensFile, usersFile] = [join(folder, 'tokens.yaml'), join(folder, 'users.yaml')];
  await writeFile(tokensFile, JSON.stringify([{ name: 'sender', token: 'token-of-the-sender-1', scopes: ['ingest'] }]));
  const users = {
    grants: [{ groups: ['team-shop'], scopes: ['read'], namespaces: ['shop'] }],
    oidc: {
      issuer: provider.issuer,
      clientId: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      url,
      label: 'Example login',
      scope: 'openid email groups',
    },
  };
  await writeFile(usersFile, JSON.stringify(users));
  const listen = { host: '127.0.0.1', port };
  const server = await startQuietServer(join(folder, 'data'), { listen, access: { tokensFile, usersFile } });
  for (const namespace of ['shop', 'bank']) {
    await ingest(url, `namespace=${namespace}`, `line of the ${namespace}`, 'token-of-the-sender-1');
  }
  const page = await browser.open(`${url}/?since=2h&q=line`);
  await page.getByRole('link', { name: 'Sign in with Example login' }).waitFor();
  await look(page, 'login-oidc');
  const signInAs = async (login: string): Promise<void> => {
    await page.getByRole('link', { name: 'Sign in with Example login' }).click();
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('x');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
  };
  await signInAs('nobody');
  await page.getByText('nothing here is for you yet').waitFor();
  expect(new URL(page.url()).search).toBe('?since=2h&q=line');
  await look(page, 'login-no-grant');
  await page.context().clearCookies();
  await signInAs('anna');
  await page.locator('.line').first().waitFor();
  expect(new URL(page.url()).search).toBe('?since=2h&q=line');
  expect(await page.locator('.line').allTextContents()).toEqual([expect.stringContaining('line of the shop')]);
  await page.goto(`${url}/live`);
  await page.getByText('Following').waitFor();
  await ingest(url, 'namespace=shop', 'another line of the shop', 'token-of-the-sender-1');
  await page.getByText('another line of the shop').waitFor();
  await page.getByRole('button', { name: 'Sign out anna@example.com' }).click();
  await page.getByRole('link', { name: 'Sign in with Example login' }).waitFor();
  expect(await page.evaluate('document.cookie')).toBe('');
  await page.reload();
  await page.getByRole('link', { name: 'Sign in with Example login' }).waitFor();
  // The provider's page asks for a font and an icon.
  for (const part of ['net::ERR', '404']) browser.expectComplaints(part);
  await server.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

test('a page of another port or site does nothing with the cookie of a person who is signed in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-csrf-'));
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, JSON.stringify([{ name: 'root', token: 'token-of-the-admin-01', scopes: ['admin'] }]));
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  // As another port of podlog's own host, to which browsers send its cookies, and as another site.
  const evil = createServer((_request, response) => {
    const form = `<form method="post" action="${server.url}/snapshots?name=evil"><button>Win</button></form>`;
    response.setHeader('content-type', 'text/html');
    response.end(
      `<title>evil</title><img src="${server.url}/logs?limit=all"><link rel="stylesheet" href="${server.url}/logs?limit=all">${form}`,
    );
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  const evilPort = (evil.address() as AddressInfo).port;
  const page = await browser.open(server.url);
  await page.getByLabel('Token').fill('token-of-the-admin-01');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out root' }).waitFor();
  // What podlog's own page still asks ends with it.
  await page.goto('about:blank');
  const asked: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().startsWith(server.url)) asked.push(request.method());
  });
  for (const host of ['127.0.0.1', 'localhost']) {
    await page.goto(`http://${host}:${evilPort}/`, { waitUntil: 'networkidle' });
    await page.getByRole('button', { name: 'Win' }).click();
    await page.getByText(/PODLOG_(?:FORBIDDEN|UNAUTHENTICATED)/).waitFor();
  }
  expect(asked).toEqual(['GET', 'GET', 'POST', 'GET', 'GET', 'POST']);
  // Nothing was made, and nothing was exported.
  const headers = { authorization: 'Bearer token-of-the-admin-01' };
  expect(await (await fetch(`${server.url}/snapshots`, { headers })).json()).toEqual({ snapshots: [] });
  const audit = await (await fetch(`${server.url}/logs?source=audit`, { headers })).text();
  expect(audit.match(/\\"message\\":\\"[^\\]+/g)).toEqual(['\\"message\\":\\"signed in']);
  for (const part of ['net::ERR', '404', 'MIME']) browser.expectComplaints(part);
  evil.closeAllConnections();
  evil.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

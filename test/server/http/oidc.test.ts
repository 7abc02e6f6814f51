/** Signing in with a real identity provider, and the ways in which one might get in without. */
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { OIDC_SIGN_INS_AT_ONCE_MAX } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { eventually } from '../../eventually.ts';
import { freePort } from '../../free-port.ts';
import {
  Browser,
  CLIENT_ID,
  CLIENT_SECRET,
  type IdentityProvider,
  startIdentityProvider,
} from '../auth/identity-provider.ts';
import { newFolder } from '../engines/embedded/open-store.ts';
import { startQuietServer } from '../quiet-server.ts';

/** In an address that leads there, its slashes are escaped. */
const CALLBACK = /\/login\/oidc\/callback/;

let folder: string;
let url: string;
let provider: IdentityProvider;
let server: Server;
let said = '';

const usersOf = (issuer: string): string => `
grants:
  - { groups: [team-shop], scopes: [read], namespaces: [shop] }
  - { groups: [platform], scopes: [admin] }
oidc:
  issuer: ${issuer}
  clientId: ${CLIENT_ID}
  clientSecretFile: ${join(folder, 'secret')}
  url: ${url}
  label: Example login
  scope: openid email groups
`;

beforeEach(async () => {
  folder = await newFolder();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  provider = await startIdentityProvider(url);
  await writeFile(join(folder, 'secret'), `${CLIENT_SECRET}\n`);
  await writeFile(join(folder, 'users.yaml'), usersOf(provider.issuer));
  said = '';
  server = await startQuietServer(join(folder, 'data'), {
    listen: { host: '127.0.0.1', port },
    access: { usersFile: join(folder, 'users.yaml') },
    log: pino({ level: 'trace' }, { write: (line: string) => (said += line) }),
  });
});
afterEach(async () => {
  await server.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
  expect(said).not.toContain(CLIENT_SECRET);
});

async function sessionOf(browser: Browser): Promise<unknown> {
  const answer = await browser.ask(`${url}/session`);
  return answer.status === 200 ? answer.json() : answer.status;
}

/** Where the page is after a callback. */
async function after(browser: Browser, callback: string): Promise<string | null> {
  return (await browser.ask(callback)).headers.get('location');
}

test('a person signs in, has what the groups give, and signs out', async () => {
  const browser = new Browser();
  expect(await (await browser.ask(`${url}/login`)).json()).toEqual({ token: false, oidc: { label: 'Example login' } });
  expect(provider.asked).toEqual([]);
  const callback = await browser.signIn(`${url}/login/oidc?to=${encodeURIComponent('/live?q=level:error')}`, 'anna');
  const answer = await browser.ask(callback);
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/live?q=level:error']);
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^podlog-login-\d+=; .*SameSite=Lax; Max-Age=0$/),
    expect.stringMatching(/^podlog-\d+=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/),
  ]);
  expect(await sessionOf(browser)).toMatchObject({
    caller: 'user:anna@example.com',
    scopes: ['read'],
    namespaces: ['shop'],
  });
  const out = await browser.ask(`${url}/session`, { method: 'DELETE', headers: { origin: url } });
  expect(out.status).toBe(204);
  expect(await sessionOf(browser)).toBe(401);
});

test('a session ends when the grants change, and what it had written down stays', async () => {
  const browser = new Browser();
  await browser.ask(await browser.signIn(`${url}/login/oidc`, 'root'));
  expect(await sessionOf(browser)).toMatchObject({ scopes: ['admin'], namespaces: 'all' });
  const audit = await (await browser.ask(`${url}/logs?source=audit`)).text();
  expect(audit).toContain('\\"message\\":\\"signed in\\",\\"caller\\":\\"user:root@example.com\\"');
  await writeFile(join(folder, 'users.yaml'), usersOf(provider.issuer).replace('scopes: [admin]', 'scopes: [read]'));
  await eventually(async () => expect(await sessionOf(browser)).toBe(401));
});

test.for([
  ['nobody', 'a member of no group, has no grant'],
  ['many', 'a member of group-0, group-1'],
  ['unverified', 'is not verified'],
] as const)('%s has no grant', async ([login, reason]) => {
  const browser = new Browser();
  const callback = await browser.signIn(`${url}/login/oidc?to=/live`, login);
  expect(await after(browser, callback)).toBe('/live?login=no-grant');
  expect(await sessionOf(browser)).toBe(401);
  expect(said).toContain(reason);
});

test('a sign-in is finished once, by the browser that began it', async () => {
  const browser = new Browser();
  const callback = await browser.signIn(`${url}/login/oidc`, 'anna');
  // Someone else opens the address, without the cookie or with that of a sign-in of their own.
  const thief = new Browser();
  expect(await after(thief, callback)).toBe('/?login=expired');
  await thief.ask(`${url}/login/oidc`);
  expect(await after(thief, callback)).toBe('/?login=expired');
  const cookie = browser.cookiesOf(url);
  expect(await after(browser, callback)).toBe('/');
  expect(await sessionOf(browser)).toMatchObject({ caller: 'user:anna@example.com' });
  // The same again, with the cookie that the browser has been told to forget.
  const replayed = await fetch(callback, { headers: { cookie }, redirect: 'manual' });
  expect(replayed.headers.get('location')).toBe('/?login=expired');
  expect(replayed.headers.getSetCookie()).toEqual([]);
  expect(provider.asked.filter((path) => path === 'POST /token')).toHaveLength(1);
});

test('a code of another sign-in is refused by its verifier, a made-up one by the provider', async () => {
  const [victim, attacker] = [new Browser(), new Browser()];
  const stolen = new URL(await victim.signIn(`${url}/login/oidc`, 'root'));
  const own = new URL(await attacker.signIn(`${url}/login/oidc`, 'anna'));
  own.searchParams.set('code', stolen.searchParams.get('code')!);
  expect(await after(attacker, own.href)).toBe('/?login=failed');
  expect(await sessionOf(attacker)).toBe(401);
  const another = new Browser();
  const made = new URL(await another.signIn(`${url}/login/oidc`, 'anna'));
  made.searchParams.set('code', 'made-up');
  expect(await after(another, made.href)).toBe('/?login=failed');
  const issued = new Browser();
  const elsewhere = new URL(await issued.signIn(`${url}/login/oidc`, 'anna'));
  elsewhere.searchParams.set('iss', 'https://evil.example');
  expect(await after(issued, elsewhere.href)).toBe('/?login=failed');
});

test('who refuses at the provider is told so', async () => {
  const browser = new Browser();
  const page = await browser.follow(`${url}/login/oidc`, CALLBACK);
  const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!;
  const back = await browser.follow(`${new URL(action, page.url).href}/abort`, CALLBACK);
  expect(await after(browser, back.url)).toBe('/?login=denied');
});

test('it leads back to paths of this server alone', async () => {
  for (const to of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%0d%0aset-cookie:a=b',
    '/\t/evil.example',
    `/${'x'.repeat(2_000)}`,
    '/.//evil.example',
  ]) {
    const browser = new Browser();
    const callback = await browser.signIn(`${url}/login/oidc?to=${encodeURIComponent(to)}`, 'anna');
    const location = (await after(browser, callback))!;
    expect(new URL(location, url).origin, to).toBe(url);
    expect(location, to).not.toMatch(/^\/\//);
  }
});

test('a provider that is away, slow or endless takes neither the server nor the others with it', async () => {
  await provider.close();
  const browser = new Browser();
  expect(await after(browser, `${url}/login/oidc?to=/live`)).toBe('/live?login=failed');
  const held: (() => void)[] = [];
  const slow = createServer((_request, response) => void held.push(() => response.end('{}')));
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    slow.closeAllConnections();
    slow.close();
  });
  await writeFile(join(folder, 'users.yaml'), usersOf(`http://127.0.0.1:${(slow.address() as AddressInfo).port}`));
  await eventually(async () => {
    const loaded = said.split('\n').filter((line) => line.includes('users file loaded'));
    expect(loaded).toHaveLength(2);
  });
  // All wait for one answer.
  const waiting = Array.from({ length: OIDC_SIGN_INS_AT_ONCE_MAX }, () => after(new Browser(), `${url}/login/oidc`));
  await eventually(async () => expect(held).toHaveLength(1));
  expect(await after(new Browser(), `${url}/login/oidc`)).toBe('/?login=failed');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  for (const answer of held) answer();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['/?login=failed']));
  // A new one starts again.
  await writeFile(join(folder, 'users.yaml'), 'forwardAuth: { proxies: [127.0.0.1] }');
  await eventually(async () =>
    expect((await (await fetch(`${url}/login`)).json()) as object).toEqual({ token: false, oidc: null }),
  );
  provider = await startIdentityProvider(url);
});

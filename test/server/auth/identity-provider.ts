/** A real identity provider on this machine: whoever signs in is who they say, in the groups of this table. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { vi } from 'vitest';

export const CLIENT_ID = 'podlog';
export const CLIENT_SECRET = 'secret-of-the-client-1';

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  anna: ['team-shop'],
  root: ['platform'],
  many: Array.from({ length: 300 }, (_, n) => `group-${n}`),
};

export interface IdentityProvider {
  readonly issuer: string;
  /** Requests so far, as method and path. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param url  of podlog */
export async function startIdentityProvider(url: string): Promise<IdentityProvider> {
  // It warns of everything that is meant for tests.
  for (const name of ['warn', 'info'] as const) vi.spyOn(console, name).mockImplementation(() => {});
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [`${url}/login/oidc/callback`],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    scopes: ['openid', 'email', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({
        sub: accountId,
        email: `${accountId}@example.com`,
        email_verified: accountId !== 'unverified',
        groups: GROUPS[accountId] ?? [],
      }),
    }),
    pkce: { required: () => true },
    cookies: { keys: ['key of the cookies'] },
    features: { devInteractions: { enabled: true } },
  });
  const answer = provider.callback();
  const asked: string[] = [];
  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url!.split('?')[0]}`);
    void answer(request, response);
  });
  return {
    issuer,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** A browser without a window: it follows redirects, and keeps cookies by origin. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  cookiesOf(url: string): string {
    return [...(this.#jars.get(new URL(url).origin) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Asks, without following. */
  async ask(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string>), cookie: this.cookiesOf(url) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    const jar = this.#jars.get(new URL(url).origin) ?? new Map<string, string>();
    this.#jars.set(new URL(url).origin, jar);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Follows redirects until one leads to an address that matches, which is not asked, or to a page. */
  async follow(
    url: string,
    until: RegExp,
    init: RequestInit = {},
  ): Promise<{ readonly url: string; readonly text: string }> {
    let at = url;
    let response = await this.ask(at, init);
    for (let hops = 0; hops < 20; hops++) {
      const location = response.headers.get('location');
      if (location === null) return { url: at, text: await response.text() };
      at = new URL(location, at).href;
      if (until.test(at)) return { url: at, text: '' };
      response = await this.ask(at);
    }
    throw new Error('the redirects do not end');
  }

  /** Signs in at the provider's page, and agrees. Returns the address to which the browser is led back, which is not asked. */
  async signIn(url: string, login: string, callback = /\/login\/oidc\/callback/): Promise<string> {
    let page = await this.follow(url, callback);
    for (const form of [`prompt=login&login=${login}&password=x`, 'prompt=consent']) {
      if (callback.test(page.url)) break;
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`no form: ${page.text}`);
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      page = await this.follow(new URL(action, page.url).href, callback, { method: 'POST', headers, body: form });
    }
    return page.url;
  }
}

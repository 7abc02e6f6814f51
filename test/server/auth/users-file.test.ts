/** The users file: what it may hold, and errors that name the line and nothing secret. */
import { describe, expect, test } from 'vitest';
import { callerOfUser } from '../../../server/auth/grants.ts';
import { parseUsers } from '../../../server/auth/users-file.ts';

const PROXY = 'forwardAuth:\n  proxies: [10.42.3.0/24]\n';
const OIDC = 'oidc:\n  issuer: https://login.example.com\n  clientId: podlog\n  url: https://logs.example.com\n';

test('defaults', async () => {
  const { grants, forwardAuth, oidc } = await parseUsers(PROXY + OIDC, 'users.yaml');
  expect(grants).toEqual([]);
  expect(forwardAuth).toMatchObject({ userHeader: 'x-forwarded-user', groupsHeader: 'x-forwarded-groups' });
  expect(oidc).toMatchObject({ url: 'https://logs.example.com', label: 'login.example.com', userClaim: 'email' });
});

test.for([
  ['', 'must be a mapping'],
  ['grants: []', 'must have forwardAuth, oidc or both'],
  ['forwardAuth:\n  proxies: []', 'line 2: proxies must be a list of addresses'],
  ['forwardAuth:\n  proxies:\n    - 10.0.0.1\n    - 0.0.0.0/0', 'line 4: proxies must be a list of addresses'],
  ['forwardAuth:\n  proxies: ["::/0"]', 'line 2: proxies must be'],
  ['forwardAuth:\n  proxies: [traefik]', 'line 2: proxies must be'],
  ['forwardAuth:\n  proxies: [10.0.0.0/33]', 'line 2: proxies must be'],
  ['forwardAuth:\n  proxies: [10.0.0.1]\n  userHeader: "X User"', 'line 3: a header must be its name'],
  ['forwardAuth:\n  proxies: [10.0.0.1]\n  secret: s3cret', 'line 3: secret must be text of at least 16 characters'],
  [`${PROXY}grants:\n  - scopes: [read]`, 'line 4: a grant must have users, groups or both'],
  [
    `${PROXY}grants:\n  - groups: [a]\n    scopes: [agent]`,
    'line 5: scopes must be a list of some of read, metrics, admin',
  ],
  [
    `${PROXY}grants:\n  - groups: [a]\n    scopes: [admin]\n    namespaces: [shop]`,
    'line 6: namespaces go with the scope read alone',
  ],
  [
    `${PROXY}grants:\n  - groups: [a]\n    scopes: [read]\n    namespaces: ['*']`,
    'line 6: namespaces must be a list of names',
  ],
  [`${PROXY}grants:\n  - users: ['a,b']\n    scopes: [read]`, 'line 4: users must be a list of names'],
  [`${OIDC}  userclaim: sub`, 'line 5: userclaim is not known here; there are issuer'],
  [OIDC.replace('https://login', 'http://login'), 'line 2: issuer must be the https URL'],
  [OIDC.replace('logs.example.com', 'logs.example.com/podlog'), "line 4: url must be podlog's own address"],
  [
    `${OIDC}  clientSecret: s3cret\n  clientSecretFile: /x`,
    'line 1: oidc must have at most one of clientSecret and clientSecretFile',
  ],
  [`${OIDC}  clientSecret: [s3cret]`, 'line 5: must be text'],
] as const)('%j: %s', async ([text, want]) => {
  const failed = parseUsers(text, 'users.yaml');
  await expect(failed).rejects.toThrow(`users.yaml: ${want}`);
  await expect(failed).rejects.not.toThrow('s3cret');
});

describe('grants', async () => {
  const { grants } = await parseUsers(
    `${PROXY}grants:
  - { groups: [platform], scopes: [admin] }
  - { groups: [team-shop], users: [eve], scopes: [read], namespaces: [shop, cart] }
  - { groups: [team-bank], scopes: [read], namespaces: [bank] }
  - { groups: [prometheus], scopes: [metrics] }
  - { users: [all@example.com], scopes: [read] }
`,
    'users.yaml',
  );
  const { signal } = new AbortController();

  test.for([
    ['anna', ['platform'], [], ['admin'], 'all'],
    ['anna', ['team-shop'], [], ['read'], ['cart', 'shop']],
    ['anna', ['team-bank', 'team-shop'], [], ['read'], ['bank', 'cart', 'shop']],
    ['anna', ['team-shop', 'platform'], [], ['read', 'admin'], 'all'],
    ['eve', [], [], ['read'], ['cart', 'shop']],
    ['anna', [], ['jobs'], ['read'], ['jobs']],
    ['anna', ['team-bank'], ['jobs'], ['read'], ['bank', 'jobs']],
    ['anna', ['prometheus'], [], ['metrics'], 'all'],
    // Metrics are about all namespaces, and do not widen what is read.
    ['anna', ['prometheus', 'team-bank'], [], ['read', 'metrics'], ['bank']],
    ['all@example.com', ['team-bank'], [], ['read'], 'all'],
  ] as const)('%s in %j with %j: %j of %j', ([name, groups, namespaces, scopes, visible]) => {
    const caller = callerOfUser({ name, groups, namespaces }, grants, signal);
    expect(caller).toMatchObject({ name: `user:${name}`, scopes, visible, nodes: [] });
  });

  test.for([
    ['anna', []],
    ['anna', ['other']],
    ['platform', []],
    ['anna', ['eve', 'PLATFORM', 'team-shop ']],
  ] as const)('%s in %j has none', ([name, groups]) => {
    expect(callerOfUser({ name, groups, namespaces: [] }, grants, signal)).toBeUndefined();
  });
});

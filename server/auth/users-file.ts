/**
 * The users file, YAML: who says who a user is, and what users may.
 *
 *     grants:
 *       - groups: [platform]
 *         scopes: [admin]
 *       - groups: [team-shop]
 *         users: [anna@example.com]
 *         scopes: [read]
 *         namespaces: [shop, shop-staging]
 *     forwardAuth:                      # a proxy in front, such as Traefik's ForwardAuth
 *       proxies: [10.42.3.0/24]         # only from these addresses do its headers count
 *     oidc:                             # podlog's own sign-in with an identity provider
 *       issuer: https://login.example.com/realms/main
 *       clientId: podlog
 *       clientSecretFile: /etc/podlog/oidc-secret
 *       url: https://logs.example.com   # podlog's own address, as browsers have it
 *
 * No message about it repeats anything of it but names of keys: it may hold a secret.
 */
import { BlockList, isIP } from 'node:net';
import * as v from 'valibot';
import { GRANTS_MAX, PROXIES_MAX, USERS_FILE_BYTES_MAX } from '../limits.ts';
import { listOf, mapping } from '../yaml/schema.ts';
import { parseYamlFile } from '../yaml/yaml-file.ts';
import { type Grant, USER_SCOPES } from './grants.ts';
import { digestOf } from './static-tokens.ts';
import { NAMESPACE } from './tokens-file.ts';
import { USER_NAME } from './user-name.ts';

export interface ForwardAuth {
  readonly proxies: BlockList;
  /** In lower case, as all names of headers here. */
  readonly userHeader: string;
  readonly groupsHeader: string;
  /** Undefined: groups alone decide. */
  readonly namespacesHeader: string | undefined;
  /** sha256 of what the proxy sends as `podlog-proxy-secret`; undefined where its address is enough. */
  readonly secret: Buffer | undefined;
}

export interface OidcOptions {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientSecretFile: string | undefined;
  /** The address of podlog as browsers know it, without a slash at its end. */
  readonly url: string;
  /** Text of the button. */
  readonly label: string;
  readonly scope: string;
  readonly userClaim: string;
  readonly groupsClaim: string;
  readonly namespacesClaim: string | undefined;
}

export interface UsersConfig {
  readonly grants: readonly Grant[];
  readonly forwardAuth: ForwardAuth | undefined;
  readonly oidc: OidcOptions | undefined;
}

export const NO_USERS: UsersConfig = { grants: [], forwardAuth: undefined, oidc: undefined };

const WRONG = {
  users: 'users must be a list of names as the proxy or the identity provider has them, without spaces and commas',
  groups: 'groups must be a list of names of groups',
  scopes: `scopes must be a list of some of ${USER_SCOPES.join(', ')}`,
  namespaces: 'namespaces must be a list of names as Kubernetes has them, or be left out for all of them',
  proxies: 'proxies must be a list of addresses and ranges, such as 10.42.3.0/24, and not of all addresses',
  header: 'a header must be its name, such as X-Forwarded-User',
  secret: 'secret must be text of at least 16 characters: openssl rand -hex 24',
  issuer: 'issuer must be the https URL of the identity provider; http is allowed on this machine',
  url: "url must be podlog's own address, as browsers have it: https://logs.example.com, without a path",
  text: 'must be text that is not empty',
  clientSecret: 'must have at most one of clientSecret and clientSecretFile',
};

const TEXT = v.pipe(v.string(WRONG.text), v.nonEmpty(WRONG.text), v.maxLength(1024, WRONG.text));

function namesOf(wrong: string, pattern: RegExp) {
  return v.pipe(v.array(v.pipe(v.string(wrong), v.regex(pattern, wrong)), wrong), v.nonEmpty(wrong));
}

const GRANT = v.pipe(
  mapping(
    {
      users: v.exactOptional(namesOf(WRONG.users, USER_NAME)),
      groups: v.exactOptional(namesOf(WRONG.groups, /^[^,\p{Cc}]{1,256}$/u)),
      scopes: v.pipe(v.array(v.picklist(USER_SCOPES, WRONG.scopes), WRONG.scopes), v.nonEmpty(WRONG.scopes)),
      namespaces: v.exactOptional(namesOf(WRONG.namespaces, NAMESPACE)),
    },
    { what: 'a grant must have users, groups or both, and scopes' },
  ),
  v.check(
    ({ users, groups }) => users !== undefined || groups !== undefined,
    'a grant must have users, groups or both, and scopes',
  ),
  v.forward(
    v.check(
      ({ namespaces, scopes }) => namespaces === undefined || scopes.every((scope) => scope === 'read'),
      'namespaces go with the scope read alone; use another grant for the rest',
    ),
    ['namespaces'],
  ),
  v.transform(({ users = [], groups = [], scopes, namespaces }): Grant => ({
    users,
    groups,
    scopes,
    visible: namespaces === undefined ? 'all' : [...new Set(namespaces)],
  })),
);

const HEADER = v.pipe(
  v.string(WRONG.header),
  v.regex(/^[\w-]{1,64}$/, WRONG.header),
  v.transform((name) => name.toLowerCase()),
);

const FORWARD_AUTH = v.pipe(
  mapping(
    {
      proxies: v.pipe(
        listOf(v.pipe(v.string(WRONG.proxies), v.check(isRange, WRONG.proxies)), PROXIES_MAX, {
          what: WRONG.proxies,
          tooLong: (length) => `${length} proxies; up to ${PROXIES_MAX} are allowed`,
        }),
        v.nonEmpty(WRONG.proxies),
      ),
      userHeader: v.exactOptional(HEADER),
      groupsHeader: v.exactOptional(HEADER),
      namespacesHeader: v.exactOptional(HEADER),
      secret: v.exactOptional(v.pipe(v.string(WRONG.secret), v.minLength(16, WRONG.secret))),
    },
    { what: 'forwardAuth must be a mapping with proxies' },
  ),
  v.transform(({ proxies, userHeader, groupsHeader, namespacesHeader, secret }): ForwardAuth => ({
    proxies: blockListOf(proxies),
    userHeader: userHeader ?? 'x-forwarded-user',
    groupsHeader: groupsHeader ?? 'x-forwarded-groups',
    namespacesHeader,
    secret: secret === undefined ? undefined : digestOf(secret),
  })),
);

const OIDC = v.pipe(
  mapping(
    {
      issuer: v.pipe(v.string(WRONG.issuer), v.check(isIssuer, WRONG.issuer)),
      clientId: TEXT,
      clientSecret: v.exactOptional(TEXT),
      clientSecretFile: v.exactOptional(TEXT),
      url: v.pipe(v.string(WRONG.url), v.check(isOrigin, WRONG.url)),
      label: v.exactOptional(v.pipe(TEXT, v.maxLength(64, 'label must have at most 64 characters'))),
      scope: v.exactOptional(TEXT),
      userClaim: v.exactOptional(TEXT),
      groupsClaim: v.exactOptional(TEXT),
      namespacesClaim: v.exactOptional(TEXT),
    },
    { what: 'oidc must have issuer, clientId and url' },
  ),
  v.check(
    ({ clientSecret, clientSecretFile }) => clientSecret === undefined || clientSecretFile === undefined,
    `oidc ${WRONG.clientSecret}`,
  ),
  v.transform(({ issuer, clientId, clientSecret, clientSecretFile, url, label, scope, ...claims }): OidcOptions => ({
    issuer: new URL(issuer),
    clientId,
    clientSecret,
    clientSecretFile,
    url: new URL(url).origin,
    label: label ?? new URL(issuer).host,
    scope: scope ?? 'openid profile email',
    userClaim: claims.userClaim ?? 'email',
    groupsClaim: claims.groupsClaim ?? 'groups',
    namespacesClaim: claims.namespacesClaim,
  })),
);

const USERS = {
  bytesMax: USERS_FILE_BYTES_MAX,
  isSecret: true,
  schema: v.pipe(
    mapping(
      {
        grants: v.exactOptional(
          listOf(GRANT, GRANTS_MAX, {
            what: 'grants must be a list',
            tooLong: (length) => `${length} grants; up to ${GRANTS_MAX} are allowed`,
          }),
        ),
        forwardAuth: v.exactOptional(FORWARD_AUTH),
        oidc: v.exactOptional(OIDC),
      },
      { what: 'must be a mapping with grants, and forwardAuth, oidc or both' },
    ),
    v.check(
      ({ forwardAuth, oidc }) => forwardAuth !== undefined || oidc !== undefined,
      'must have forwardAuth, oidc or both: nothing else tells who a user is',
    ),
    v.transform(({ grants = [], forwardAuth, oidc }): UsersConfig => ({ grants, forwardAuth, oidc })),
  ),
};

/** @throws UsageError  one line: the file, the line in it, what is wrong and what is allowed */
export function parseUsers(text: string, file: string): Promise<UsersConfig> {
  return parseYamlFile(text, file, USERS);
}

function isRange(text: string): boolean {
  const [address = '', prefix, ...others] = text.split('/');
  const version = isIP(address);
  if (version === 0 || others.length > 0) return false;
  return (
    prefix === undefined ||
    (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (version === 4 ? 32 : 128))
  );
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    list.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  return list;
}

function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
  );
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
}

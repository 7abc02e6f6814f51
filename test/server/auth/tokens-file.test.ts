/** The tokens file: what it says, what is said of a mistake in it, and that this never repeats a token. */
import { expect, test } from 'vitest';
import { digestOf } from '../../../server/auth/static-tokens.ts';
import { parseTokens } from '../../../server/auth/tokens-file.ts';
import { UsageError } from '../../../shared/errors.ts';

const TOKEN = 'sEcReT-0123456789';
const DIGEST = digestOf(TOKEN).toString('hex');

test.for<[text: string, want: unknown]>([
  ['', []],
  ['# none yet\n', []],
  ['[]', []],
  [
    `- { name: grafana, token: ${TOKEN}, scopes: [read, metrics] }`,
    [{ digest: digestOf(TOKEN), caller: { name: 'grafana', scopes: ['read', 'metrics'], visible: 'all', nodes: [] } }],
  ],
  [
    `- { name: shop, sha256: ${DIGEST.toUpperCase()}, scopes: [read], namespaces: [shop, shop-2, shop] }`,
    [{ digest: digestOf(TOKEN), caller: { name: 'shop', scopes: ['read'], visible: ['shop', 'shop-2'], nodes: [] } }],
  ],
  [
    `- { name: shop, token: ${TOKEN}, scopes: [read], tenants: [shop, bank, shop] }`,
    [
      {
        digest: digestOf(TOKEN),
        caller: { name: 'shop', scopes: ['read'], visible: 'all', tenants: ['shop', 'bank'], nodes: [] },
      },
    ],
  ],
  [
    `- { name: worker-1, token: ${TOKEN}, scopes: [agent], nodes: [worker-1, worker-1] }`,
    [
      {
        digest: digestOf(TOKEN),
        caller: { name: 'worker-1', scopes: ['agent'], visible: 'all', nodes: ['worker-1'] },
      },
    ],
  ],
  [
    `- { name: a, token: ${TOKEN}, scopes: [agent] }`,
    [
      {
        digest: digestOf(TOKEN),
        caller: { name: 'a', scopes: ['agent'], visible: 'all', nodes: { first: undefined } },
      },
    ],
  ],
  [
    `- { name: me, token: ${TOKEN}, scopes: [admin] }`,
    [{ digest: digestOf(TOKEN), caller: { name: 'me', scopes: ['admin'], visible: 'all', nodes: 'all' } }],
  ],
])('%j is read', async ([text, want]) => {
  expect(await parseTokens(text, 'tokens.yaml')).toEqual(want);
});

const entry = (more: string): string => `- { name: a, ${more} }`;
const token = `token: ${TOKEN}`;

test.for<[text: string, message: RegExp]>([
  [`- name: a\n  ${token}\n scopes: [read]`, /^t: line 3: not valid YAML \([A-Z_]+\)$/],
  [`- { name: a, token: *${TOKEN}, scopes: [read] }`, /^t: an alias .* put values in quotes$/],
  ['name: a', /^t: must be a list of/],
  ['- a', /^t: line 1: token 1: must have name, token and scopes$/],
  [`- name: a\n  ${token}\n  scopes:\n    - read\n    - write`, /^t: line 5: token 1 \(a\): scopes must be a list/],
  [`- name: a\n  ${token}\n  scopes: [read]\n  nodes: [n]`, /^t: line 4: token 1 \(a\): nodes go with the scope agent/],
  [
    `- name: a\n  ${token}\n  secrets: ${TOKEN}\n  scopes: [read]`,
    /^t: line 3: token 1 \(a\): a key is not known here/,
  ],
  ['- [a, b]', /^t: line 1: token 1: must have name/],
  ['- &a { name: a }\n- *a', /^t: line 1: token 1 \(a\): scopes must be/],
  [`- { ${token}, scopes: [read] }`, /^t: line 1: token 1: name must be/],
  [`- { name: "a b", ${token}, scopes: [read] }`, /^t: line 1: token 1: name must be/],
  [
    entry(`${token}, scopes: [read], ${TOKEN}: x`),
    /^t: line 1: token 1 \(a\): a key is not known here; there are name, token/,
  ],
  [entry('scopes: [read]'), /must have either token or sha256; make one with: openssl/],
  [entry(`${token}, sha256: "${DIGEST}", scopes: [read]`), /either token or sha256/],
  [entry('token: 123456789012345, scopes: [read]'), /token must be text: put it in quotes/],
  [
    entry('token: short-secret-15, scopes: [read]'),
    /shorter than 16 characters and could be guessed; make one with: openssl/,
  ],
  [entry('token: "sEcReT with spaces", scopes: [read]'), /printable ASCII without spaces/],
  [entry('sha256: sEcReT, scopes: [read]'), /sha256 must be 64 hex digits.*sha256sum/],
  [entry(token), /scopes must be a list of some of agent, ingest, read, metrics, admin/],
  [entry(`${token}, scopes: read`), /scopes must be a list/],
  [entry(`${token}, scopes: []`), /scopes must be a list/],
  [entry(`${token}, scopes: [read, write]`), /scopes must be a list/],
  [entry(`${token}, scopes: [read], namespaces: shop`), /namespaces must be a list of names, or be left out/],
  [entry(`${token}, scopes: [read], namespaces: []`), /namespaces must be a list of names, or be left out/],
  [entry(`${token}, scopes: [read], namespaces: ["shop-*"]`), /without wildcards/],
  [entry(`${token}, scopes: [read], namespaces: [7]`), /names as Kubernetes has them/],
  [entry(`${token}, scopes: [admin], namespaces: [shop]`), /namespaces go with the scope read alone/],
  [entry(`${token}, scopes: [read, ingest], namespaces: [shop]`), /namespaces go with the scope read alone/],
  [entry(`${token}, scopes: [read], tenants: []`), /tenants must be a list of their names/],
  [entry(`${token}, scopes: [read], tenants: shop`), /tenants must be a list of their names/],
  [entry(`${token}, scopes: [read], tenants: [a/b]`), /tenants must be a list of their names/],
  [entry(`${token}, scopes: [read], tenants: ['..']`), /tenants must be a list of their names/],
  [entry(`${token}, scopes: [agent, read], nodes: []`), /nodes must be a list of the nodes/],
  [entry(`${token}, scopes: [agent], nodes: worker-1`), /nodes must be a list of the nodes/],
  [entry(`${token}, scopes: [agent], nodes: ["a/b"]`), /nodes must be a list of the nodes/],
  [entry(`${token}, scopes: [agent], nodes: [""]`), /nodes must be a list of the nodes/],
  [entry(`${token}, scopes: [read], nodes: [worker-1]`), /nodes go with the scope agent, and without admin/],
  [entry(`${token}, scopes: [admin], nodes: [worker-1]`), /without admin, which may speak for all/],
  [
    `${entry(`${token}, scopes: [read]`)}\n${entry(`token: other-${TOKEN}, scopes: [read]`)}`,
    /^t: line 2: token 2 \(a\): two tokens are named a$/,
  ],
  [
    `${entry(`${token}, scopes: [read]`)}\n- { name: b, sha256: "${DIGEST}", scopes: [admin] }`,
    /a and b are the same token/,
  ],
  ['[]'.padEnd(2 ** 20 + 1), /larger than 1048576 bytes/],
  [Array.from({ length: 1001 }, () => '- 1').join('\n'), /1001 tokens; up to 1000/],
])('%j is refused', async ([text, message]) => {
  const error: unknown = await parseTokens(text, 't').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UsageError);
  const { message: said, cause } = error as UsageError;
  expect(said).toMatch(message);
  expect(said).not.toContain('sEcReT');
  expect(said).not.toContain('\n');
  expect(cause).toBeUndefined();
});

/**
 * The tokens file, YAML:
 *
 *     - name: grafana
 *       token: 5f0c2b7e9d1a4c3f8e6b
 *       scopes: [read]
 *     - name: team-shop
 *       sha256: 0f1e…              # of the token, in hex, so that the file does not hold it
 *       scopes: [read]
 *       namespaces: [shop, shop-staging]
 *     - name: agent-worker-1
 *       token: 1b9d40c7a85e4f2c9d13
 *       scopes: [agent]
 *       nodes: [worker-1]
 *
 * No message about it repeats anything of it but names of entries and keys: it would end in a log.
 */
import * as v from 'valibot';
import { isTenantName } from '../../shared/tenant-name.ts';
import { isNodeName } from '../../shared/node-name.ts';
import { TOKEN_CHARS_MIN, TOKENS_FILE_BYTES_MAX, TOKENS_MAX } from '../limits.ts';
import { isMapping, listOf, mapping } from '../yaml/schema.ts';
import { parseYamlFile } from '../yaml/yaml-file.ts';
import { type Nodes, type Scope, SCOPES } from './caller.ts';
import { digestOf, type StaticToken } from './static-tokens.ts';

const NAME = /^[\w.@/-]{1,64}$/;
export const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const GENERATE = 'make one with: openssl rand -hex 24';

const WRONG = {
  name: 'name must be up to 64 letters, digits and . _ @ / -, such as grafana',
  sha256: 'sha256 must be 64 hex digits, in quotes: printf %s "$TOKEN" | sha256sum',
  scopes: `scopes must be a list of some of ${SCOPES.join(', ')}`,
  namespaces: 'namespaces must be a list of names, or be left out for all of them',
  namespace: 'namespaces must be names as Kubernetes has them, without wildcards',
  tenants: 'tenants must be a list of their names, as X-Scope-OrgID has them, or be left out for all of them',
  nodes: 'nodes must be a list of the nodes that the agent speaks for, as its --node has them',
};

const ENTRY = mapping(
  {
    name: v.pipe(v.string(WRONG.name), v.regex(NAME, WRONG.name)),
    token: v.exactOptional(
      v.pipe(
        v.string('token must be text: put it in quotes'),
        v.minLength(
          TOKEN_CHARS_MIN,
          `token is shorter than ${TOKEN_CHARS_MIN} characters and could be guessed; ${GENERATE}`,
        ),
        v.regex(/^[!-~]+$/, `token must be printable ASCII without spaces, as a header carries it; ${GENERATE}`),
      ),
    ),
    sha256: v.exactOptional(v.pipe(v.string(WRONG.sha256), v.regex(/^[0-9a-f]{64}$/i, WRONG.sha256))),
    scopes: v.pipe(
      v.array(v.picklist(SCOPES, WRONG.scopes), WRONG.scopes),
      v.nonEmpty(WRONG.scopes),
      v.transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
    ),
    namespaces: v.exactOptional(
      v.pipe(
        v.array(v.pipe(v.string(WRONG.namespace), v.regex(NAMESPACE, WRONG.namespace)), WRONG.namespaces),
        v.nonEmpty(WRONG.namespaces),
      ),
    ),
    tenants: v.exactOptional(
      v.pipe(
        v.array(v.pipe(v.string(WRONG.tenants), v.check(isTenantName, WRONG.tenants)), WRONG.tenants),
        v.nonEmpty(WRONG.tenants),
      ),
    ),
    nodes: v.exactOptional(
      v.pipe(
        v.array(v.pipe(v.string(WRONG.nodes), v.check(isNodeName, WRONG.nodes)), WRONG.nodes),
        v.nonEmpty(WRONG.nodes),
      ),
    ),
  },
  {
    what: 'must have name, token and scopes',
    unknownKey: (_, known) => `a key is not known here; there are ${known.join(', ')}`,
  },
);

const TOKEN = v.pipe(
  ENTRY,
  v.check(
    ({ token, sha256 }) => (token === undefined) !== (sha256 === undefined),
    `must have either token or sha256; ${GENERATE}`,
  ),
  // Only what is read can be narrowed: a token that pushes or erases reaches every namespace.
  v.forward(
    v.check(
      ({ namespaces, scopes }) => namespaces === undefined || scopes.every((scope) => scope === 'read'),
      'namespaces go with the scope read alone; use another token for the rest',
    ),
    ['namespaces'],
  ),
  v.forward(
    v.check(
      ({ nodes, scopes }) => nodes === undefined || (scopes.includes('agent') && !scopes.includes('admin')),
      'nodes go with the scope agent, and without admin, which may speak for all',
    ),
    ['nodes'],
  ),
  v.transform(({ name, token, sha256, scopes, namespaces, tenants, nodes }): StaticToken => {
    const digest = token === undefined ? Buffer.from(sha256!, 'hex') : digestOf(token);
    const visible = namespaces === undefined ? 'all' : [...new Set(namespaces)];
    const bound = tenants && { tenants: [...new Set(tenants)] };
    return { digest, caller: { name, scopes, visible, ...bound, nodes: nodesOf(scopes, nodes) } };
  }),
);

const TOKENS = {
  bytesMax: TOKENS_FILE_BYTES_MAX,
  isSecret: true,
  nameEntry,
  schema: v.nullable(
    v.pipe(
      listOf(TOKEN, TOKENS_MAX, {
        what: 'must be a list of { name, token, scopes }',
        tooLong: (length) => `${length} tokens; up to ${TOKENS_MAX} are allowed`,
      }),
      v.rawCheck(({ dataset, addIssue }) => {
        if (!dataset.typed) return;
        const { value: tokens } = dataset;
        for (const [index, { digest, caller }] of tokens.entries()) {
          const before = tokens.slice(0, index);
          const path = [{ type: 'array', origin: 'value', input: tokens, key: index, value: caller.name }] as const;
          if (before.some((other) => other.caller.name === caller.name)) {
            addIssue({ message: `two tokens are named ${caller.name}`, path: [...path] });
          }
          const same = before.find((other) => other.digest.equals(digest));
          if (same === undefined) continue;
          const names = `${same.caller.name} and ${caller.name}`;
          addIssue({ message: `${names} are the same token: give it all scopes at once`, path: [...path] });
        }
      }),
    ),
  ),
};

/** @throws UsageError  one line: the file, the line in it, the entry, what is wrong and what is allowed */
export async function parseTokens(text: string, path: string): Promise<StaticToken[]> {
  return (await parseYamlFile(text, path, TOKENS)) ?? [];
}

/** An agent speaks for its node alone, so its token should name it; whoever administers the server may speak for all. */
function nodesOf(scopes: readonly Scope[], nodes: readonly string[] | undefined): Nodes {
  if (scopes.includes('admin')) return 'all';
  if (!scopes.includes('agent')) return [];
  return nodes === undefined ? { first: undefined } : [...new Set(nodes)];
}

/** Uses its name only if it is valid: an invalid one may be a secret in the wrong place. */
function nameEntry(index: number, entry: unknown): string {
  const name = isMapping(entry) ? entry['name'] : undefined;
  return `token ${index + 1}${typeof name === 'string' && NAME.test(name) ? ` (${name})` : ''}`;
}

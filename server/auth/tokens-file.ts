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
import { UsageError } from '../../shared/errors.ts';
import { isNodeName } from '../../shared/node-name.ts';
import { TOKEN_CHARS_MIN, TOKENS_FILE_BYTES_MAX, TOKENS_MAX } from '../limits.ts';
import { parseYamlFile } from '../yaml-file.ts';
import { type Nodes, type Scope, SCOPES, type Visible } from './caller.ts';
import { digestOf, type StaticToken } from './static-tokens.ts';

const KEYS: readonly string[] = ['name', 'token', 'sha256', 'scopes', 'namespaces', 'nodes'];
const NAME = /^[\w.@/-]{1,64}$/;
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const GENERATE = 'make one with: openssl rand -hex 24';

/** @throws UsageError  one line: the file, the entry, what is wrong and what is allowed */
export async function parseTokens(text: string, path: string): Promise<StaticToken[]> {
  const { value: parsed, fail } = await parseYamlFile(text, path, { bytesMax: TOKENS_FILE_BYTES_MAX, isSecret: true });
  if (parsed === null) return [];
  if (!Array.isArray(parsed)) throw new UsageError(`${path}: must be a list of { name, token, scopes }`);
  if (parsed.length > TOKENS_MAX)
    throw new UsageError(`${path}: ${parsed.length} tokens; up to ${TOKENS_MAX} are allowed`);
  const tokens = parsed.map((entry: unknown, index) => parseEntry(entry, fail([index], `token ${index + 1}`).message));
  for (const [index, { digest, caller }] of tokens.entries()) {
    for (const other of tokens.slice(0, index)) {
      if (other.caller.name === caller.name) throw new UsageError(`${path}: two tokens are named ${caller.name}`);
      if (other.digest.equals(digest)) {
        throw new UsageError(
          `${path}: ${other.caller.name} and ${caller.name} are the same token: give it all scopes at once`,
        );
      }
    }
  }
  return tokens;
}

function parseEntry(entry: unknown, where: string): StaticToken {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw new UsageError(`${where} must have name, token and scopes`);
  }
  const { name, token, sha256, scopes, namespaces, nodes } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new UsageError(`${where}: name must be up to 64 letters, digits and . _ @ / -, such as grafana`);
  }
  const named = `${where} (${name})`;
  if (Object.keys(entry).some((key) => !KEYS.includes(key))) {
    throw new UsageError(`${named} has a key that is not known; there are ${KEYS.join(', ')}`);
  }
  const digest = parseDigest(token, sha256, named);
  const parsedScopes = parseScopes(scopes, named);
  const visible = parseNamespaces(namespaces, parsedScopes, named);
  return { digest, caller: { name, scopes: parsedScopes, visible, nodes: parseNodes(nodes, parsedScopes, named) } };
}

function parseDigest(token: unknown, sha256: unknown, where: string): Buffer {
  if ((token === undefined) === (sha256 === undefined)) {
    throw new UsageError(`${where} must have either token or sha256; ${GENERATE}`);
  }
  if (sha256 !== undefined) {
    if (typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)) return Buffer.from(sha256, 'hex');
    throw new UsageError(`${where}: sha256 must be 64 hex digits, in quotes: printf %s "$TOKEN" | sha256sum`);
  }
  if (typeof token !== 'string') throw new UsageError(`${where}: token must be text: put it in quotes`);
  if (token.length < TOKEN_CHARS_MIN) {
    throw new UsageError(
      `${where}: token is shorter than ${TOKEN_CHARS_MIN} characters and could be guessed; ${GENERATE}`,
    );
  }
  if (!/^[!-~]+$/.test(token)) {
    throw new UsageError(`${where}: token must be printable ASCII without spaces, as a header carries it; ${GENERATE}`);
  }
  return digestOf(token);
}

function parseScopes(scopes: unknown, where: string): Scope[] {
  const parsed = Array.isArray(scopes) ? SCOPES.filter((scope) => scopes.includes(scope)) : [];
  if (!Array.isArray(scopes) || parsed.length === 0 || scopes.some((scope) => !SCOPES.includes(scope as Scope))) {
    throw new UsageError(`${where}: scopes must be a list of some of ${SCOPES.join(', ')}`);
  }
  return parsed;
}

/** Only what is read can be narrowed: a token that pushes or erases reaches every namespace. */
function parseNamespaces(namespaces: unknown, scopes: readonly Scope[], where: string): Visible {
  if (namespaces === undefined) return 'all';
  if (!Array.isArray(namespaces) || namespaces.length === 0) {
    throw new UsageError(`${where}: namespaces must be a list of names, or be left out for all of them`);
  }
  if (!namespaces.every((name): name is string => typeof name === 'string' && NAMESPACE.test(name))) {
    throw new UsageError(`${where}: namespaces must be names as Kubernetes has them, without wildcards`);
  }
  if (scopes.some((scope) => scope !== 'read')) {
    throw new UsageError(`${where}: namespaces go with the scope read alone; use another token for the rest`);
  }
  return [...new Set(namespaces)];
}

/** An agent speaks for its node alone, so its token should name it; whoever administers the server may speak for all. */
function parseNodes(nodes: unknown, scopes: readonly Scope[], where: string): Nodes {
  if (nodes !== undefined && (scopes.includes('admin') || !scopes.includes('agent'))) {
    throw new UsageError(`${where}: nodes go with the scope agent, and without admin, which may speak for all`);
  }
  if (scopes.includes('admin')) return 'all';
  if (!scopes.includes('agent')) return [];
  if (nodes === undefined) return { first: undefined };
  if (!Array.isArray(nodes) || nodes.length === 0 || !nodes.every(isName)) {
    throw new UsageError(
      `${where}: nodes must be a list of the nodes that the agent speaks for, as its --node has them`,
    );
  }
  return [...new Set(nodes)];
}

function isName(node: unknown): node is string {
  return typeof node === 'string' && isNodeName(node);
}

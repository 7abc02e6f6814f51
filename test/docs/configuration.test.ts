/** Files of configuration in the documents are taken by the server as they are written. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseTokens } from '../../server/auth/tokens-file.ts';
import { parseUsers } from '../../server/auth/users-file.ts';
import { parseRules } from '../../server/rules/rules-file.ts';
import { parseRetentionRules } from '../../server/engines/embedded/lane/retention/rules-file.ts';

function yamlOf(path: string, { at = 0, of = 1 } = {}): string {
  const [, ...blocks] = readFileSync(path, 'utf8').split('```yaml\n');
  expect(blocks, `yaml blocks of ${path}`).toHaveLength(of);
  return blocks[at]!.split('```')[0]!;
}

test('rules of agents', async () => {
  const rules = await parseRules(yamlOf('docs/rules.md'), 'rules.yaml');
  for (const [kind, each] of Object.entries(rules)) expect(each, kind).not.toHaveLength(0);
});

test('tokens', async () => {
  const digest = 'c6b7'.padEnd(64, '0');
  const tokens = await parseTokens(yamlOf('docs/access.md', { of: 2 }).replace('c6b7…', digest), 'tokens.yaml');
  expect(tokens.map(({ caller }) => caller.name)).toEqual(['grafana', 'team-shop', 'agent-worker-1']);
});

test('users', async () => {
  const text = yamlOf('docs/access.md', { at: 1, of: 2 }).replace('…', 'secret-of-the-proxy-1');
  const { grants, forwardAuth, oidc } = await parseUsers(text, 'users.yaml');
  expect(grants).toHaveLength(2);
  expect(forwardAuth?.userHeader).toBe('x-forwarded-user');
  expect(oidc?.label).toBe('Example login');
});

test('retention rules', async () => {
  expect(await parseRetentionRules(yamlOf('docs/operations.md'), 'retention.yaml')).toHaveLength(2);
});

/** Files of configuration in the documents are taken by the server as they are written. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseTokens } from '../../server/auth/tokens-file.ts';
import { parseRules } from '../../server/rules/rules-file.ts';
import { parseRetentionRules } from '../../server/engines/embedded/lane/retention/rules-file.ts';

function yamlOf(path: string): string {
  const [, ...blocks] = readFileSync(path, 'utf8').split('```yaml\n');
  expect(blocks, `yaml blocks of ${path}`).toHaveLength(1);
  return blocks[0]!.split('```')[0]!;
}

test('rules of agents', async () => {
  const rules = await parseRules(yamlOf('docs/rules.md'), 'rules.yaml');
  for (const [kind, each] of Object.entries(rules)) expect(each, kind).not.toHaveLength(0);
});

test('tokens', async () => {
  const digest = 'c6b7'.padEnd(64, '0');
  const tokens = await parseTokens(yamlOf('docs/access.md').replace('c6b7…', digest), 'tokens.yaml');
  expect(tokens.map(({ caller }) => caller.name)).toEqual(['grafana', 'team-shop', 'agent-worker-1']);
});

test('retention rules', async () => {
  expect(await parseRetentionRules(yamlOf('docs/operations.md'), 'retention.yaml')).toHaveLength(2);
});

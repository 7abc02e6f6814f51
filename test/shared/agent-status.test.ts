import fc from '../fast-check.ts';
import { expect, test } from 'vitest';
import { type AgentStatus, decodeAgentStatus, encodeAgentStatus } from '../../shared/agent-status.ts';

const STATUS: AgentStatus = {
  version: '0.1.0',
  startedMs: 1_700_000_000_000,
  lagBytes: 12,
  lagMs: 2000,
  lines: 5,
  losses: { truncated: { times: 1, bytes: 0 }, 'never-opened': { times: 2, bytes: 30 } },
};

test('what an agent says is what the server hears', () => {
  expect(decodeAgentStatus(encodeAgentStatus(STATUS))).toEqual(STATUS);
  // A later agent may say more.
  expect(decodeAgentStatus(JSON.stringify({ ...STATUS, mood: 'good' }))).toEqual(STATUS);
});

test.each([
  '',
  'null',
  '[]',
  '{',
  ...[
    { version: '' },
    { version: 'x'.repeat(65) },
    { version: '<b>' },
    { lagBytes: -1 },
    { lagMs: 1.5 },
    { lines: '5' },
    { lines: 2 ** 60 },
    { startedMs: undefined },
    { losses: undefined },
    { losses: null },
    { losses: { 'a b': { times: 1, bytes: 1 } } },
    { losses: { a: null } },
    { losses: { a: { times: 1 } } },
    {
      losses: Object.fromEntries(
        Array.from({ length: 33 }, (_, i) => [`r${'x'.repeat(i % 30)}`, { times: 1, bytes: NaN }]),
      ),
    },
  ].map((change) => JSON.stringify({ ...STATUS, ...change })),
  JSON.stringify({ ...STATUS, mood: 'x'.repeat(4096) }),
])('%s says nothing', (text) => {
  expect(decodeAgentStatus(text)).toBeUndefined();
});

test('anything at all is heard or not, and never throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeAgentStatus(text)));
});

/** What `podlog up` says of its agent, once it has something to say. */
import { expect, test } from 'vitest';
import { firstReport, reportOf } from '../../cli/first-report.ts';
import type { AgentStatus } from '../../shared/agent-status.ts';

const status = (changes: Partial<AgentStatus>): AgentStatus => ({
  version: '1',
  startedMs: 0,
  lagBytes: 0,
  lagMs: 0,
  lines: 15_662,
  losses: {},
  ...changes,
});

test.each<[Partial<AgentStatus>, string]>([
  [{}, 'agent n: 15,662 lines stored, nothing unread, nothing lost; later: GET /agents'],
  [
    {
      lagBytes: 1_234_567,
      lagMs: 4200,
      losses: { truncated: { times: 2, bytes: 0 }, deleted: { times: 1, bytes: 4096 } },
    },
    'agent n: 15,662 lines stored, 1,234,567 bytes unread for 4 s, lost: 2 × truncated (0 bytes), 1 × deleted (4,096 bytes); later: GET /agents',
  ],
])('%o', (changes, line) => {
  expect(reportOf('n', status(changes))).toBe(line);
});

test('it is said once everything is stored, and not at all where podlog ends before', async () => {
  const seen = [status({ lines: 0 }), status({ lines: 5, lagBytes: 10 })];
  const line = await firstReport('n', () => seen.shift() ?? status({ lines: 7 }), new AbortController().signal);
  expect(line).toContain('7 lines stored, nothing unread');
  const ended = new AbortController();
  const said = firstReport('n', () => status({ lines: 0 }), ended.signal);
  ended.abort();
  expect(await said).toBeUndefined();
});

/** What an import says of its progress: the time that is left goes by lines where Loki has said how many there are. */
import { expect, test } from 'vitest';
import type { Ask, Asker } from '../../../cli/import/endpoint.ts';
import { linesLeft } from '../../../cli/import/lines-left.ts';
import { progressText } from '../../../cli/import/progress.ts';
import type { ImportState } from '../../../cli/import/state.ts';
import { IMPORT_STATS_ASKS_MAX } from '../../../cli/limits.ts';

const DAY = 86_400_000_000_000n;

function stateOf(changes: Partial<ImportState>): ImportState {
  return {
    of: '',
    begin: 0n,
    selectors: ['{a="b"}'],
    since: 0n,
    until: 100n * DAY,
    selector: 0,
    at: 0n,
    pushing: undefined,
    lines: 0,
    bytes: 0,
    refused: 0,
    ...changes,
  };
}

test.each<
  [what: string, now: Partial<ImportState>, first: Partial<ImportState>, left: number | undefined, want: string]
>([
  [
    'half of the lines in a tenth of the time',
    { lines: 500, at: 10n * DAY },
    {},
    1000,
    '50 lines/s (50 %, about 10s left)',
  ],
  ['no estimate', { lines: 500, at: 10n * DAY }, {}, undefined, '50 lines/s (10 %, about 90s left)'],
  ['more lines than were said', { lines: 500, at: 50n * DAY }, {}, 400, '50 lines/s (50 %, about 10s left)'],
  [
    'refused lines are read, too',
    { lines: 400, refused: 100, at: 10n * DAY },
    {},
    1000,
    '50 lines/s (50 %, about 10s left)',
  ],
  [
    'a run that goes on',
    { lines: 1500, at: 60n * DAY },
    { lines: 1000, at: 50n * DAY },
    1000,
    '50 lines/s (75 %, about 10s left)',
  ],
  ['nothing read yet', {}, {}, 1000, '0 lines/s (0 %)'],
])('%s', (_, now, first, left, want) => {
  const text = progressText(stateOf(now), { state: stateOf(first), linesLeft: left }, 10_000);
  expect(text.split('Z, ')[1]).toBe(`${want}\n`);
});

/** Answers each question with a number of entries, or a status. */
function lokiOf(answers: readonly (number | string)[], asked: string[]): Asker {
  return {
    ask: async ({ path }: Ask) => {
      asked.push(path);
      const answer = answers[asked.length - 1]!;
      const body =
        typeof answer === 'string' ? answer : JSON.stringify({ streams: 1, chunks: 1, bytes: 9, entries: answer });
      return { status: body.startsWith('{') ? 200 : 404, headers: {}, body: Buffer.from(body) };
    },
  };
}

test('lines are asked for by selector and by at most thirty days, from where the import is', async () => {
  const asked: string[] = [];
  const state = stateOf({ selectors: ['{a="b"}', '{c="d"}', '{e="f"}'], selector: 1, at: 50n * DAY });
  expect(await linesLeft(lokiOf([1, 20, 300, 4000, 50_000, 600_000], asked), state)).toBe(654_321);
  const questions = asked.map((path) => new URL(path, 'http://loki').searchParams);
  expect(
    questions.map((each) => [each.get('query'), BigInt(each.get('start')!) / DAY, BigInt(each.get('end')!) / DAY]),
  ).toEqual([
    ['{c="d"}', 50n, 80n],
    ['{c="d"}', 80n, 100n],
    ['{e="f"}', 0n, 30n],
    ['{e="f"}', 30n, 60n],
    ['{e="f"}', 60n, 90n],
    ['{e="f"}', 90n, 100n],
  ]);
});

test.each([
  ['an old Loki, which has no such route', ['404 page not found'], 1],
  ['an answer that is none', ['{"entries":"many"}'], 1],
])('%s: there is no estimate', async (_, answers, count) => {
  const asked: string[] = [];
  expect(await linesLeft(lokiOf(answers, asked), stateOf({ until: DAY }))).toBeUndefined();
  expect(asked).toHaveLength(count);
});

test('many selectors are not asked for', async () => {
  const selectors = Array.from({ length: IMPORT_STATS_ASKS_MAX + 1 }, (_, n) => `{a="${n}"}`);
  const asked: string[] = [];
  expect(await linesLeft(lokiOf([], asked), stateOf({ selectors, until: DAY }))).toBeUndefined();
  expect(asked).toEqual([]);
});

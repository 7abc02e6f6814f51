/** What headers, templates and labels tell: no page is read for it. */
import { describe, expect, it } from 'vitest';
import type { Labels } from '../../../../../shared/labels.ts';
import {
  allOf,
  anyOf,
  not,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../../../../server/store/predicate.ts';
import {
  matchMask,
  matchRows,
  mayMatch,
  streamMatcher,
} from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { ALL, encode, naiveMatches, type Row } from './rows.ts';

describe('what is known without a page', () => {
  const rows = Array.from({ length: 3000 }, (_, i): Row => ({
    labels: { pod: 'p' },
    timeNs: i,
    line:
      i % 3 === 0
        ? `{"note":"${i}"}`
        : `{"level":"info","n":${100 + ((i * 7919) % 1009)},"took":${i % 50}.25,"kind":"${'abc'[i % 3]}"}`,
  }));
  const compare = (operator: '>' | '<' | '=' | '!=', value: number): ValueTest => ({
    kind: 'compare',
    operator,
    operand: { kind: 'number', value },
  });
  const exists: ValueTest = { kind: 'exists' };

  it.each<[string, Where]>([
    ['a name that lines have', valueLeaf('n', [exists])],
    ['a name that lines do not have', not(valueLeaf('n', [exists]))],
    ['one that no line has', valueLeaf('m', [exists])],
    ['a level', valueLeaf('level', [exists])],
    ['a constant', valueLeaf('level', [parsePattern('info')])],
    ['another constant', valueLeaf('level', [parsePattern('error')])],
    ['more than the greatest', valueLeaf('n', [compare('>', 1200)])],
    ['more than all are', valueLeaf('n', [compare('>', 99)])],
    ['a number out of range', valueLeaf('n', [parsePattern('7')])],
    ['no fraction of them', valueLeaf('n', [compare('=', 100.5)])],
    ['less than the least decimal', valueLeaf('took', [compare('<', 0.25)])],
    ['a text of which there is none', valueLeaf('kind', [parsePattern('d')])],
    ['texts of which there are no others', valueLeaf('kind', ['a', 'b', 'c'].map(parsePattern))],
    ['a number that no text is', valueLeaf('kind', [compare('!=', 1)])],
  ])('%s', (_, where) => {
    const want = rows.flatMap((each, index) => (naiveMatches(each, { ...ALL, where }) ? [index] : []));
    const group = encode(rows);
    group.values = () => expect.fail('a column is decoded');
    group.findIntegers = () => expect.fail('a column is looked through');
    group.lines = () => expect.fail('lines are put together');
    expect([...matchRows(group, { ...ALL, where })]).toEqual(want);
  });

  it('reads no text once no row is left', () => {
    const group = encode(rows);
    group.values = () => expect.fail('a column is decoded');
    const where = allOf([textLeaf('99'), valueLeaf('n', [compare('>', 1200)])]);
    expect(matchRows(group, { ...ALL, where }).length).toBe(0);
  });
});

it('uses the same marks for one row group after the other', () => {
  const group = encode(
    Array.from({ length: 100 }, (_, i): Row => ({
      labels: { pod: 'p' },
      timeNs: i,
      line: `{"n":${i % 7},"m":"${i}x"}`,
    })),
  );
  const where = anyOf([valueLeaf('n', [parsePattern('3')]), not(textLeaf('5'))]);
  const first = matchMask(group, { ...ALL, where });
  const memory = (first as Uint8Array).buffer;
  for (let round = 0; round < 10; round++) {
    expect((matchMask(group, { ...ALL, where }) as Uint8Array).buffer).toBe(memory);
  }
});

it('looks at the labels of a stream once, however many row groups have it', () => {
  let looks = 0;
  const stream = new Proxy<Labels>(
    { app: 'shop' },
    {
      get: () => {
        looks++;
        return 'shop';
      },
    },
  );
  const bounds = { baseDay: 0, minTimeNs: 0, maxTimeNs: 1, streams: [stream] };
  const [shop, other] = ['shop', 'other'].map((app) => ({
    from: undefined,
    to: undefined,
    where: valueLeaf('app', [parsePattern(app)]),
  }));
  for (const [asked, want] of [
    [shop!, true],
    [other!, false],
  ] as const) {
    const mayMatchStream = streamMatcher(asked);
    looks = 0;
    for (let i = 0; i < 100; i++) expect(mayMatch(bounds, asked, mayMatchStream)).toBe(want);
    expect(looks).toBe(1);
  }
});

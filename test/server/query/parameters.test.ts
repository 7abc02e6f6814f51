import { describe, expect, it } from 'vitest';
import {
  allOf,
  anyOf,
  EVERYTHING,
  not,
  NOTHING,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../../server/store/predicate.ts';
import { NO_CURSOR_KEY } from '../../../server/store/cursor.ts';
import { parseLogsRequest } from '../../../server/query/parameters.ts';
import type { QueryString } from '../../../server/query/parameters.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
function parse(query: QueryString): ReturnType<typeof parseLogsRequest> {
  return parseLogsRequest({ query, namespaces: 'all' }, NOW, NO_CURSOR_KEY);
}

describe('parseLogsRequest', () => {
  it('has defaults', () => {
    const { plan, follow } = parse({});
    expect(plan).toMatchObject({
      from: undefined,
      to: undefined,
      where: EVERYTHING,
      direction: 'backward',
      limit: 100,
    });
    expect(follow).toBe(false);
    expect(parse({ follow: '' }).plan.limit).toBe(10);
  });

  it('reads any other name as a filter: alternatives, negations, wildcards, and how to escape them', () => {
    const { plan } = parse({
      user_id: ['7', '8'],
      level: '!debug',
      path: '/api/*',
      note: '\\!x',
      q: ['slow', '!health'],
    });
    const equals = (text: string): ValueTest => ({ kind: 'equals', text: Buffer.from(text) });
    expect(plan.where).toEqual(
      allOf([
        valueLeaf('user_id', [equals('7'), equals('8')]),
        not(valueLeaf('level', [equals('debug')])),
        valueLeaf('path', [{ kind: 'wildcard', parts: [Buffer.from('/api/'), Buffer.from('')] }]),
        valueLeaf('note', [equals('!x')]),
        textLeaf('slow'),
        not(textLeaf('health')),
      ]),
    );
    expect(parse({ user_id: '*', q: ['a', 'b', '!c', '!d'] }).plan.where).toEqual(
      allOf([
        valueLeaf('user_id', [{ kind: 'exists' }]),
        anyOf([textLeaf('a'), textLeaf('b')]),
        not(anyOf([textLeaf('c'), textLeaf('d')])),
      ]),
    );
  });

  it('reads a name behind a backslash as that of a field, whatever else it means', () => {
    const { plan } = parse({ '\\limit': '7', '\\by': 'x', '\\step>': '3', '\\\\a': 'y', name: 'z', limit: '5' });
    const equals = (text: string): ValueTest => ({ kind: 'equals', text: Buffer.from(text) });
    expect(plan.limit).toBe(5);
    expect(plan.where).toEqual(
      allOf([
        valueLeaf('limit', [equals('7')]),
        valueLeaf('by', [equals('x')]),
        valueLeaf('step', [{ kind: 'compare', operator: '>=', operand: { kind: 'number', value: 3 } }]),
        valueLeaf('\\a', [equals('y')]),
        valueLeaf('name', [equals('z')]),
      ]),
    );
  });

  it('shows lines of the namespaces that one may see, and none to those who may see none', () => {
    const narrowed = (...namespaces: string[]): Where =>
      parseLogsRequest({ query: {}, namespaces }, NOW, NO_CURSOR_KEY).plan.where;
    expect(narrowed()).toEqual(NOTHING);
    const tests = ['a', 'b'].map((text) => ({ kind: 'equals', text: Buffer.from(text) }) as const);
    expect(narrowed('a', 'b')).toEqual({ ...valueLeaf('namespace', tests), labelOnly: true });
  });

  it.each<[string, boolean]>([
    ['', true],
    ...['true', 'True', 'yes', 'YES', 'on', '1'].map((text): [string, boolean] => [text, true]),
    ...['false', 'FALSE', 'no', 'off', '0'].map((text): [string, boolean] => [text, false]),
  ])('follow=%s', (text, want) => expect(parse({ follow: text }).follow).toBe(want));

  it('reads days and times without an offset in the time zone of the query', () => {
    const { plan } = parse({ since: 'yesterday', until: '2026-11-23T09:00', tz: 'Europe/Berlin' });
    expect([plan.from, plan.to]).toEqual(
      ['2026-11-21T23:00Z', '2026-11-23T08:00Z'].map((time) => BigInt(Date.parse(time)) * 1_000_000n),
    );
  });

  it.each<[QueryString, RegExp]>([
    [{ tz: 'Mars' }, /^tz: "Mars" is not a time zone; allowed: .*; example: tz=Europe\/Berlin$/],
    [{ since: '5' }, /^since: "5" has no unit/],
    [{ since: 'soon' }, /^since: "soon" is not a valid time; allowed: .*; example: since=1h$/],
    [{ since: '1h', until: '2h' }, /^until: "2h" is not after since "1h"/],
    [{ order: 'up' }, /^order: "up" is unknown; allowed: newest, oldest/],
    [{ limit: '0' }, /^limit: "0" is out of range; allowed: 1 to 100000; example: limit=500$/],
    [{ limit: '-1' }, /^limit: /],
    [{ limit: '1e3' }, /^limit: /],
    [{ limit: '100001' }, /^limit: /],
    [{ limit: ['1', '2'] }, /^limit: given more than once/],
    [
      { follow: 'maybe' },
      /^follow: "maybe" is not a boolean; allowed: true or false, yes or no, on or off, 1 or 0; example: follow=true$/,
    ],
    [{ follow: 'true', until: 'now' }, /^until: a live tail has no end/],
    [{ q: '' }, /^q: empty/],
    [{ by: 'x' }, /^by: not a parameter of this route/],
    [{ query: '{app="a"}' }, /^query: not a parameter of this route; allowed: for LogQL, \/loki\/api\/v1\/query_range/],
    [{ a: Array.from({ length: 101 }, () => 'x') }, /^a: 101 values; allowed: up to 100/],
    [{ a: 'x'.repeat(5000) }, /^a: the value is too long/],
  ])('refuses %j', (query, message) => {
    expect(() => parse(query)).toThrow(message);
  });
});

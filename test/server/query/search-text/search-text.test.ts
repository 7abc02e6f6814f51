import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { SearchTextError } from '../../../../shared/errors.ts';
import { parseSearch } from '../../../../server/query/search-condition.ts';
import { parseSearchText } from '../../../../server/query/search-text/parser.ts';
import { printSearch } from '../../../../server/query/search-text/print.ts';
import { tokensOf } from '../../../../server/query/search-text/lexer.ts';
import type { SearchNode } from '../../../../server/query/search-text/tree.ts';
import {
  allOf,
  anyOf,
  EVERYTHING,
  leafOf,
  normalised,
  not,
  type Operator,
  type RegexpLeaf,
  regexpLeaf,
  textLeaf,
  type TextLeaf,
  type Where,
} from '../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../server/store/value-test.ts';

/** A text of which some writer escapes a character is found as it is read, too. */
const read = (leaf: TextLeaf | RegexpLeaf, text: string): Where =>
  /[^ -~]|["\\/<>&'+`=]/.test(text) ? { ...leaf, asRead: true } : leaf;
const exact = (text: string): Where => read(textLeaf(text), text);
const word = (text: string): Where => read({ ...textLeaf(text), ignoreCase: true }, text);
const is = (name: string, ...patterns: string[]): Where => leafOf(name, patterns.map(parsePattern));
const matches = (name: string, pattern: string): Where => leafOf(name, [{ kind: 'regexp', pattern }]);
const compare = (name: string, operator: Operator, value: number, kind: 'number' | 'duration' | 'bytes' = 'number') =>
  leafOf(name, [{ kind: 'compare', operator, operand: { kind, value } }]);

/** The text, what it means, and its canonical form where that is another one. */
const TEXTS: readonly (readonly [text: string, where: Where, canonical?: string])[] = [
  ['', EVERYTHING],
  ['  ', EVERYTHING, ''],
  ['*', EVERYTHING],
  ['timeout', word('timeout')],
  ['Timed out', allOf([word('Timed'), word('out')])],
  ['"Timed Out"', exact('Timed Out')],
  ['"say \\"hi\\" C:\\new \\\\"', exact('say "hi" C:\\new \\'), '"say \\"hi\\" C:\\\\new \\\\"'],
  ['connection\\ refused', word('connection refused')],
  ['time*out*', regexpLeaf('(?i)time(?s:.*)out')],
  ['*timeout*', word('timeout')],
  ['5\\*', word('5*')],
  ['Café', { ...regexpLeaf('(?i)Café'), asRead: true }],
  ['10.0.0.1:8080', word('10.0.0.1:8080')],
  ['http://shop/a?b=c', word('http://shop/a?b=c')],
  ['12:30:05', word('12:30:05')],
  ['--verbose', word('--verbose')],
  ['\\-5', word('-5')],
  ['/api/tasks', word('/api/tasks')],
  ["can't", word("can't")],
  ['level:error', is('level', 'error')],
  ['level=error', is('level', 'error'), 'level:error'],
  ['level = error', is('level', 'error'), 'level:error'],
  ['level!=debug', not(is('level', 'debug')), '-level:debug'],
  ['-level:debug', not(is('level', 'debug'))],
  ['level:error,warn', is('level', 'error', 'warn')],
  ['message:"a b","c,d"', leafOf('message', [parsePattern('a b'), parsePattern('c,d')])],
  ['message:"*"', leafOf('message', [parsePattern('\\*')])],
  ['message:a\\ b', is('message', 'a b'), 'message:"a b"'],
  ['message:a\\ *', is('message', 'a *')],
  ['-(--verbose)', not(word('--verbose'))],
  ['\\/a b/', allOf([word('/a'), word('b/')])],
  ['/a b', allOf([word('/a'), word('b')])],
  ['path:"/a" b/', allOf([is('path', '/a'), word('b/')])],
  ['path:/a b', allOf([is('path', '/a'), word('b')])],
  ['message:""', is('message', '')],
  ['path:/api/*', is('path', '/api/*')],
  ['path:/api/v1/', is('path', '/api/v1/')],
  ['path:"/api/"', is('path', '/api/')],
  ['path.shape:/api/tasks/{id}', is('path.shape', '/api/tasks/{id}')],
  ['path.shape:/a/{id},/b/{id}/', is('path.shape', '/a/{id}', '/b/{id}/')],
  ['path:/a(b)', is('path', '/a(b)'), 'path:"/a(b)"'],
  ['trace_id:*', leafOf('trace_id', [{ kind: 'exists' }])],
  ['url:http://shop/a:b', is('url', 'http://shop/a:b')],
  ['app.kubernetes.io/name:shop', is('app.kubernetes.io/name', 'shop')],
  ['"my field":x', is('my field', 'x')],
  ['"level":"error"', is('level', 'error'), 'level:error'],
  ['field.query:x label.pod:y', allOf([is('field.query', 'x'), is('label.pod', 'y')])],
  ['\\field.x:1', is('\\field.x', '1')],
  ['field.since:1h', is('field.since', '1h')],
  ['status:"5xx"', is('status', '5xx')],
  ['status:5*', is('status', '5*')],
  ['between 5 and 6', allOf([word('between'), word('5'), word('6')]), 'between 5 6'],
  ['time>500', compare('time', '>', 500)],
  ['since:version-2', is('since', 'version-2')],
  ['status>=500', compare('status', '>=', 500)],
  ['status:>=500', compare('status', '>=', 500), 'status>=500'],
  ['status >= 500', compare('status', '>=', 500), 'status>=500'],
  ['status<500 status>400', allOf([compare('status', '<', 500), compare('status', '>', 400)])],
  ['took>1.5s', compare('took', '>', 1.5e9, 'duration')],
  ['took=1s', compare('took', '=', 1e9, 'duration')],
  ['took!=1s', not(compare('took', '=', 1e9, 'duration')), '-took=1s'],
  ['latency_ms>500ms', compare('latency_ms', '>', 500)],
  ['latency_ms>500', compare('latency_ms', '>', 500)],
  ['latency_ms<=1.5s', compare('latency_ms', '<=', 1500)],
  ['http.durationMs>2s', compare('http.durationMs', '>', 2000)],
  ['response_seconds<250ms', compare('response_seconds', '<', 0.25)],
  ['size_kb>1MB', compare('size_kb', '>', 1000)],
  ['size_bytes>1MiB', compare('size_bytes', '>', 2 ** 20)],
  ['items>500ms', compare('items', '>', 500e6, 'duration')],
  ['size>10MiB', compare('size', '>', 10 * 2 ** 20, 'bytes')],
  ['level>=warn', is('level', 'warn', 'error', 'fatal')],
  ['level<Information', is('level', 'trace', 'debug')],
  ['/refused|reset/', regexpLeaf('refused|reset')],
  ['/time.?out/i', regexpLeaf('(?i)time.?out')],
  ['/connection (refused|reset)/i x', allOf([regexpLeaf('(?i)connection (refused|reset)'), word('x')])],
  ['/a\\/b/', regexpLeaf('a/b')],
  ['path:/^\\/api\\/v\\d/', matches('path', '^/api/v\\d')],
  ['path:/^\\/a/i,/b', leafOf('path', [{ kind: 'regexp', pattern: '(?i)^/a' }, parsePattern('/b')])],
  ['path=~^/api/v\\d/', matches('path', '^/api/v\\d/'), 'path:/^\\/api\\/v\\d\\//'],
  ['path:~^/api', matches('path', '^/api'), 'path:/^\\/api/'],
  ['path!~"a b:"', not(matches('path', 'a b:')), '-path:/a\\ b:/'],
  ['/a -path:/ x', allOf([word('/a'), not(is('path', '/')), word('x')])],
  ['(a or b) c', allOf([anyOf([word('a'), word('b')]), word('c')])],
  ['a OR b AND c', anyOf([word('a'), allOf([word('b'), word('c')])]), 'a or b c'],
  ['a b or c d', anyOf([allOf([word('a'), word('b')]), allOf([word('c'), word('d')])])],
  ['((a))', word('a'), 'a'],
  ['(a (b c)) d', allOf([word('a'), word('b'), word('c'), word('d')]), 'a b c d'],
  ['-(a or level:b)', not(anyOf([word('a'), is('level', 'b')]))],
  ['NOT a', not(word('a')), '-a'],
  ['not level:debug', not(is('level', 'debug')), '-level:debug'],
  ['not (a b)', not(allOf([word('a'), word('b')])), '-(a b)'],
  ['-(-a)', word('a')],
  ['"or" "not found"', allOf([exact('or'), exact('not found')])],
];

describe('parseSearch', () => {
  it.each(TEXTS.map(([text, where, canonical = text]) => [text, where, canonical] as const))(
    '%j',
    (text, want, canonical) => {
      expect(normalised(parseSearch(text, { ignoreCase: false }))).toEqual(normalised(want));
      expect(printSearch(parseSearchText(text))).toBe(canonical);
      expect(plain(parseSearchText(canonical))).toEqual(plain(parseSearchText(text)));
    },
  );

  it('ignores case on request', () => {
    const where = (text: string): Where => normalised(parseSearch(text, { ignoreCase: true }));
    expect(where('"Timed Out"')).toEqual(word('Timed Out'));
    expect(where('path:/Api/*')).toEqual(matches('path', '(?i)^/Api/(?s:.*)$'));
    expect(where('path:*')).toEqual(leafOf('path', [{ kind: 'exists' }]));
    expect(where('/a/')).toEqual(regexpLeaf('(?i)a'));
  });

  it.each([
    ['"open', '"open', 1, 'the quote is not closed'],
    ['level:error "a', '"a', 13, 'the quote is not closed'],
    ['level:"a', '"a', 7, 'the quote is not closed'],
    ['"a"b', 'b', 4, 'a space is missing after the quote'],
    ['level:"a"b', 'b', 10, 'a space is missing after the quote'],
    ["'a b'", "'a", 1, "' does not quote"],
    ['level:', 'level:', 1, 'the value is missing'],
    ['error: connection', 'error:', 1, 'the value is missing'],
    ['level:a,', 'level:a,', 1, 'the value is missing'],
    ['level:a, b', 'level:a,', 1, 'the value is missing'],
    ['(level:)', 'level:', 2, 'the value is missing'],
    ['status>=', 'status>=', 1, 'the value is missing'],
    ['level:(a or b)', '(', 7, 'a value cannot be a group'],
    ['status>many', 'status>many', 1, '"many" is not a number, a duration or a size'],
    ['a foo->bar', 'foo->bar', 3, '"bar" is not a number'],
    ['level>=loud', 'level>=loud', 1, '"loud" is not a number'],
    ['a >5', '>5', 3, 'there is no name of a label or field before it', 'a 5 >5'],
    ['status==500', '==', 7, 'not an operator'],
    ['a | b', '|', 3, 'not an operator'],
    ['a && b', '&&', 3, 'not an operator'],
    ['!level:debug', '!level:debug', 1, '! does not negate here'],
    ['{app="a"} |= "b"', '{app="a"} |= "b"', 1, 'LogQL is not taken here'],
    ['a - b', '-', 3, 'nothing follows that it negates'],
    ['a or', 'or', 3, 'nothing follows'],
    ['or a', 'or', 1, 'a condition is missing before it'],
    ['a or or b', 'or', 6, 'a condition is missing before it'],
    ['a and', 'and', 3, 'nothing follows'],
    ['not', 'not', 1, 'nothing follows'],
    ['user not found', 'not', 6, 'it may be a part of the text, or mean without'],
    ['main()', '()', 5, 'there is nothing between the parentheses'],
    ['(a', '(', 1, 'the parenthesis is not closed'],
    ['a) b', ')', 2, 'no parenthesis is open here'],
    ['(a or ) b', ')', 7, 'a condition is missing before it'],
    ['x /a(/', '/a(/', 3, 'not a valid regular expression: missing closing )'],
    ['path=~x(*)', 'x(*)', 7, 'not a valid regular expression: missing argument'],
    ['path:/^/api/', '/^/api/', 6, 'a slash within an expression ends it'],
    ['since:1h', 'since:1h', 1, 'times are not a part of the search text'],
    ['x until:yesterday', 'until:yesterday', 3, 'times are not a part of the search text'],
    ['since=1h', 'since=1h', 1, 'times are not a part of the search text'],
    ['earliest=-1h', 'earliest=-1h', 1, 'times are not a part of the search text; allowed: the parameter since=-1h'],
    [
      'x time<2026-11-23',
      'time<2026-11-23',
      3,
      'times are not a part of the search text; allowed: the parameter until=',
    ],
    ['status:5xx', '5xx', 8, 'x is not a wildcard; allowed: 5* for all'],
    ['level in (error, warn)', 'in', 7, 'not an operator; allowed: name:a,b for one of'],
    ['status between 500 and 599', 'between', 8, 'not an operator'],
    ['label.:a', 'label.:a', 1, 'without a name'],
  ])('refuses %j at `%s`', (text, quoted, position, problem, other = text) => {
    const error = errorOf(other);
    if (other === text) expect(error.position).toBe(position);
    expect(error.message).toContain(`search: \`${quoted}\` at `);
    expect(error.message).toContain(`: ${problem}`);
    expect(error.message).toMatch(/; allowed: .+; example: .+$/);
    expect(other.slice(error.position - 1, error.position - 1 + error.length)).toBe(quoted);
  });

  /** Other languages, and what the error suggests. */
  it.each([
    ['level!==debug', '!==', 'level!=500'],
    ['level<>debug', '<>', 'level!=500'],
    ['level <> debug', '<>', 'level!=500'],
    ['status=>500', '=>', 'status>=500'],
    ['status=<500', '=<', 'status<=500'],
    ['status =< 500', '=<', 'status<=500'],
    ['level===error', '===', 'level:500'],
    ['level:=error', ':=', 'level:500'],
    ['level:!debug', ':!', '-level:500'],
    ['level=!debug', '=!', '-level:500'],
    ['path!=~^/a', '!=~', '-path:/expression/'],
    ['path~=^/a', '~=', 'path:/expression/'],
    ['path ~ "/api/.*"', '~', 'path:/expression/'],
    ['level : error', 'level :', 'level:500'],
    ['level:not debug', 'not', '-level:debug'],
    ['+timeout -debug', '+', 'timeout level:error'],
    ['a +level:error', '+', 'timeout level:error'],
    ['`failed`', '`failed`', '"connection refused"'],
    ['“charge failed”', '“charge', '"connection refused"'],
    ['level:‘error’', '‘error’', '"connection refused"'],
    ['status:[500 TO 599]', '[500', 'status>=500 status<=599'],
    ['status:{500 TO *}', '{500', 'status>=500 status<=599'],
    ['level:[error,warn]', '[error', 'status>=500 status<=599'],
    ['_exists_:path', '_exists_', 'path:*'],
    ['NOT _exists_:path', '_exists_', 'path:*'],
    ['_missing_:path', '_missing_', '-path:*'],
    ['latency_ms>1 s', 's', 'latency_ms>1s'],
    ['latency_ms >= 500 ms x', 'ms', 'latency_ms>=500ms'],
    ['a (latency_ms>1) Sec', 'Sec', 'latency_ms>1s'],
    ['latency_ms > 0.5 seconds', 'seconds', 'latency_ms>0.5s'],
    ['size>10 MiB', 'MiB', 'size>10MiB'],
    ['500<=status', '500<=status', 'status>=500'],
    ['x 500<=status<600', '500<=status<600', 'status>=500'],
    ['1.5>took', '1.5>took', 'took<1.5'],
    ['timestamp>now-1h', 'timestamp>now-1h', 'search=timeout&since=now-1h'],
    ['_time<-2h', '_time<-2h', 'search=timeout&until=-2h'],
    ['status eq 502', 'eq', 'status:502'],
    ['x status (gte 500)', 'gte', 'status>=500'],
    ['status ne 200', 'ne', 'status!=200'],
    ['level eq "error"', 'eq', 'level:error'],
    ['status between 500 and 599', 'between', 'status>=500'],
    ['path like "/api/%"', 'like', 'path:/api/*'],
    ['path LIKE /api', 'LIKE', 'path:/api'],
    ['path contains "api"', 'contains', 'path:*api*'],
    ['path STARTSWITH /api', 'STARTSWITH', 'path:/api*'],
    ['path IS NULL', 'IS', '-path:*'],
    ['path IS NOT NULL', 'IS', 'path:*'],
    ['level in (error, warn)', 'in', 'level:a,b'],
    ['select * from logs where status = 502', 'select * from logs where status = 502', 'status>=500 method:GET'],
    ['failed | json', '|', '(timeout or refused) -level:debug'],
  ])('leads from %j', (text, quoted, example) => {
    const error = errorOf(text);
    expect(text.slice(error.position - 1, error.position - 1 + error.length)).toBe(quoted);
    expect(error.message).toMatch(/; allowed: .+; example: /);
    expect(error.message.slice(error.message.indexOf('; example: ') + '; example: '.length)).toBe(example);
  });

  it.each([
    'connection is null',
    'request contains errors',
    'tests like this',
    'select from orders',
    'path:{id}',
    'addr:[::1]:80',
    'a ~/.bashrc x~y',
    '5 m',
    'status:500 s',
    'equal gt more',
    'c++ +1 +49',
  ])('takes %j as it is', (text) => {
    expect(() => parseSearch(text, { ignoreCase: false })).not.toThrow();
  });

  it.each([
    ['parentheses', `${'('.repeat(33)}a${')'.repeat(33)}`, 33, 'nested too deeply; allowed: up to 32'],
    ['negations', '-('.repeat(17), 33, 'nested too deeply'],
    ['conditions', 'a '.repeat(101), 201, 'more than 100 conditions'],
    ['values', `a:${'b,'.repeat(100)}b`, 203, 'more than 100 values'],
    ['characters', 'a'.repeat(8193), 8193, 'the search text is too long; allowed: up to 8192 bytes'],
    ['characters of a word', `a ${'b'.repeat(4097)}`, 3, 'too long; allowed: up to 4096 bytes'],
    ['any case', 'é'.repeat(2000), 1, 'too long to be found in any case'],
  ])('limits %s', (_, text, position, problem) => {
    const error = errorOf(text);
    expect(error.position).toBe(position);
    expect(error.message).toContain(problem);
  });
});

function errorOf(text: string): SearchTextError {
  try {
    parseSearch(text, { ignoreCase: false });
  } catch (error) {
    if (error instanceof SearchTextError) return error;
    throw error;
  }
  throw new Error(`${text} was not refused`);
}

/** Without places. */
function plain(node: SearchNode): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'range' ? undefined : value)));
}

const PIECES = [
  'a',
  'level',
  'status',
  'é',
  '😀',
  '500',
  '1.5s',
  '-',
  '--',
  ' ',
  '  ',
  '\n',
  ':',
  '=',
  '!=',
  '=~',
  '>',
  '>=',
  '<=',
  '(',
  ')',
  '"',
  "'",
  '/',
  '//',
  '\\',
  '*',
  ',',
  '|',
  '&',
  '!',
  '{',
  '}',
  '.',
  '^',
  '$',
  '[',
  ']',
  '+',
  '?',
  'i',
  'or',
  'and',
  'not',
  'NOT',
  'OR',
  ' or ',
  ' -',
  'since:',
  '1h',
  'level:',
  'path:/a/',
  '/x/i',
  '"a b"',
  'field.',
  '\\"',
  '\\\\',
  '\\/',
  '\\*',
  '\\ ',
  '\ud800',
  '\0',
  'x:"',
  '",',
  'path=~',
  ' TO ',
  ' : ',
  ' ~ ',
  ' eq ',
  ' like ',
  ' IS ',
  'NULL',
  's',
  '%',
  '“',
  '`',
  'select ',
  ' from ',
  '_exists_:',
];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

describe('any text', () => {
  it('is parsed or refused with a place in it, and its tokens are in order', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const tokens = tokensOf(text);
        for (const [i, { start, end, kind, problem }] of tokens.entries()) {
          expect(start).toBeGreaterThanOrEqual(tokens[i - 1]?.end ?? 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(problem !== undefined).toBe(kind === 'broken');
        }
        try {
          parseSearch(text, { ignoreCase: false });
        } catch (error) {
          if (!(error instanceof SearchTextError)) throw error;
          expect(error.position).toBeGreaterThan(0);
          expect(error.position).toBeLessThanOrEqual(text.length);
          expect(error.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('has a canonical form, which means the same', () => {
    let parsed = 0;
    fc.assert(
      fc.property(texts, (text) => {
        let node: SearchNode;
        try {
          node = parseSearchText(text);
        } catch {
          return;
        }
        parsed++;
        const canonical = printSearch(node);
        const again = parseSearchText(canonical);
        expect(plain(again)).toEqual(plain(node));
        expect(printSearch(again)).toBe(canonical);
      }),
      { numRuns: 10_000 },
    );
    expect(parsed).toBeGreaterThan(1000);
  });

  it('takes time linear in its length', () => {
    for (const piece of PIECES.filter((each) => each.trim() !== '')) {
      for (const glue of ['', ' ']) {
        // A quadratic lexer would look at 10^11 characters.
        const text = (piece + glue).repeat(Math.floor(300_000 / (piece.length + glue.length)));
        expect(tokensOf(text).length).toBeLessThanOrEqual(text.length);
      }
    }
  });
});

import fc from '../../../../fast-check.ts';
import { parser as lezer } from '@grafana/lezer-logql';
import { expect, test } from 'vitest';
import { LOGQL_BYTES_MAX, LOGQL_DEPTH_MAX, LOGQL_MATCHERS_MAX } from '../../../../../server/limits.ts';
import { LogqlError } from '../../../../../server/query/logql/syntax/errors.ts';
import { parseQuery } from '../../../../../server/query/logql/syntax/parser.ts';
import { prettyQuery } from '../../../../../server/query/logql/syntax/pretty.ts';
import { printQuery } from '../../../../../server/query/logql/syntax/print.ts';
import { query } from './random-query.ts';

test.each([
  ['{app="a"}', '{app="a"}'],
  ['{ app = `a` , b!~"x\\\\d" }', '{app="a", b!~"x\\\\d"}'],
  ['(({a="b"}))', '{a="b"}'],
  ['{a="b"} |= "x" or ip("10.0.0.0/8") != "y"', '{a="b"} |= "x" or ip("10.0.0.0/8") != "y"'],
  ['{a="b"} |> "<_> x" !> `y<_>`', '{a="b"} |> "<_> x" !> "y<_>"'],
  ['{a="b"} | json | json x, y="a.b[0]"', '{a="b"} | json | json x="x",y="a.b[0]"'],
  ['{a="b"} | LOGFMT --keep-empty --strict x', '{a="b"} | logfmt --strict --keep-empty x="x"'],
  ['{a="b"} | x=5 y>1.5h, z<=10KiB', '{a="b"} | ( x==5 , ( y>1h30m0s , z<=10240B ) )'],
  ['{a="b"} | x="5" or y=ip("::1") and z!=-3', '{a="b"} | ( x="5" or ( y=ip("::1") , z!=-3 ) )'],
  ['{a="b"} | (x="1" or y="2") and z="3"', '{a="b"} | ( ( x="1" or y="2" ) , z="3" )'],
  [
    '{a="b"} | label_format x=y, z="{{.a}}" | drop x, y="1" | keep z',
    '{a="b"} | label_format x=y,z="{{.a}}" | drop x,y="1" | keep z',
  ],
  ['rate({a="b"}[5m] | json)', 'rate({a="b"} | json[5m])'],
  ['rate(({a="b"} |= "x")[90s] offset 1h) # note', 'rate({a="b"} |= "x"[1m30s] offset 1h0m0s)'],
  ['rate({a="b"}[1d] offset -5m)', 'rate({a="b"}[1d] offset -5m0s)'],
  [
    'quantile_over_time(.9, {a="b"} | unwrap duration(x) | y="z" [5m]) by (a)',
    'quantile_over_time(0.9,{a="b"} | unwrap duration(x) | y="z"[5m]) by (a)',
  ],
  ['sum(rate({a="b"}[1m])) by (x, y)', 'sum by (x,y)(rate({a="b"}[1m]))'],
  [
    'topk(3, vector(1)) or on () group_left vector(2)',
    '(topk(3,vector(1.000000)) or on () group_left vector(2.000000))',
  ],
  ['vector(1) > bool ignoring(a) vector(2)', '(vector(1.000000) > bool ignoring (a)  vector(2.000000))'],
  [
    'vector(1) + on () group_left () (vector(2) + vector(3))',
    '(vector(1.000000) + on () group_left () (vector(2.000000) + vector(3.000000)))',
  ],
  ['vector(1) * ignoring () vector(2)', '(vector(1.000000) * vector(2.000000))'],
  ['{a="b"} | x > 0b1 | y < 5e400 | z=1e21', '{a="b"} | x>0 | y<+Inf | z==1000000000000000000000'],
  ['vector(1) + 1e-7', '(vector(1.000000) + 1e-07)'],
  ['{a="b"} | regexp "(?P<1>x)"', '{a="b"} | regexp "(?P<1>x)"'],
  [
    'vector(1) - vector(2) - vector(3) ^ vector(4) ^ vector(5)',
    '((vector(1.000000) - vector(2.000000)) - (vector(3.000000) ^ (vector(4.000000) ^ vector(5.000000))))',
  ],
  [
    'vector(1) or vector(2) and vector(3) == vector(4) + vector(5) * 6',
    '(vector(1.000000) or (vector(2.000000) and (vector(3.000000) == (vector(4.000000) + (vector(5.000000) * 6)))))',
  ],
  ['-2 ^ 2', '4'],
  ['1 / 0', 'NaN'],
  ['-1e308 * 10', '-Inf'],
  ['{a="b"} != "c" or "d" |= "e" or "f"', '{a="b"} != "c" != "d" |= "e" or "f"'],
  ['{ü="b"} | é=~"x" | drop à="y", à', '{"ü"="b"} | "é"=~"x" | drop "à"="y",à'],
  ['2 > 1', '1'],
  ['0x1.8p1', '3'],
  ['label_replace(vector(1), "a", "$1", "b", "(.*)")', 'label_replace(vector(1.000000),"a","$1","b","(.*)")'],
  [
    'variants(count_over_time({a="b"}[5m])) of ({a="b"}[5m])',
    'variants(count_over_time({a="b"}[5m])) of ({a="b"}[5m])',
  ],
  ['sum by (rate, ip, label_replace) (rate({bytes="b"}[1m]))', 'sum by (rate,ip,label_replace)(rate({bytes="b"}[1m]))'],
  ['{a="b"} /* a comment */ | x>1_000 // and another', '{a="b"} | x>1000'],
  ['{a="b"} | ip=ip("10.0.0.1") | y>1k', '{a="b"} | ip=ip("10.0.0.1") | y>1.0kB'],
])('%s', (text, printed) => {
  expect(printQuery(parseQuery(text))).toBe(printed);
});

const AT = 'parse error at line';
test.each([
  ['', 'parse error : syntax error: unexpected $end'],
  ['{', `${AT} 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }`],
  ['{a="b"', `${AT} 1, col 7: syntax error: unexpected $end, expecting } or ,`],
  ['{a="b",}', `${AT} 1, col 8: syntax error: unexpected }, expecting IDENTIFIER`],
  ['{a=b}', `${AT} 1, col 4: syntax error: unexpected IDENTIFIER, expecting STRING`],
  ["{a='b'}", `${AT} 1, col 4: syntax error: unexpected IDENTIFIER, expecting STRING`],
  ["{a='bc'}", `${AT} 1, col 4: invalid char literal`],
  ['{a="b', `${AT} 1, col 4: literal not terminated`],
  ['{a="b"}\n  foo', `${AT} 2, col 3: syntax error: unexpected IDENTIFIER`],
  ['{foo="bar", foo2 }', `${AT} 1, col 18: syntax error: unexpected }, expecting = or =~ or !~ or !=`],
  ['{a="b"} |~ "\\d"', `${AT} 1, col 12: invalid char escape`],
  ['{a="b"} |= 5', `${AT} 1, col 12: syntax error: unexpected NUMBER, expecting STRING or ip`],
  ['{a="b"} | stats count()', `${AT} 1, col 17: syntax error: unexpected COUNT`],
  ['{a="b"} | x=="5"', `${AT} 1, col 14: syntax error: unexpected STRING`],
  ['{a="b"} | line_format', `${AT} 1, col 22: syntax error: unexpected $end, expecting STRING`],
  ['{a="b"} | ip("10.0.0.1")', `${AT} 1, col 11: syntax error: unexpected ip`],
  ['{of="b"}', `${AT} 1, col 2: syntax error: unexpected of, expecting IDENTIFIER or }`],
  ['variants(vector(1))', `${AT} 1, col 20: syntax error: unexpected $end, expecting of`],
  ['{a="b"} | logfmt x --strict', `${AT} 0, col 20: syntax error: unexpected FUNCTION_FLAG`],
  ['{a="b"} | x>1kb', `${AT} 1, col 16: syntax error: unexpected $end`],
  ['{a="b"} /* x', `${AT} 1, col 9: comment not terminated`],
  ['1e', `${AT} 1, col 1: exponent has no digits`],
  ['1__0', `${AT} 1, col 1: '_' must separate successive digits`],
  ['08', `${AT} 1, col 1: invalid digit '8' in octal literal`],
  ['1P', `${AT} 1, col 1: 'P' exponent requires hexadecimal mantissa`],
  ['rate({a="b"}[1.5h])', `${AT} 0, col 13: unknown unit "." in duration "1.5h"`],
  ['rate({a="b"}[5m:1m])', `${AT} 0, col 13: unknown unit "m:" in duration "5m:1m"`],
  ['rate({a="b"}[30m1h])', `${AT} 0, col 13: not a valid duration string: "30m1h"`],
  ['rate({a="b"}[1000y])', `${AT} 0, col 13: duration out of range`],
  ['vector(0b1)', /^parse error : unable to parse vectorExpr as a float: strconv.ParseFloat: parsing "0b1"/],
  ['sort(vector(1)) by (x)', "parse error : sort and sort_desc doesn't allow grouping by "],
  ['{}', /^parse error : queries require at least one regexp or equality matcher/],
  ['sum({job="mysql"})', `${AT} 1, col 18: syntax error: unexpected )`],
  ['rate({a="b"}[5m', `${AT} 0, col 13: missing closing ']' in duration`],
  ['rate({a="b"}[5minutes])', `${AT} 0, col 13: unknown unit "minutes" in duration "5minutes"`],
  ['rate({a="b"}[])', `${AT} 0, col 13: empty duration string`],
  ['{a="b"}[5m]', `${AT} 0, col 8: syntax error: unexpected RANGE`],
  ['-vector(1)', `${AT} 1, col 2: syntax error: unexpected VECTOR, expecting NUMBER`],
  ['0b', `${AT} 1, col 1: binary literal has no digits`],
  ['0x1A', 'parse error : unable to parse literal as a float: strconv.ParseFloat: parsing "0x1A": invalid syntax'],
  ['{a=~"["}', 'parse error : error parsing regexp: missing closing ]: `[`'],
  ['{a=~".*"}', /^parse error : queries require at least one regexp or equality matcher/],
  ['{a="b"} | regexp "x"', 'parse error : invalid regexp parser: at least one named capture must be supplied'],
  ['{a="b"} | regexp "(?P<a>x)(?P<a>y)"', "parse error : invalid regexp parser: duplicate extracted label name 'a'"],
  ['{a="b"} | pattern "x <_>"', 'parse error : invalid pattern parser: at least one capture is required'],
  [
    '{a="b"} | pattern "<a><b>"',
    "parse error : invalid pattern parser: found consecutive capture '<a><b>': invalid expression",
  ],
  ['max_over_time({a="b"}[5m])', 'parse error : invalid aggregation max_over_time without unwrap'],
  ['count_over_time({a="b"} | unwrap x [5m])', 'parse error : invalid aggregation count_over_time with unwrap'],
  ['rate({a="b"}[5m]) by (x)', 'parse error : grouping not allowed for rate aggregation'],
  ['quantile_over_time({a="b"} | unwrap x [5m])', 'parse error : parameter required for operation quantile_over_time'],
  ['rate(2, {a="b"}[5m])', 'parse error : parameter 2 not supported for operation rate'],
  ['sum(1, vector(1))', 'parse error : unsupported parameter for operation sum(1,'],
  ['topk(vector(1))', 'parse error : parameter required for operation topk'],
  ['topk(1.5, vector(1))', 'parse error : invalid parameter topk(1.5,'],
  ['topk(0, vector(1))', 'parse error : invalid parameter (must be greater than 0) topk(0'],
  ['1 and vector(1)', 'parse error : unexpected literal for left leg of logical/set binary operation (and): 1.000000'],
  ['vector(1) or 2', 'parse error : unexpected literal for right leg of logical/set binary operation (or): 2.000000'],
  ['{a="b"} + 1', 'parse error : unexpected type for left leg of binary operation (+): *syntax.MatchersExpr'],
  ['1 + {a="b"} | json', 'parse error : unexpected type for right leg of binary operation (+): *syntax.PipelineExpr'],
  [
    `{a="${'b'.repeat(LOGQL_BYTES_MAX)}"}`,
    `parse error : input size too long (${LOGQL_BYTES_MAX + 6} > ${LOGQL_BYTES_MAX})`,
  ],
  [`{${'a="b",'.repeat(LOGQL_MATCHERS_MAX)}a="b"}`, /too many matchers in a stream selector: 51, at most 50/],
  ['vector(1)' + '+vector(1)'.repeat(LOGQL_DEPTH_MAX + 1), /nested too deeply/],
  [`{a="b"} | ${'x="1" or '.repeat(LOGQL_DEPTH_MAX + 1)} x="1"`, /nested too deeply/],
])('%s is refused', (text, message) => {
  expect(() => parseQuery(text)).toThrow(message);
});

test('a deep nest of parentheses is no deep query', () => {
  expect(printQuery(parseQuery(`${'('.repeat(20_000)}vector(1)${')'.repeat(20_000)}`))).toBe('vector(1.000000)');
});

test('parsing what was printed gives the query again, in one line and in several', () => {
  fc.assert(
    fc.property(query, (expr) => {
      expect(parseQuery(printQuery(expr))).toEqual(expr);
      expect(parseQuery(prettyQuery(expr))).toEqual(expr);
    }),
    { numRuns: 500 },
  );
});

/** What the grammar of Grafana's editor lacks. */
const UNKNOWN_TO_LEZER = /variants|podlog|unwrap [^]*offset|--(?:strict|keep-empty)(?! )|\{\s*\}/;
const TOKENS = /"(?:\\.|[^"\\])*"|\[[^\]"]*\]|[\p{L}\p{N}_.]+|[|!=<>~]+|\s+|./gu;

test('what is written wrongly is refused by Grafana, too, and the other way round', () => {
  const mutated = fc
    .tuple(query.map(printQuery), fc.nat(), fc.nat(), fc.constantFrom('none', 'drop', 'repeat', 'swap'))
    .map(([text, a, b, what]) => {
      const tokens = text.match(TOKENS) ?? [];
      const [i, j] = [a % tokens.length, b % tokens.length];
      if (what === 'drop') tokens.splice(i, 1);
      if (what === 'repeat') tokens.splice(i, 0, tokens[j]!);
      if (what === 'swap') [tokens[i], tokens[j]] = [tokens[j]!, tokens[i]!];
      return tokens.join('');
    })
    .filter((text) => !UNKNOWN_TO_LEZER.test(text) && !KNOWN_DIFFERENCES.some((each) => each.test(text)));
  let isWrongCount = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const ours = verdictOf(text);
      if (ours === 'senseless') return;
      if (ours === 'wrong') isWrongCount++;
      expect(ours, text).toBe(isErrorFree(text) ? 'right' : 'wrong');
    }),
    { numRuns: 1000 },
  );
  expect(isWrongCount).toBeGreaterThan(100);
});

/** Where Loki's grammar and that of its editor disagree: ours is Loki's. */
const KNOWN_DIFFERENCES: readonly RegExp[] = [
  // Label filters joined by a space.
  /\| [^|]*(?:"|\d|\w)\)?\s+(?:\( )?\w+(?:[=!<>]=?|=~|!~)/,
  // A trailing comma in group_left and group_right.
  /,\)/,
  // `vector` as the name of a label.
  /\bvector\b(?!\()/,
  // Words of the language as names of labels.
  /[(,](?:by|without|on|ignoring|bool|or|and|unless|offset)[),]/,
  // Words and texts that touch.
  /(?:regexp|pattern|line_format)"/,
  /""|"\w|\w"(?!\w*=)/,
];

function verdictOf(text: string): 'right' | 'wrong' | 'senseless' {
  try {
    parseQuery(text);
    return 'right';
  } catch (error) {
    if (!(error instanceof LogqlError)) throw error;
    return error.message.startsWith('parse error :') ? 'senseless' : 'wrong';
  }
}

function isErrorFree(text: string): boolean {
  let isBroken = false;
  lezer.parse(text).iterate({
    enter: ({ type }) => {
      if (type.isError) isBroken = true;
    },
  });
  return !isBroken;
}

import { describe, expect, test } from 'vitest';
import { LINE_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_STEPS_MAX } from '../../../../../server/limits.ts';
import { compileTemplate } from '../../../../../server/query/logql/template/compile.ts';
import { TemplateError } from '../../../../../server/query/logql/template/errors.ts';
import type { TemplateScope } from '../../../../../server/query/logql/template/function.ts';

const LABELS = new Map(
  Object.entries({
    app: 'api',
    greeting: 'Hello World',
    n: '42',
    took: '1m30s',
    size: '1.5KB',
    json: '{"list":[1,2,{"y":"z"}],"o":{"k":true}}',
    empty: '',
  }),
);
const SCOPE: TemplateScope = {
  line: 'the LINE',
  timestamp: () => 1_700_000_000_123_456_789n,
  nowMs: 1_700_000_100_000,
  label: (name) => LABELS.get(name),
  labels: () => LABELS,
};
const run = (text: string): string => compileTemplate(text).run(SCOPE);

test.each([
  // Actions.
  ['a {{.app}} b', 'a api b'],
  ['{{.missing}}|{{.empty}}|', '||'],
  ['a  {{- .app -}}  b', 'aapib'],
  ['{{/* a comment */}}x{{- /* another */ -}} y', 'xy'],
  ['{{if .app}}yes{{else}}no{{end}}', 'yes'],
  ['{{if .missing}}yes{{else if eq .app "api"}}api{{else}}no{{end}}', 'api'],
  ['{{with .app}}{{.}}{{else}}none{{end}}', 'api'],
  ['{{with $x := .app}}{{$x}}{{end}}', 'api'],
  ['{{range $i, $e := (fromJson .json).list}}{{$i}}:{{$e}} {{end}}', '0:1 1:2 2:map[y:z] '],
  ['{{range (fromJson .json).list}}{{if eq . 2.0}}{{break}}{{end}}{{.}}{{end}}', '1'],
  ['{{range (fromJson "[]")}}x{{else}}nothing{{end}}', 'nothing'],
  ['{{range $k, $v := (fromJson .json).o}}{{$k}}={{$v}}{{end}}', 'k=true'],
  ['{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2'],
  ['{{$.app}} {{range 2}}{{.}}{{end}}', 'api 01'],
  ['{{.greeting | ToLower | replace " " "_" | trunc 5 | upper}}', 'HELLO'],
  ['{{"a\\tb"}}{{`c\\d`}}', 'a\tbc\\d'],
  // Go's functions.
  ['{{and "a" ""}}|{{or "" "b"}}|{{not true}}', '|b|false'],
  ['{{len .app}} {{len (fromJson .json)}}', '3 2'],
  ['{{index (fromJson .json) "list" 1}} {{slice "abcdef" 1 3}}', '2 bc'],
  ['{{print 1 2 "x" 3}} {{println "a" 1}}', '1 2x3 a 1\n'],
  ['{{printf "%-5s|%5s|%05d|%+d|%x|%c" "ab" "cd" 42 7 255 65}}', 'ab   |   cd|00042|+7|ff|A'],
  [
    '{{printf "%.2f|%e|%g|%8.3f|%t|%v|%q" 3.14159 1500.0 0.5 2.0 true "x" "y"}}',
    '3.14|1.500000e+03|0.5|   2.000|true|x|"y"',
  ],
  ['{{printf "%d" "x"}} {{printf "%s"}} {{printf "x" 1}}', '%!d(string=x) %!s(MISSING) x%!(EXTRA int=1)'],
  ['{{html "<a>"}} {{js "it\'s"}} {{urlquery "a b"}}', "&lt;a&gt; it\\'s a+b"],
  ['{{eq "a" "b" "a"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 2}}', 'true true true true false true'],
  ['{{printf "%[2]d %[1]d" 1 2}} {{printf "%[1]d %d" 1 2}} {{printf "%[2]*[1]d" 1 5}}', '2 1 1 2     1'],
  ['{{printf "%[3]d|%[x]d|%[1" 1}} {{printf "%.[2]*f" 1.5 2}}', '%!d(BADINDEX)|%!d(BADINDEX)|%!(NOVERB) %!f(MISSING)'],
  ['{{index . "app"}}|{{index . "nope"}}|{{printf "%T" .}}', 'api||map[string]string'],
  ['{{(fromJson "x").a}} {{$x := fromJson "null"}}{{$x.a.b}}', '<no value> <no value>'],
  ['{{fromJson "{\\"a\\":\\"\\\\ud800\\"}"}}', 'map[a:\uFFFD]'],
  ['{{2.5i}} {{-1i}} {{printf "%T" 1i}}', '(0+2.5i) (0-1i) complex128'],
  // Templates in templates.
  ['{{define "x"}}<{{.}}>{{end}}{{template "x" .app}}{{template "x"}}', '<api><<no value>>'],
  ['{{template "x" .}}{{define "x" -}}  {{.app}}{{$.n}}  {{- end}}', 'api42'],
  ['{{range 2}}{{block "b" .}}[{{.}}]{{end}}{{end}}', '[0][1]'],
  ['{{$x := 1}}{{define "x"}}{{$x := 2}}{{$x}}{{end}}{{template "x"}}{{$x}}', '21'],
  // Methods of times.
  ['{{__timestamp__.Unix}} {{__timestamp__.UnixMilli}} {{(__timestamp__).Year}}', '1700000000 1700000000123 2023'],
  ['{{__timestamp__.UTC.Weekday}} {{__timestamp__.Month}} {{__timestamp__.YearDay}}', 'Tuesday November 318'],
  [
    '{{__timestamp__.Format "15:04"}} {{"2006" | __timestamp__.Format}} {{__timestamp__.Nanosecond}}',
    '22:13 2023 123456789',
  ],
  [
    '{{$t := __timestamp__}}{{$t.Hour}}:{{$t.Minute}}:{{$t.Second}} {{$t.Before now}} {{$t.IsZero}}',
    '22:13:20 true false',
  ],
  // The line and its time.
  ['{{__line__ | lower}}', 'the line'],
  ['{{__timestamp__ | date "2006-01-02T15:04:05.000Z07:00"}}', '2023-11-14T22:13:20.123Z'],
  [
    '{{__timestamp__ | unixEpoch}} {{__timestamp__ | unixEpochMillis}} {{__timestamp__ | unixEpochNanos}}',
    '1700000000 1700000000123 1700000000123456789',
  ],
  ['{{now | unixEpoch}}', '1700000100'],
  ['{{printf "%d %s" __timestamp__.Month __timestamp__.Month}} {{len __timestamp__.Month.String}}', '11 November 8'],
  ['{{printf "%d" __timestamp__.Weekday}} {{eq __timestamp__.Month 11}} {{lt __timestamp__.Month 12}}', '2 true true'],
  ['{{__timestamp__.Location}} {{__timestamp__.UTC.Location}}', 'Local UTC'],
  ['{{__timestamp__.AddDate 1 13 20 | date "2006-01-02"}}', '2026-01-03'],
  ['{{(__timestamp__.Truncate 1000000000).Nanosecond}} {{(__timestamp__.Round 1000000000).Second}}', '0 20'],
  ['{{__timestamp__.Add 1000000000 | date "05"}} {{__timestamp__.Compare __timestamp__}}', '21 0'],
  [
    '{{$d := (__timestamp__.Add 90000000000).Sub __timestamp__}}{{$d}} {{$d.Minutes}} {{printf "%T" $d}}',
    '1m30s 1.5 time.Duration',
  ],
  ['{{__timestamp__}}', '2023-11-14 22:13:20.123456789 +0000 UTC'],
  ['{{__timestamp__ | date "Mon Jan _2 3:04PM 2006 MST -0700"}}', 'Tue Nov 14 10:13PM 2023 UTC +0000'],
  ['{{toDate "2006-01-02" "2024-02-03" | unixEpoch}}', '1706918400'],
  ['{{toDate "02/Jan/2006:15:04:05 -0700" "05/Feb/2024:10:00:00 +0100" | unixEpoch}}', '1707123600'],
  ['{{toDateInZone "2006-01-02 15:04" "Europe/Berlin" "2024-07-03 12:00" | unixEpoch}}', '1720000800'],
  [
    '{{unixToTime "1700000000" | date "15:04"}} {{unixToTime "1700000000123" | unixEpochMillis}}',
    '22:13 1700000000123',
  ],
  // Texts.
  ['{{ToUpper "a"}}{{lower "B"}}{{upper "c"}}{{title "ab cd"}}', 'AbCAb Cd'],
  ['{{Replace "aaa" "a" "b" 2}} {{Replace "aaa" "a" "b" -1}}', 'bba bbb'],
  ['{{Trim "xxaxx" "x"}}{{TrimLeft "xxb" "x"}}{{TrimRight "cxx" "x"}}', 'abc'],
  ['{{TrimPrefix "prea" "pre"}}{{TrimSuffix "bsuf" "suf"}}{{TrimSpace " c "}}', 'abc'],
  ['{{trim " a "}}{{trimAll "$" "$b$"}}{{trimPrefix "x" "xc"}}{{trimSuffix "x" "dx"}}', 'abcd'],
  ['{{trunc 2 "abc"}} {{trunc -2 "abc"}} {{substr 1 3 "abcd"}} {{substr 1 -1 "abcd"}}', 'ab bc bc bcd'],
  ['{{contains "b" "abc"}} {{hasPrefix "a" "abc"}} {{hasSuffix "a" "abc"}}', 'true true false'],
  ['{{indent 2 "a\\nb"}}{{nindent 1 "c"}}', '  a\n  b\n c'],
  ['{{repeat 3 "ab"}} {{default "-" .empty}} {{default "-" .app}}', 'ababab - api'],
  ['{{alignLeft 5 "abc"}}|{{alignRight 5 "abc"}}|{{alignLeft 2 "abc"}}|{{alignRight 2 "abc"}}', 'abc  |  abc|ab|bc'],
  [
    '{{count "o" .greeting}} {{regexReplaceAll "(H)(\\\\w+)" .greeting "${2}$1"}} {{regexReplaceAllLiteral "o" .greeting "$1"}}',
    '2 elloH World Hell$1 W$1rld',
  ],
  ['{{urlencode "a b/c?d=é"}} {{urldecode "a%20b+c%C3%A9"}}', 'a+b%2Fc%3Fd%3D%C3%A9 a b cé'],
  ['{{b64enc "hi"}} {{b64dec "aGk="}}', 'aGk= hi'],
  // Numbers.
  ['{{int "42"}} {{int "x"}} {{float64 "1.5"}} {{int 3.9}}', '42 0 1.5 3'],
  ['{{add 1 2 .n}} {{sub 5 7}} {{mul 2 3 4}} {{div 7 2}} {{mod 7 2}}', '45 -2 24 3 1'],
  ['{{addf 0.1 0.2}} {{subf 1.5 0.5}} {{mulf 1.5 2}} {{divf 1 4}}', '0.3 1 3 0.25'],
  [
    '{{divf 200 7}} {{divf 0.3 0.1}} {{mulf 1000000 2}} {{divf -1 3}}',
    '28.571428571428573 3 2e+06 -0.3333333333333333',
  ],
  ['{{int "5.9"}} {{int "0x10"}} {{int "010"}} {{int "08"}} {{int "1e3"}} {{int "-7"}}', '5 16 8 0 0 -7'],
  ['{{trunc 3 "/ä/€"}} {{trunc -3 "/ä/€"}} {{substr 1 3 "/ä/"}}', '/ä € ä'],
  ['{{printf "%#q %#x % x %+v" "a" "ab" "ab" 2}}', '`a` 0x6162 61 62 2'],
  ['{{fromJson "nope"}} {{fromJson "100000000"}}', '<no value> 1e+08'],
  ['{{toDateInZone "2006-01-02" "No/Where" "2021-11-02" | unixEpoch}}', '1635811200'],
  ['{{max 1 5 3}} {{min 4 2}} {{maxf 1 2.5}} {{minf 1 2.5}}', '5 2 2.5 1'],
  ['{{ceil 1.1}} {{floor 1.9}} {{round 3.14159 2}} {{round 2.5 0}}', '2 1 3.14 3'],
  ['{{bytes .size}} {{duration .took}} {{duration_seconds "1500ms"}}', '1500 90 1.5'],
])('%s', (text, want) => {
  expect(run(text)).toBe(want);
});

describe('what is wrong', () => {
  test.each([
    ['{{.a', 'template: line:1: unclosed action'],
    ['\n{{nope}}', 'template: line:2: function "nope" not defined'],
    ['{{if .a}}x', 'template: line:1: unexpected EOF'],
    ['{{end}}', 'template: line:1: unexpected {{end}}'],
    ['{{define "x"}}y', 'template: line:1: unexpected EOF'],
    ['{{define x}}{{end}}', 'template: line:1: unexpected "x" in define clause'],
    ['{{template}}', 'template: line:1: unexpected "}}" in template clause'],
    ['{{block "b"}}{{end}}', 'template: line:1: missing value for block clause'],
    ['{{define "x"}}{{else}}{{end}}', 'template: line:1: unexpected {{else}} in define clause'],
    ['{{.,a}}', 'template: line:1: unexpected "," in operand'],
    ['{{,}}', 'template: line:1: unexpected "," in command'],
    ['{{range ,}}', 'template: line:1: unexpected "," in range'],
    ['{{.a := 2}}', 'template: line:1: unexpected ":=" in operand'],
    ['{{.a if}}', 'template: line:1: unexpected <if> in operand'],
    ['{{.a |) upper}}', 'template: line:1: unexpected right paren'],
    ['{{if true}}{{define "x"}}{{end}}{{end}}', 'template: line:1: unexpected <define> in command'],
    ['{{define "x"}}y{{end}}{{block "x" .}}z{{end}}', 'line:1: template: multiple definition of template "x"'],
    ['{{range 2}}{{block "b" .}}{{break}}{{end}}{{end}}', 'template: line:1: {{break}} outside {{range}}'],
    ['{{$x := 1}}{{block "b" .}}{{$x}}{{end}}', 'template: line:1: undefined variable "$x"'],
    ['{{"x".foo}}', 'template: line:1: unexpected . after term "\\"x\\""'],
    ['{{if}}x{{end}}', 'template: line:1: missing value for if'],
    ['{{$x}}', 'template: line:1: undefined variable "$x"'],
    ['{{(1}}', 'template: line:1: unclosed left paren'],
    ['{{"abc}}', 'template: line:1: unterminated quoted string'],
    ['{{/* x }}', 'template: line:1: unclosed comment'],
    ['{{break}}', 'template: line:1: {{break}} outside {{range}}'],
    ['{{1 | 2}}', 'template: line:1: non executable command in pipeline stage 2'],
    ['{{if .a}}'.repeat(300), /nested too deeply/],
  ])('of %s is said before any line is read', (text, message) => {
    expect(() => compileTemplate(text)).toThrow(message);
    expect(() => compileTemplate(text)).toThrow(TemplateError);
  });

  test.each([
    [
      'a\n é{{ div 1 0 }}',
      'template: line:2:6: executing "line" at <div 1 0>: error calling div: runtime error: integer divide by zero',
    ],
    ['{{lower 1}}', 'template: line:1:8: executing "line" at <1>: expected string; found 1'],
    ['{{trunc .app "x"}}', 'at <.app>: wrong type for value; expected int; got string'],
    ['{{range (.app | lower)}}{{end}}', '1:16: executing "line" at <lower>: range can\'t iterate over api'],
    ['{{call .app}}', '1:2: executing "line" at <call .app>: error calling call: non-function .app of type string'],
    ['{{call nil}}', 'error calling call: call of nil'],
    ['{{call}}', 'wrong number of args for call: want at least 1 got 0'],
    [
      '{{template "x" .app | upper}}',
      '1:11: executing "line" at <{{template "x" .app | upper}}>: template "x" not defined',
    ],
    [
      '{{define "x"}}{{.app.b}}{{end}}{{template "x" .}}',
      '1:20: executing "x" at <.app.b>: can\'t evaluate field b in type string',
    ],
    ['{{template "line"}}', `exceeded maximum template depth (${TEMPLATE_DEPTH_MAX})`],
    [
      '{{__timestamp__.Nope}}',
      '1:2: executing "line" at <__timestamp__>: can\'t evaluate field Nope in type time.Time',
    ],
    ['{{__timestamp__.Format}}', 'wrong number of args for Format: want 1 got 0'],
    ['{{__timestamp__.Format 5}}', '1:23: executing "line" at <5>: expected string; found 5'],
    ['{{.app 1}}', 'at <.app>: app is not a method but has arguments'],
    [
      '{{range $i, $e := 3}}{{end}}',
      '1:18: executing "line" at <3>: can\'t use 3 to iterate over more than one variable',
    ],
    ['{{eq . .}}', 'error calling eq: non-comparable type map['],
    ['{{index . 5}}', 'error calling index: value has type int; should be string'],
    ['{{printf 5}}', 'at <5>: expected string; found 5'],
    ['{{nil}}', 'at <nil>: nil is not a command'],
    ['{{lower}}', 'wrong number of args for lower: want 1 got 0'],
    ['{{.app.x}}', 'template: line:1:6: executing "line" at <.app.x>: can\'t evaluate field x in type string'],
    ['{{duration "x"}}', 'error calling duration: time: invalid duration "x"'],
    ['{{unixToTime "12"}}', "error calling unixToTime: unable to parse time '12': %!w(<nil>)"],
    ['{{eq .n 42}}', 'error calling eq: incompatible types for comparison: string and int'],
    ['{{bytes "1e3"}}', 'error calling bytes: unhandled size name: e3'],
    ['{{substr 3 2 "abcd"}}', 'error calling substr: runtime error: slice bounds out of range [3:2]'],
    ['{{index "abc" 3}}', 'error calling index: reflect: string index out of range'],
    ['{{index "abc" 4}}', 'error calling index: index out of range: 4'],
    ['{{index (fromJson "[1]") 1}}', 'error calling index: reflect: slice index out of range'],
    ['{{index (fromJson "{}") "a" "b"}}', 'error calling index: index of nil pointer'],
    ['{{__timestamp__.Date}}', 'function Date has 3 return values; should be 1 or 2'],
    ['{{__timestamp__.Zone}}', 'invalid function signature for Zone: second return value should be error; is int'],
    ['{{__timestamp__.AddDate 1}}', 'wrong number of args for AddDate: want 3 got 1'],
    ['{{slice "abc" 5}}', 'error calling slice: index out of range: 5'],
    ['{{regexReplaceAll "[" .app ""}}', /missing closing \]/],
    ['{{repeat 9999999 "x"}}', `error calling repeat: the text is longer than ${LINE_BYTES_MAX} bytes`],
    ['{{range 9999999}}x{{end}}', `range over more than ${LINE_BYTES_MAX} numbers`],
    ['{{range 1000}}{{range 2000}}{{end}}{{end}}', `more than ${TEMPLATE_STEPS_MAX} steps of loops`],
    ['{{range 1000}}{{range 900}}xx{{end}}{{end}}', `the text is longer than ${LINE_BYTES_MAX} bytes`],
    ['{{printf "%9999999d" 1}}', /width above/],
    [`{{fromJson "${'['.repeat(300)}${']'.repeat(300)}"}}`, /nested too deeply/],
  ])('of %s fails for the line', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });
});

test('a layout with many digits takes no time', () => {
  const [layout, text] = ['2'.repeat(60), `${'1'.repeat(90)}x`];
  expect(run(`{{toDate "${layout}" "${text}" | unixEpoch}}`)).toBe('-62135596800');
});

test.each([
  ['{{.app}} {{if .n}}{{$.took}}{{end}}', ['app', 'n', 'took'], false],
  ['{{with .app}}{{.x}}{{end}} {{__line__}}', ['app'], true],
  ['{{.}}', undefined, false],
] as const)('which labels %s needs is known', (text, labels, usesLine) => {
  const template = compileTemplate(text);
  expect(template.labels && [...template.labels]).toEqual(labels);
  expect(template.usesLine).toBe(usesLine);
});

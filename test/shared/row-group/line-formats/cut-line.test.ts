/** Objects are cut as far as a reader finds their members, and whatever is around them; prose with braces is left alone. */
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { SLOTS_MAX } from '../../../../shared/row-group/format.ts';
import { Shredder } from '../../../../shared/row-group/shredder.ts';
import { cut, joined } from './cut.ts';

/** `field=value`, in their order; pieces of text have no name. */
const fieldsOf = (line: string): string =>
  cut(line)
    .values.map(([field, , value]) => `${field}=${value}`)
    .join(' | ');

const OBJECTS: readonly (readonly [line: string, fields: string])[] = [
  // words and numbers that JSON does not know
  ['{"level":"error","n":NaN,"b":1}', 'level=error | n=NaN | b=1'],
  ['{"n":Infinity,"m":-Infinity,"b":1}', 'n=Infinity | m=-Infinity | b=1'],
  ['{"a":+5,"b":.5,"c":5.,"d":0x1f,"e":01,"f":-.5}', 'a=+5 | b=.5 | c=5. | d=0x1f | e=01 | f=-.5'],
  ['{"a":undefined,"b":None,"c":True,"d":nul,"e":nullable}', 'a=undefined | b=None | c=True | d=nul | e=nullable'],
  ['{"a": two words , "t":2026-11-23T15:01:12Z,"b":1}', 'a=two words | t=2026-11-23T15:01:12Z | b=1'],
  ['{"t":datetime.datetime(2026, 11, 23),"b":1}', 't=datetime.datetime(2026 | =11, 23) | b=1'],
  // quotes
  [`{'level': 'error', 'user_id': 7, "s": "it's"}`, "level=error | user_id=7 | s=it's"],
  ['{level: "error", $a_b.c-d@e: 7}', 'level=error | $a_b.c-d@e=7'],
  ['{"msg":"say "hi" there","b":1}', 'msg=say  | =hi" there" | b=1'],
  ['{"a":"\\q \\u12 \x01\t","b":1}', 'a=\\q \\u12 \x01\t | b=1'],
  // commas and what is missing
  ['{"a":,"b":1}', 'b=1'],
  ['{"a":1,"b":}', 'a=1'],
  ['{"a":1,}', 'a=1'],
  ['{,"a":1,,"b":2, ,}', 'a=1 | b=2'],
  ['{"a":1 "b":2}', 'a=1 | b=2'],
  ['{"a":1,"b","c":3}', 'a=1 | ="b" | c=3'],
  ['{"a":1,/* why, then */"b":2,// so\n"c":3}', 'a=1 | =/* why, then */ | b=2 | =// so | c=3'],
  ['{"a":1/* one */,"b":2}', 'a=1 | =/* one */ | b=2'],
  // nested
  ['{"a":{"b":NaN,"c":{"d":1,}},"e":2}', 'a.b=NaN | a.c.d=1 | e=2'],
  ['{"a":{text},"b":1}', '=text | b=1'],
  ['{"a":[1,NaN,{"b":None}],"c":2}', 'a=[1,NaN,{"b":None}] | c=2'],
  ['{"a":[1,2,"b":3}', 'a=[1,2 | b=3'],
  // a line that was cut
  ['{"level":"error","user_id":7', 'level=error | user_id=7'],
  ['{"level":"error","msg":"out of mem', 'level=error | msg=out of mem'],
  ['{"level":"error","ms', 'level=error | ="ms'],
  ['{"level":"error","msg":', 'level=error'],
  ['{"a":{"b":1,"c":{"d":[1,2', 'a.b=1 | a.c.d=[1,2'],
  ['{"a":1,"b":tru', 'a=1 | b=tru'],
  // what is behind the object
  ['{"a":1}\r', 'a=1'],
  ['{"a":1},', 'a=1'],
  ['{"a":1}\x1b[0m', 'a=1'],
  ['{"a":1} ok', 'a=1 | =ok'],
  ['{"a":1}}', 'a=1 | =}'],
  ['{"a":1}{"a":2} {"b":3}\t[x]', 'a=1 | a=2 | b=3 | =[x]'],
  ['{} {"a":1}', 'a=1'],
  // what is before it
  [' {"a":1}', 'a=1'],
  ['\t{a: 1}', 'a=1'],
  ['\ufeff{"a":1}', 'a=1'],
  ['\x1b[1;32m{"a":1}\x1b[0m', 'a=1'],
  ['2026-11-23T15:01:12Z {"level":"error","a":1}', 'time=2026-11-23T15:01:12Z | level=error | a=1'],
  ['2026-11-23 15:01:12 INFO {"a":1}', 'time=2026-11-23 15:01:12 | level=INFO | a=1'],
  ['[ERROR] failed: {"user_id":7}', '=[ | level=ERROR | message=failed: | user_id=7'],
  ['INFO: {"a":NaN}', 'level=INFO | a=NaN'],
  ['app-1  | {"level":"ERROR","user_id":7}', '=app-1  | | level=ERROR | user_id=7'],
  ['[pod/x] {"a":1}', '=[pod/x] | a=1'],
  ['user gone {"user_id":7} at {"b":2}.', '=user gone | user_id=7 | =at | b=2 | =.'],
  [
    'E1123 15:01:12.123456 1 a.go:1] failed {"user_id":7}',
    'level=E | time=1123 15:01:12.123456 | thread=1 | caller=a.go:1 | message=failed | user_id=7',
  ],
  [
    '2026-11-23 15:01:12.123 UTC [9] LOG:  {"user_id":7}',
    'time=2026-11-23 15:01:12.123 | pid=9 | level=LOG | user_id=7',
  ],
];

/** Without fields. */
const PROSE = [
  'error in {foo}',
  'error in {"foo"}',
  'use {a: 1} here',
  'started { port: 3000 }',
  'x {} y {"',
  '{INFO}',
  '{',
  '{}}',
  '{"',
  '{"a"',
  '{"a":',
  '{{{"',
];

/** Values as JSON has them, and others. */
const value = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.constantFrom('NaN', '+5', '.5', '0x1f', 'undefined', "'it'", '', 'two words', '"cut', '[1,', '{', '"a\\'),
);
const object = fc
  .array(
    fc.tuple(fc.constantFrom('"a"', '"b\\"c"', "'d'", 'e', '"level"', ''), fc.constantFrom(':', ' : ', ''), value),
    {
      maxLength: 6,
    },
  )
  .chain((members) =>
    fc.constantFrom(',', ', ', ',,', ' ').map((comma) => `{${members.map((member) => member.join('')).join(comma)}}`),
  );
/** Objects, cut and with something in them, before or behind. */
const line = fc
  .tuple(
    fc.constantFrom('', ' ', 'INFO ', 'app | ', '2026-11-23T15:01:12Z '),
    fc.array(object, { maxLength: 3 }),
    fc.string(),
  )
  .chain(([before, objects, behind]) => fc.constant(before + objects.join(' ') + behind))
  .chain((whole) => fc.nat(whole.length).map((length) => (length % 3 === 0 ? whole.slice(0, length) : whole)));

describe('cutLine', () => {
  it.each(OBJECTS)('%s', (text, fields) => {
    expect(fieldsOf(text)).toBe(fields);
  });

  it.each(PROSE)('has no fields: %s', (text) => {
    expect(cut(text)).toEqual({ literals: ['', ''], values: [['', false, text]] });
  });

  it('cuts equal lines alike, whatever is around them and was there before, and into pieces of themselves', () => {
    const neighbour = fc.oneof(line, fc.constantFrom('"', '}', ',', ':', '{"a":1}'));
    fc.assert(
      fc.property(line, neighbour, neighbour, (text, before, behind) => {
        const alone = cut(text);
        expect(joined(alone)).toBe(text);
        const used = new Shredder();
        for (const other of [before, behind]) cut(other, 'auto', used);
        expect(cut(text, 'auto', used, [before, behind])).toEqual(alone);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds what JSON.parse finds', () => {
    const whole = fc.dictionary(fc.stringMatching(/^[a-z ]{1,4}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
    fc.assert(
      fc.property(whole, fc.constantFrom('', 'INFO ', 'a: '), fc.constantFrom('', ' b'), (members, before, behind) => {
        const { values } = cut(before + JSON.stringify(members) + behind);
        const named = values.filter(([field, isQuoted, text]) => field in members && (isQuoted || text !== ''));
        const want = Object.entries(members).filter(([field]) => Object.hasOwn(members, field));
        const read = named.map(([field, isQuoted, text]) => [
          field,
          isQuoted ? JSON.parse(`"${text}"`) : JSON.parse(text),
        ]);
        if (want.length > 0) expect(read).toEqual(want);
      }),
    );
  });

  it('has one template for lines that differ in values only', () => {
    const shredder = new Shredder();
    for (let i = 0; i < 1000; i++) {
      const time = new Date(i * 86_400_123).toISOString();
      cut(
        `${time} INFO request ${i} {"user_id":${i},"n":${i % 2 === 0 ? 'NaN' : `+${i}`},"s":"${i}"} took ${i}`,
        'auto',
        shredder,
      );
      cut(`pod-${i} | {"user_id":${i}}`, 'auto', shredder);
      cut(`{"user_id":${i},"n":NaN,"s":"${'x'.repeat(i)}`, 'auto', shredder);
    }
    // The first two are those of lines that are kept whole.
    expect(shredder.templates.length - 2).toBe(3);
  });

  it('keeps the fields of an object that is too wide, too deep, or has too long a name', () => {
    const wide = Array.from({ length: SLOTS_MAX + 9 }, (_, i) => `"k${i}":${i}`).join(',');
    const { values } = cut(`{${wide}}`);
    expect(values.length).toBe(SLOTS_MAX);
    expect(values[0]).toEqual(['k0', false, '0']);
    expect(values.at(-1)![0]).toBe('');
    expect(fieldsOf(`{"a":1,${'"x":{'.repeat(16)}"y":1${'}'.repeat(16)},"b":2}`)).toBe(
      `a=1 | ${'x.'.repeat(15)}x={"y":1} | b=2`,
    );
    expect(fieldsOf(`{"a":1,"${'n'.repeat(257)}":7,"b":2}`)).toMatch(/^a=1 \| =.*7 \| b=2$/);
  });

  it('takes time that is linear in the line', () => {
    for (const part of [
      '{"a":[',
      '{"',
      '{"a":',
      '[{',
      ',"',
      "{'a':'",
      '{"a":"b"',
      '/*',
      '{ ',
      ',"a":[',
      '}{"a":1',
      '\\"',
    ]) {
      const long = `{"a":1${part.repeat((1 << 20) / part.length)}`;
      expect(joined(cut(long))).toBe(long);
    }
  });
});

/** Lines that are no JSON objects are cut as their formats say, and always into pieces of themselves. */
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { Shredder } from '../../../../shared/row-group/shredder.ts';
import type { Parser } from '../../../../shared/row-group/line-formats/cut-text.ts';
import { cut, joined } from './cut.ts';
import { PLAIN_LINES, TEXT_LINES, textLine } from './lines.ts';

function fieldsOf(line: string, parser?: Parser): Record<string, string> {
  return Object.fromEntries(cut(line, parser).values.map(([field, , value]) => [field, value]));
}

describe('cutText', () => {
  it.each(TEXT_LINES)('%s', (line, fields) => {
    expect(fieldsOf(line)).toEqual(fields);
  });

  it.each(PLAIN_LINES)('has no fields: %s', (line) => {
    expect(cut(line)).toEqual({ literals: ['', ''], values: [['', false, line]] });
  });

  it('cuts equal lines alike, whatever stands around them and was there before, and into pieces of themselves', () => {
    const used = new Shredder();
    const neighbour = fc.oneof(textLine, fc.constantFrom('"', ' ', ' x=1', '0', ']', 'm'));
    fc.assert(
      fc.property(textLine, neighbour, neighbour, (line, before, behind) => {
        const alone = cut(line);
        expect(joined(alone)).toBe(line);
        expect(cut(line, 'auto', used, [before, behind])).toEqual(alone);
      }),
      { numRuns: 3000 },
    );
  });

  it('cuts as a parser says, or not at all', () => {
    const json = '{"a":1}';
    const logfmt = 'a=1';
    const klog = 'I1123 15:01:12.123456 1 a.go:1] x';
    const fields = (parser: Parser): string[][] =>
      [json, logfmt, klog, 'ERROR x'].map((line) => Object.keys(fieldsOf(line, parser)));
    const none = [''];
    const ofKlog = ['level', 'time', 'thread', 'caller', 'message'];
    expect(fields('auto')).toEqual([['a'], none, ofKlog, ['level', 'message']]);
    expect(fields('json')).toEqual([['a'], none, none, none]);
    expect(fields('logfmt')).toEqual([none, ['a'], none, none]);
    expect(fields('klog')).toEqual([none, none, ofKlog, none]);
    expect(fields('raw')).toEqual([none, none, none, none]);
  });
});

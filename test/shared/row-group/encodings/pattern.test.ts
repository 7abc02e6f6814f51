/** Texts with numbers in them: cut, stored, moved between groups and found, they stay the bytes that they were. */
import fc from '../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../shared/errors.ts';
import type { CutTexts } from '../../../../shared/row-group/encodings/column-values.ts';
import { byteStringAt, type ValueRefs } from '../../../../shared/byte-strings.ts';
import {
  cutTextSizeMax,
  decodeCutTexts,
  distinctCutTexts,
  encodeCutTexts,
  pickCutTexts,
  writeCutText,
} from '../../../../shared/row-group/encodings/pattern.ts';
import { PatternCutter } from '../../../../shared/row-group/encodings/pattern-cutter.ts';
import { type PageReader, PageWriter } from '../../../../shared/row-group/pages/page.ts';

function refsOfTexts(texts: readonly Buffer[]): ValueRefs {
  const starts = new Int32Array(texts.length);
  const ends = new Int32Array(texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    starts[i] = at;
    at += text.length;
    ends[i] = at;
  }
  return { bytes: Buffer.concat(texts), starts, ends, count: texts.length };
}

function textAt(texts: CutTexts, index: number): Buffer {
  const sizeMax = cutTextSizeMax(texts, index);
  const out = Buffer.alloc(sizeMax);
  const end = writeCutText(texts, index, out, 0);
  expect(end).toBeLessThanOrEqual(sizeMax);
  return out.subarray(0, end);
}

interface Stored {
  readonly parameters: Buffer;
  readonly pages: readonly Uint8Array[];
}

function stored(texts: CutTexts): Stored {
  const parameters = new ByteWriter();
  const pages = new PageWriter();
  encodeCutTexts(texts, parameters, pages);
  return { parameters: parameters.finish(), pages: pages.rawPages().map((page) => Buffer.from(page)) };
}

/** Parameters of the pattern `a3` with another one of the same length in its place. */
function withPattern(parameters: Buffer, pattern: string): Buffer {
  return Buffer.from(parameters.toString('latin1').replace('a3', pattern), 'latin1');
}

function pageReader(pages: readonly Uint8Array[]): PageReader {
  let next = 0;
  const page = (sizeBytes: number): Buffer => {
    const bytes = pages[next++];
    if (bytes?.length !== sizeBytes) throw new CorruptionError('a page of another size');
    return Buffer.from(bytes);
  };
  return {
    page,
    passing: page,
    parts: (sizeBytes) => {
      const whole = page(sizeBytes);
      return (start, end) => whole.subarray(start, end);
    },
  };
}

const piece = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String),
  fc.constantFrom('0', '00', '007', '000000000000', '/api/', ' ', '"', 'é', '-', '.', ''),
  fc.nat(99_999).map((n) => String(n).padStart(6, '0')),
);
const text = fc.oneof(
  { weight: 4, arbitrary: fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.from(pieces.join(''))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
);

describe('cutting', () => {
  it.each([
    ['/api/users/12345/orders', '/api/users/0/orders', [12_345]],
    ['user:0', 'user:0', [0]],
    ['took 00412 ms', 'took 5 ms', [412]],
    ['15:01:12.004509', '0:2:0.6', [15, 1, 12, 4509]],
    ['1234567890123456', '00', [123_456_789_012_345, 6]],
    ['00000000012345', '90', [0, 12_345]],
    ['00', '2', [0]],
    ['no number', 'no number', []],
    ['', '', []],
  ])('%j is %j and %j', (input, pattern, numbers) => {
    const cut = new PatternCutter().cutAny(refsOfTexts([Buffer.from(input)]))!;
    expect(byteStringAt(cut.patterns, 0).toString()).toBe(pattern);
    expect([...cut.numbers]).toEqual(numbers);
    expect(textAt(cut, 0).toString()).toBe(input);
  });

  it('gives up on a text of too many numbers', () => {
    const cutter = new PatternCutter();
    expect(cutter.cutAny(refsOfTexts([Buffer.from('1 '.repeat(32))]))?.numbers.length).toBe(32);
    expect(cutter.cutAny(refsOfTexts([Buffer.from('1 '.repeat(33))]))).toBeUndefined();
  });
});

describe('pattern', () => {
  it('gives back any texts, all of them and some', () => {
    const cutter = new PatternCutter();
    const texts = fc.array(text, { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(49)), (values, some) => {
        const { parameters, pages } = stored(cutter.cutAny(refsOfTexts(values))!);
        const all = decodeCutTexts(new ByteReader(parameters), pageReader(pages), values.length);
        for (const [i, value] of values.entries()) expect(textAt(all, i)).toEqual(value);
        const indices = Int32Array.from(new Set(some.filter((i) => i < values.length))).toSorted();
        const picked = pickCutTexts(new ByteReader(parameters), pageReader(pages), values.length, indices);
        for (const [i, index] of indices.entries()) expect(textAt(picked, i)).toEqual(values[index]);
      }),
      { numRuns: 1500 },
    );
  });

  it('finds the distinct texts', () => {
    const texts = fc.array(
      fc.tuple(fc.constantFrom('a', 'b', 'b0'), fc.nat(3), fc.nat(2)).map(([a, b, c]) => Buffer.from(`${a}${b}/${c}`)),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(texts, (values) => {
        const { codes, values: firsts } = distinctCutTexts(new PatternCutter().cutAny(refsOfTexts(values))!);
        const distinct = [...new Set(values.map(String))];
        expect(Array.from(firsts, (first) => String(values[first]))).toEqual(distinct);
        expect(Array.from(codes, (code) => distinct[code])).toEqual(values.map(String));
      }),
    );
  });

  it('reports numbers that do not fit their places', () => {
    const texts = ['a007', 'a099', 'a012'].map((each) => Buffer.from(each));
    const { parameters, pages } = stored(new PatternCutter().cutAny(refsOfTexts(texts))!);
    const read =
      (changed: readonly Uint8Array[], pattern = 'a3') =>
      () =>
        decodeCutTexts(new ByteReader(withPattern(parameters, pattern)), pageReader(changed), 3);
    expect(pages.map((page) => page.length)).toEqual([3, 3]);
    expect(read(pages)).not.toThrow();
    // 7 + 93 has three digits, and so begins with no zero.
    expect(read([pages[0]!, Buffer.from([0, 93, 0])])).toThrow(CorruptionError);
    expect(read(pages, 'a1')).toThrow(CorruptionError);
    expect(read([Buffer.from([0, 1, 0]), pages[1]!])).toThrow(CorruptionError);
  });
});

describe('the choice', () => {
  const chosen = (count: number, textOf: (i: number) => string): boolean =>
    new PatternCutter().cut(refsOfTexts(Array.from({ length: count }, (_, i) => Buffer.from(textOf(i))))) !== undefined;
  /** Spreads numbers over a range, so that few of them are alike. */
  const spread = (i: number, range: number): number => (Math.imul(i, 0x9e3779b1) >>> 0) % range;

  it.each([
    ['many paths', 100, (i: number) => `/api/users/${spread(i, 1e6)}`, true],
    ['many paths of several routes', 65_536, (i: number) => `/r${'abc'[i % 3]}/${spread(i, 1e5)}/x`, true],
    ['few texts', 60, (i: number) => `/api/users/${i}`, false],
    ['few distinct texts', 65_536, (i: number) => `route-${spread(i, 200)}`, false],
    ['texts that repeat often', 65_536, (i: number) => `shard-${spread(i, 4000)}`, false],
    ['texts that repeat at times', 16_384, (i: number) => `user:${spread(i, 4000)}`, true],
    ['no numbers', 1000, (i: number) => String.fromCharCode(0x100 + spread(i, 5000)), false],
    ['many patterns', 1000, (i: number) => spread(i, 1e9).toString(36), false],
    ['UUIDs', 1000, (i: number) => `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`, false],
  ])('%s', (_name, count, textOf, isPattern) => expect(chosen(count, textOf)).toBe(isPattern));
});

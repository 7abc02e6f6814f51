/** The grams of a segment hide no row group whose lines have a text, and spare a search those that do not. */
import fc from '../../../../fast-check.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { GRAMS_OF_GROUP_MAX } from '../../../../../server/engines/embedded/index/format.ts';
import {
  decodeTextGrams,
  encodeTextGrams,
  gramsOf,
  groupsWithGrams,
  type TextGrams,
} from '../../../../../server/engines/embedded/index/text-grams.ts';
import { TextGramsBuilder } from '../../../../../server/engines/embedded/index/text-grams-builder.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX } from '../../../../corpus/corpus.ts';
import { batchOf, rowGroupOf } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf } from '../query-context.ts';
import { countedSearch } from './counted-search.ts';
import { textLeaf } from '../../../../../server/store/predicate.ts';

function gramsOfGroups(...groups: readonly (readonly string[])[]): TextGrams | undefined {
  const builder = new TextGramsBuilder();
  for (const [ordinal, lines] of groups.entries()) {
    builder.add(ordinal, new RowGroup(rowGroupOf(lines.map((text) => ({ text })))));
  }
  return builder.finish();
}

const NO_GRAMS: TextGrams = {
  groupCount: 1,
  hashes: new Uint32Array(0),
  sets: new Uint32Array(0),
  bits: new Uint8Array(0),
  unlisted: [],
};

function groupsWith(grams: TextGrams, text: string): number[] {
  return [...groupsWithGrams(grams, gramsOf(Buffer.from(text)))];
}

const hex = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: digits, maxLength: digits });
const uuid = fc.uuid();
const word = fc.string({ unit: fc.constantFrom(...'aeFgTuz09 -./\u00e9\0'.split('')), maxLength: 9 });
const time = fc
  .tuple(
    fc.date({ min: new Date('2026-11-20'), max: new Date('2026-11-26'), noInvalidDate: true }),
    fc.constantFrom('', 'Z'),
  )
  .map(([date, zone]) => date.toISOString().replace('Z', zone));
const scalar = fc.oneof(
  fc.integer(),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(true, false, null),
);
const value = fc.oneof(scalar, uuid, hex(16), word, time, fc.array(fc.oneof(scalar, word), { maxLength: 3 }));
const json = fc
  .dictionary(fc.constantFrom('a', 'b', 'id', 'time', 'n\u00f6'), value)
  .map((object) => JSON.stringify(object));
const logfmt = fc
  .array(fc.tuple(fc.constantFrom('a', 'id', 'took'), fc.oneof(fc.integer(), uuid, hex(8))), { maxLength: 4 })
  .map((pairs) => pairs.map(([name, each]) => `${name}=${each}`).join(' '));
const prose = fc
  .array(fc.oneof(word, uuid, fc.integer().map(String), time), { maxLength: 6 })
  .map((words) => words.join(' '));
/** Many of one kind, so that columns get encodings of their own. */
const lines = fc.oneof(
  fc.array(fc.oneof(json, logfmt, prose), { minLength: 1, maxLength: 30 }),
  ...[uuid, hex(16), time, fc.integer().map(String), fc.integer().map((n) => String(n / 100))].map((kind) =>
    fc
      .array(fc.tuple(kind, word), { minLength: 5, maxLength: 40 })
      .map((pairs) =>
        pairs.map(([each, other]) => `{"a":"${each}","b":${each.length},"c":${JSON.stringify(`${each}${other}`)}}`),
      ),
  ),
);

describe('text grams', () => {
  it('hide no part of a line, in whichever case it is looked for', () => {
    fc.assert(
      fc.property(
        lines,
        lines,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 24 }),
        (first, second, at, from, size) => {
          const grams = gramsOfGroups(first, second)!;
          const bytes = Buffer.from(second[at % second.length]!);
          const start = bytes.length === 0 ? 0 : from % bytes.length;
          const part = bytes.subarray(start, start + size);
          expect([...groupsWithGrams(grams, gramsOf(part))]).toContain(1);
          const shouted = Buffer.from(part.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte)));
          expect([...groupsWithGrams(grams, gramsOf(shouted))]).toContain(1);
        },
      ),
      { numRuns: 300 },
    );
  });

  const corpus = new Corpus();
  const buffer = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  const shop = Array.from({ length: 2000 }, () => buffer.toString('latin1', 0, corpus.nextLine(buffer, 0)).trimEnd());
  const grams = gramsOfGroups(
    shop,
    ['GET /health took 3 ms', 'connection refused by 10.0.0.1'],
    ['deadline exceeded'],
  )!;

  it.each<[string, number[]]>([
    ['no such text 7', []],
    ['panic: runtime', []],
    ['connection refused by', [1]],
    ['by 192.168.1.77', [1]],
    ['DEADLINE EXCEEDED', [0, 2]],
    ['took 4711 ms', [1]],
    // Any run of hexadecimal digits may be part of an id.
    ['deadbeef', [0, 1, 2]],
    ['', [0, 1, 2]],
  ])('a line with %j may be in %j', (text, want) => {
    expect(groupsWith(grams, text)).toEqual(want);
  });

  it('are the same when they are read again, and few', () => {
    const bytes = encodeTextGrams(grams);
    expect(decodeTextGrams(new ByteReader(bytes))).toEqual(grams);
    expect(bytes.length).toBeLessThan(16_000);
  });

  it('are refused where they are not in order, or go on', () => {
    const wrong = [
      encodeTextGrams({ ...grams, hashes: grams.hashes.map((_, i) => (i === 0 ? 5 : 5)) }),
      encodeTextGrams({ ...grams, unlisted: [1, 1] }),
      encodeTextGrams({ ...grams, unlisted: [3] }),
      encodeTextGrams({ ...grams, sets: grams.sets.map(() => 100_000) }),
      encodeTextGrams({
        ...grams,
        hashes: grams.hashes.map((hash, i) => (i === grams.hashes.length - 1 ? 2 ** 24 : hash)),
      }),
      encodeTextGrams({ ...NO_GRAMS, groupCount: 2 ** 31 }),
      Buffer.concat([encodeTextGrams(grams), Buffer.alloc(1)]),
      encodeTextGrams(grams).subarray(0, -1),
    ];
    for (const bytes of wrong) expect(() => decodeTextGrams(new ByteReader(bytes))).toThrow(CorruptionError);
  });

  it('of a row group that are too many are not listed: it may have any text', () => {
    const letters = 'ghijklmnopqrstuvwxyz';
    let seed = 1;
    const random = (): string => letters[(seed = (seed * 48271) % 2147483647) % letters.length]!;
    const noise = Array.from({ length: GRAMS_OF_GROUP_MAX / 32 }, () => Array.from({ length: 80 }, random).join(''));
    const found = gramsOfGroups(noise, ['quiet'])!;
    expect(groupsWith(found, 'loud text')).toEqual([0]);
    expect(gramsOfGroups(noise)).toBeUndefined();
  });
});

describe('a search for a text', () => {
  let dispose: (() => void) | undefined;
  afterEach(() => dispose?.());

  it('opens no row group of segments whose lines do not have it', async () => {
    const { store } = await openStore();
    for (const texts of [
      ['{"message":"request timed out"}'],
      ['one more', 'it says \\"hi\\"'],
      ['{"path":"\\/users"}'],
    ]) {
      await append(store, batchOf({ lines: texts.map((text) => ({ text })) }));
      await store.flushAll();
    }
    const { snapshot, search } = countedSearch(store);
    dispose = () => snapshot.release();
    const find = (text: string) => search({ ...planOf(), where: { ...textLeaf(text), asRead: true } });
    expect(await find('no such text')).toEqual([[], 0]);
    expect(await find('timed out')).toEqual([['{"message":"request timed out"}'], 1]);
    expect(await find('says "hi"')).toEqual([['it says \\"hi\\"'], 1]);
    expect(await find('/users')).toEqual([['{"path":"\\/users"}'], 1]);
  });
});

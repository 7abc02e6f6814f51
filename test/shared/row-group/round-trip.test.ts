/** Whatever bytes go in come out, and no damage goes unseen. */
import fc from '../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../../../shared/errors.ts';
import { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../shared/row-group/verify.ts';
import { textLine } from './line-formats/lines.ts';

const DAY = 20_780;

function encode(lines: readonly Buffer[], builder = new RowGroupBuilder()): Buffer {
  const stream = builder.stream({ app: 'a' });
  for (const [i, line] of lines.entries()) {
    const at = builder.append(line, 0, line.length);
    builder.add(stream, DAY, i * 1e6, 0, at, at + line.length);
  }
  return builder.finish();
}

function decode(bytes: Buffer): Buffer[] {
  const group = new RowGroup(bytes);
  const { bytes: text, offsets } = group.lines(Array.from({ length: group.info.rowCount }, (_, row) => row));
  return Array.from({ length: group.info.rowCount }, (_, row) =>
    Buffer.from(text.subarray(offsets[row], offsets[row + 1])),
  );
}

function expectRoundTrip(lines: readonly Buffer[]): void {
  expect(decode(encode(lines)).map(String)).toEqual(lines.map(String));
  expect(Buffer.concat(decode(encode(lines)))).toEqual(Buffer.concat(lines));
}

/** Values of every encoding and of none, so that columns fall into one and out of it. */
const leaf = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom('0', '-0', '00', '1e5', '-', '1.50', '0.5', '123456789012345', '1234567890123456', '-7'),
  fc.uuid(),
  fc.uuid({ version: 4 }),
  fc.constantFrom('a', 'b', '', 'true', 'null'),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.constantFrom(
    '2026-11-23T15:01:12Z',
    '2026-11-23T15:01:12.5Z',
    '2026-11-23T15:01:12.50Z',
    '2026-11-23 15:01:12+02:00',
    '2026-02-30T15:01:12Z',
    '2026-11-23T15:01:60Z',
    '2026-11-23T15:01:12.Z',
    '2026-11-23T15:01:12.123456789Z',
  ),
  fc.constant(true),
  fc.constant(null),
  fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3 }),
);
const object = fc.dictionary(
  fc.constantFrom('a', 'b', 'c', 'é', 'x.y', '"', '__proto__'),
  fc.oneof(leaf, fc.dictionary(fc.constantFrom('d', 'e'), leaf)),
);
const jsonLine = fc.oneof(
  object.map((value) => JSON.stringify(value)),
  object.map((value) => JSON.stringify(value, undefined, 1).replaceAll('\n', ' ')),
  leaf.map((value) => `{"v":${typeof value === 'string' && /^[-0-9]/.test(value) ? value : JSON.stringify(value)}}`),
  leaf.map((value) => `{"v":${JSON.stringify(value)},"v":${JSON.stringify(value)},"w":"k"}`),
);
const anyLine = fc.oneof(
  jsonLine.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  textLine.map((text) => Buffer.from(text)),
  fc.tuple(jsonLine, fc.nat(40), fc.nat(255)).map(([text, at, byte]) => {
    const bytes = Buffer.from(text);
    if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  }),
);

describe('row group', () => {
  it('gives back any lines', () => {
    fc.assert(fc.property(fc.array(anyLine, { minLength: 1, maxLength: 40 }), expectRoundTrip), { numRuns: 1500 });
  });

  it('gives back columns that are all of one kind', () => {
    const sameKind = fc
      .tuple(fc.constantFrom(...KINDS), fc.array(fc.nat(), { minLength: 2, maxLength: 120 }))
      .map(([kind, seeds]) => seeds.map((seed) => Buffer.from(`{"k":"c","v":"${valueOf(kind, seed)}"}`)));
    fc.assert(fc.property(sameKind, expectRoundTrip), { numRuns: 600 });
  });

  it('gives back a group large enough to be paged, and groups from a builder that is used again', () => {
    const builder = new RowGroupBuilder();
    for (const size of [5000, 10, 20_000]) {
      const lines = Array.from({ length: size }, (_, i) =>
        Buffer.from(
          i % 50 === 0
            ? `I1123 text ${i}`
            : `{"level":"info","id":"${valueOf('uuid', i)}","n":${i},"d":${i / 8},"u":"user${i % 700}"}`,
        ),
      );
      expect(Buffer.compare(Buffer.concat(decode(encode(lines, builder))), Buffer.concat(lines))).toBe(0);
    }
  });

  it('keeps lines whose shapes are too many', () => {
    const lines = Array.from({ length: 2000 }, (_, i) => Buffer.from(`{"key${i}":${i}}`));
    const builder = new RowGroupBuilder();
    expectRoundTrip(lines);
    for (let i = 0; i < 20; i++) {
      const more = lines.map((_, n) => Buffer.from(`{"k${i}":{"n${n}":1}}`));
      expect(decode(encode(more, builder)).map(String)).toEqual(more.map(String));
    }
  });

  it('keeps lines of text whose shapes are too many', () => {
    expectRoundTrip(Array.from({ length: 2000 }, (_, i) => Buffer.from(`key${i}=${i} b=1`)));
  });

  it('reports every single flipped bit', () => {
    const small = encode([Buffer.from('{"a":1}'), Buffer.from('{"a":2}'), Buffer.from('plain')]);
    const lines = Array.from({ length: 1500 }, (_, i) =>
      Buffer.from(`{"id":"${valueOf('uuid', i)}","n":${i},"t":"${'x'.repeat(i % 40)}${i}"}`),
    );
    for (const group of [small, encode(lines)]) {
      const step = group.length > 4096 ? 37 : 1;
      for (let bit = 0; bit < group.length * 8; bit += step) {
        const damaged = Buffer.from(group);
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => verifyRowGroup(damaged), `bit ${bit}`).toThrow(CorruptionError);
      }
      for (let size = 0; size < group.length; size += step) {
        expect(() => verifyRowGroup(group.subarray(0, size)), `cut at ${size}`).toThrow(CorruptionError);
      }
    }
  });
});

const KINDS = ['uuid', 'int', 'decimal', 'padded decimal', 'time', 'hex', 'path', 'text'] as const;

function valueOf(kind: (typeof KINDS)[number], seed: number): string {
  const hex = Array.from({ length: 4 }, (_, i) =>
    (Math.imul(seed + i * 7919, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0'),
  ).join('');
  switch (kind) {
    case 'uuid':
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    case 'int':
      return String(seed);
    case 'decimal':
      return String(seed / 1000);
    case 'padded decimal':
      return `${seed % 100}.${seed % 2 === 0 ? '' : '00'}${seed % 10}`;
    case 'path':
      return `/api/${seed % 3 === 0 ? 'users' : 'orders'}/${seed}/${String(seed % 1000).padStart(4, '0')}`;
    case 'time':
      return new Date(Date.UTC(2026, 10, 23) + (seed % 1e6)).toISOString();
    case 'hex':
      return hex;
    case 'text':
      return `${seed % 3 === 0 ? 'same' : seed}`;
  }
}

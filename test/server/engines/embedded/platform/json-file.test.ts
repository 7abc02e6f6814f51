/**
 * The JSON files that a server reads at its start, with a right checksum over what is not theirs: a bug, another program or
 * a person wrote them. It is damage like any other, never an exception that no one expects.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  decodeManifest,
  EMPTY_MANIFEST,
  encodeManifest,
} from '../../../../../server/engines/embedded/core/manifest.ts';
import {
  decodeJob,
  encodeJob,
  type ErasureJob,
  JobFiles,
} from '../../../../../server/engines/embedded/core/erasure-job.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { Positions } from '../../../../../server/ingest/positions.ts';
import type { JsonValue } from '../../../../../shared/json-value.ts';
import { CorruptionError } from '../../../../../shared/errors.ts';
import { newFolder } from '../open-store.ts';

const ODD_BODIES = ['null', 'true', '7', '"x"', '[]', '[null]', '{}', '', '{', 'undefined'];
const ODD_VALUES: readonly JsonValue[] = [null, true, -1, 0.5, 1e300, 'x', [], [null], {}, { a: null }];

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');
/** As the manifest has it, and erasures today. */
const withMember = (json: string): string => {
  const open = `{\n  "crc32": "00000000",\n  "rest": ${json}\n}\n`;
  return open.replace('00000000', checksumOf(open));
};
/** As erasures of older versions had it. */
const withLine = (json: string): string => `${checksumOf(json)}\n${json}\n`;

const JOB: ErasureJob = {
  id: 'a1',
  requestedMs: 1,
  names: ['user_id'],
  scope: { orderBefore: 1, orderFrom: 0, segmentBefore: 2, walBefore: 3 },
  remembered: { from: undefined, to: 9n, where: { kind: 'text', needle: Buffer.from('a') } },
  earlier: { atMs: 2, rowCount: 3, segmentCount: 1 },
  request: { text: '{a="b"}', textWithoutValues: '{a="…"}', startMs: 1, endMs: 2 },
  filter: {
    from: 5n,
    to: undefined,
    where: {
      kind: 'all',
      of: [
        { kind: 'text', needle: Buffer.from('a'), ignoreCase: true },
        { kind: 'not', of: { kind: 'regexp', pattern: 'b+' } },
        {
          kind: 'value',
          name: 'n',
          labelOnly: true,
          tests: [
            { kind: 'exists' },
            { kind: 'equals', text: Buffer.from('é') },
            { kind: 'wildcard', parts: [Buffer.from('c'), Buffer.alloc(0)] },
            { kind: 'regexp', pattern: '^d' },
            { kind: 'compare', operator: '>=', operand: { kind: 'bytes', value: 1.5 } },
          ],
        },
      ],
    },
  },
  rewritten: [{ sequence: 4, rowCount: 5 }],
  done: undefined,
};

const MANIFEST = {
  ...EMPTY_MANIFEST,
  walFiles: [1, 2],
  segments: [{ day: '2026-11-23', sequence: 7, sizeBytes: 1, rowCount: 1 }],
  clock: { seenMs: 1, heldMs: 0, aheadMs: -1, keepAllMs: 5 },
};

test('what is written is read', () => {
  expect(decodeJob(encodeJob(JOB))).toEqual(JOB);
  const done = { ...JOB, filter: undefined, done: { atMs: 1, rowCount: 2, segmentCount: 3 } };
  expect(decodeJob(encodeJob(done))).toEqual(done);
  expect(decodeManifest(encodeManifest(MANIFEST))).toEqual(MANIFEST);
});

test('the manifest keeps what a newer podlog has noted', () => {
  const newer = { ...MANIFEST, later: { a: [1] } };
  expect(decodeManifest(encodeManifest(newer))).toEqual(newer);
});

test('a manifest that names only the newest WAL file', () => {
  const { walFiles: _, ...older } = MANIFEST;
  expect(decodeManifest(encodeManifest({ ...older, walNewest: 9 } as typeof older))).toEqual({
    ...older,
    walFiles: [9],
  });
  expect(decodeManifest(encodeManifest(older))).toEqual(older);
});

test('jobs as older versions wrote them', () => {
  const { filter: _, done: __, remembered: ____, earlier: _____, ...job } = JOB;
  const lists = {
    from: null,
    to: '7',
    values: [{ name: 'user_id', any: [['NDI='], ['YQ==', '']], none: [] }],
    text: { any: [], none: ['Yg=='] },
  };
  const json = JSON.stringify({ ...job, done: null, filter: lists });
  expect(decodeJob(withLine(json)).filter).toMatchObject({ from: undefined, to: 7n });
  const inMember = decodeJob(encodeJob(JOB));
  const { crc32: ___, ...stored } = JSON.parse(encodeJob(JOB)) as Record<string, unknown>;
  expect(decodeJob(withLine(JSON.stringify(stored)))).toEqual(inMember);
});

for (const [what, decode] of [
  ['the manifest', decodeManifest],
  ['an erasure', decodeJob],
] as const) {
  test.each(ODD_BODIES)(`${what}: %j in place of it`, (body) => {
    for (const text of [body, withMember(body), withLine(body)]) expect(() => decode(text)).toThrow(CorruptionError);
  });
}

/** The value with each of its parts, one at a time, replaced by each odd value, and left out. */
function* mutants(value: JsonValue): Generator<JsonValue> {
  yield* ODD_VALUES;
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, each] of value.entries())
      for (const odd of mutants(each as JsonValue)) yield value.toSpliced(i, 1, odd);
    return;
  }
  for (const [key, each] of Object.entries(value)) {
    const { [key]: _, ...rest } = value as Record<string, JsonValue>;
    yield rest;
    for (const odd of mutants(each)) yield { ...rest, [key]: odd };
  }
}

/** Whether it is read or refused: nothing else may happen. */
function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptionError);
    return false;
  }
}

test('each part of an erasure or a manifest may be anything', () => {
  for (const [text, decode] of [
    [encodeJob(JOB), decodeJob],
    [encodeManifest(MANIFEST), decodeManifest],
  ] as const) {
    const value = JSON.parse(text) as { [key: string]: JsonValue };
    const outcomes = [...mutants(value)].map((mutant) => isRead(() => decode(withLine(JSON.stringify(mutant)))));
    expect(outcomes.filter((outcome) => !outcome).length).toBeGreaterThan(100);
  }
});

test('each part of the positions may be anything', () => {
  const saved: JsonValue = {
    nodes: { n: { seenMs: 1, files: { 'u/c/0@1': [1, 2], gone: [1, 2, 3] } } },
    pushes: [['key', 'content', 1, 2]],
    keys: [['key:a', 1, 2]],
  };
  const outcomes = [...mutants(saved)].map((mutant) => isRead(() => new Positions(() => 1).restore(mutant)));
  expect(outcomes.filter((outcome) => !outcome).length).toBeGreaterThan(50);
});

test('an erasure that is not one is named, and stops no start', async () => {
  const dataDir = await newFolder();
  const folder = join(dataDir, 'erasures');
  await mkdir(folder);
  await writeFile(join(folder, 'whole.json'), encodeJob(JOB));
  for (const [i, body] of ODD_BODIES.entries()) await writeFile(join(folder, `odd-${i}.json`), withLine(body));
  const { jobs, unreadable } = await new JobFiles(realDisk, dataDir).load();
  expect(jobs).toEqual([JOB]);
  expect(unreadable).toHaveLength(ODD_BODIES.length);
});

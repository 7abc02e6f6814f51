/** Data folders that older versions of podlog wrote are read for ever, to the byte. See make.ts. */
import { cp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Positions } from '../../server/ingest/positions.ts';
import { Indexes } from '../../server/engines/embedded/scan/index-lookup.ts';
import { OpenFiles } from '../../server/engines/embedded/scan/open-files.ts';
import { RowGroups } from '../../server/engines/embedded/scan/row-groups.ts';
import type { RowGroupRef } from '../../server/engines/embedded/segment/row-group-ref.ts';
import { closeStore, newFolder, openStore } from '../server/engines/embedded/open-store.ts';
import {
  ENCODING_LAST,
  KIND_METADATA,
  KIND_PLAIN,
  KIND_TEXT,
  LAYOUT_PACKED,
  LAYOUT_PAGED,
  LAYOUT_RUNS,
} from '../../shared/row-group/format.ts';
import { metadataOf } from '../shared/row-group/metadata.ts';
import { goldenList, type GoldenRow } from './golden-line.ts';

const versions = (await readdir(import.meta.dirname, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const files = new OpenFiles();
const rowGroups = new RowGroups(files);

function rowsOf(refs: readonly RowGroupRef[]): GoldenRow[] {
  return refs.flatMap((ref) => {
    const group = rowGroups.open(ref);
    const rows = Array.from({ length: ref.rowCount }, (_, row) => row);
    const { bytes, offsets } = group.lines(rows);
    const metadata = metadataOf(group);
    return rows.map((row) => ({
      day: group.info.baseDay,
      timeNs: group.timesNs()[row]!,
      flags: group.flags()[row]!,
      labels: group.info.streams[group.streamCodes()[row]!]!,
      run: group.runs[group.runCodes()[row]! - 1],
      metadata: metadata[row]!,
      bytes: bytes.subarray(offsets[row], offsets[row + 1]),
    }));
  });
}

/** Which encodings the columns have. */
function encodingsOf(refs: readonly RowGroupRef[]): number[] {
  const encodings = refs.flatMap((ref) => rowGroups.open(ref).columns.map(({ chunk }) => chunk.encoding));
  return [...new Set(encodings)].toSorted((a, b) => a - b);
}

/** The byte behind the magic of each row group. */
function layoutsOf(refs: readonly RowGroupRef[]): Set<number> {
  return new Set(refs.map(({ path, offset }) => files.read(path, offset + 4, 1)[0]!));
}

/** Which encodings a version had, where they were fewer than today. */
const LAST_ENCODING: Readonly<Record<string, number>> = { v1: 7 };
/** Before these, text was not cut: a line of it was one value. */
const WITHOUT_PLAIN = ['v1', 'v1-by-time'];
/** Before these, no UUIDs were stored as repeats of others. */
const WITHOUT_REPEATS = ['v1'];

/** Before these, indexes left out the elements of arrays, and no array had elements worth looking for. */
const WITHOUT_ELEMENTS = ['v1', 'v1-by-time', 'v1-text'];

/** Before these, rows of a stream with equal times were not told apart. */
const WITHOUT_TIES = ['v1', 'v1-by-time', 'v1-text', 'v1-arrays'];
/** Before these, it was not stored which run of a container wrote a row. */
const WITHOUT_RUNS = [...WITHOUT_TIES, 'v1-ties'];
/** Before these, segments did not list the names of their fields. */
const WITHOUT_FIELD_NAMES = [...WITHOUT_RUNS, 'v1-runs'];
/** Before these, lines had no structured metadata. */
const WITHOUT_METADATA = [...WITHOUT_FIELD_NAMES, 'v1-field-names'];
const TIED_ROWS = 90;

function tieCountOf(refs: readonly RowGroupRef[]): number {
  const ties = refs.map((ref) => rowGroups.open(ref).ties()?.arrivals ?? new Float64Array());
  // In the order of their arrival, and each has its own.
  for (const arrivals of ties) expect(new Set(arrivals).size).toBe(arrivals.length);
  return ties.reduce((count, { length }) => count + length, 0);
}

function hasRepeats(refs: readonly RowGroupRef[]): boolean {
  return refs.some((ref) => {
    const group = rowGroups.open(ref);
    return group.columns.some((_, column) => {
      const values = group.values(column);
      return values.kind === 'uuid' && values.places !== undefined;
    });
  });
}

/** Which kinds of values the columns have. */
function kindsOf(refs: readonly RowGroupRef[]): Set<number> {
  return new Set(refs.flatMap((ref) => rowGroups.open(ref).columns.map(({ slot }) => slot.kind)));
}

test('there are golden files', () => expect(versions).toEqual(expect.arrayContaining(['v1', 'v1-by-time', 'v1-text'])));

test.each(versions)('%s: every line and position', async (version) => {
  const dataDir = join(await newFolder(), 'data');
  await cp(join(import.meta.dirname, version), dataDir, { recursive: true });
  const want = await readFile(join(import.meta.dirname, `${version}.lines`), 'utf8');
  const now = (): number => Date.UTC(2026, 10, 24, 12);
  for (const isFlushed of [false, true]) {
    const positions = new Positions(now);
    const open = await openStore({ dataDir, now, state: positions });
    if (isFlushed) await open.store.flushAll();
    const snapshot = open.store.snapshot();
    const rows = rowsOf(snapshot.rowGroups);
    expect(goldenList(rows)).toBe(want);
    const layouts = layoutsOf(snapshot.rowGroups);
    expect(new Set([...layouts].map((layout) => layout & LAYOUT_PACKED))).toEqual(
      new Set([LAYOUT_PAGED, LAYOUT_PACKED]),
    );
    const hasRuns = [...layouts].every((layout) => (layout & LAYOUT_RUNS) !== 0);
    expect(hasRuns).toBe(!WITHOUT_RUNS.includes(version));
    expect(tieCountOf(snapshot.rowGroups)).toBe(WITHOUT_TIES.includes(version) ? 0 : TIED_ROWS);
    const last = LAST_ENCODING[version] ?? ENCODING_LAST;
    expect(encodingsOf(snapshot.rowGroups)).toEqual(Array.from({ length: last + 1 }, (_, id) => id));
    const isPlain = !WITHOUT_PLAIN.includes(version);
    expect(kindsOf(snapshot.rowGroups).has(isPlain ? KIND_PLAIN : KIND_TEXT)).toBe(true);
    expect(kindsOf(snapshot.rowGroups).has(KIND_METADATA)).toBe(!WITHOUT_METADATA.includes(version));
    expect(hasRepeats(snapshot.rowGroups)).toBe(!WITHOUT_REPEATS.includes(version));
    expect(open.store.stats().quarantinedCount).toBe(0);
    expect(positions.known('worker-1', 'b5f1/api/0@2026-11-23T00:00:00Z').stdout).toBe(rows.length);
    snapshot.release();
    await closeStore(open);
  }
});

/** The indexes of v1 are of a layout that is not read any more: their sections are skipped, and its rows are scanned. */
const indexedVersions = versions.filter((version) => version !== 'v1');

test.each(indexedVersions)('%s: the indexes find their row groups', async (version) => {
  const dataDir = join(await newFolder(), 'data');
  await cp(join(import.meta.dirname, version), dataDir, { recursive: true });
  const { store } = await openStore({ dataDir });
  const snapshot = store.snapshot();
  const indexes = new Indexes(files);
  const indexed = snapshot.rowGroups.filter((ref) => ref.indexed !== undefined);
  expect(indexed.length).toBeGreaterThan(0);
  for (const ref of indexed) {
    const lines = rowsOf([ref]).map(({ bytes }) => bytes.toString());
    const values = [...lines.join('\n').matchAll(/"request_id":"([-0-9a-f]+)/g)].map(([, value]) => value!);
    const elements = [...lines.join('\n').matchAll(/(order-\d+)/g)].map(([, element]) => element!);
    expect(elements.length > 0).toBe(!WITHOUT_ELEMENTS.includes(version));
    const wanted = [
      ...values.map((value) => ({ field: 'request_id', values: [Buffer.from(value)] })),
      ...elements.map((element) => ({ field: 'array', values: [Buffer.from(element)] })),
    ];
    const [found] = indexes.lookUp({ segments: [ref.indexed!.indexes], wanted });
    expect(values.length).toBeGreaterThan(0);
    for (const ordinals of found as readonly Uint32Array[]) expect([...ordinals]).toContain(ref.indexed!.ordinal);
    const names = ['integer', 'error.kind', 'absent'].map((field) => ({ field, values: [Buffer.from('1')] }));
    const [groups] = indexes.lookUp({ segments: [ref.indexed!.indexes], wanted: names });
    const hasNames = !WITHOUT_FIELD_NAMES.includes(version);
    expect(groups).toEqual([undefined, undefined, hasNames ? expect.any(Uint32Array) : undefined]);
  }
  snapshot.release();
});

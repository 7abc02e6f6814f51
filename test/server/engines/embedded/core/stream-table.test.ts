/** Streams take memory while lines of theirs are stored, and never more than a limit allows. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { TooManyStreamsError } from '../../../../../shared/errors.ts';
import { type Labels, labelsKey, labelsMemoryBytes } from '../../../../../shared/labels.ts';
import { StreamTable } from '../../../../../server/engines/embedded/core/stream-table.ts';
import { batchOf, type Line, numberedLines, TODAY } from '../batches.ts';
import { FaultyDisk } from '../platform/faulty-disk.ts';
import { append, openStore, reopen, tickAndRetain } from '../open-store.ts';

const DAY_MS = 86_400_000;
const LIMITS = { count: 1000, bytes: 2 * 1024 * 1024 };

/** About 32 KB. */
function largeSet(name: string): Labels {
  return Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`label${i}`, name.padEnd(1024, 'x')]));
}

/** About 6 KB. */
function largeNames(i: number): Labels {
  return Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`${i}_${n}`.padEnd(128, 'n'), '']));
}

function linesOfSets(count: number, name: string): Line[] {
  return Array.from({ length: count }, (_, i) => ({ text: `{"n":${i}}`, labels: largeSet(`${name}-${i}-`) }));
}

const LARGE_BYTES = labelsMemoryBytes(largeSet(''));

function excessOf(act: () => unknown): readonly number[] {
  try {
    act();
  } catch (error) {
    if (error instanceof TooManyStreamsError) return error.excess;
    throw error;
  }
  return [];
}

describe('a table of streams', () => {
  it('holds each label set while somebody does, as one object', () => {
    const set = fc.constantFrom<Labels>({ a: '1' }, { b: '1' }, { a: '1', b: '2' }, { b: '2', a: '1' }, {});
    const step = fc.record({ hold: fc.array(set, { maxLength: 4 }), release: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = new StreamTable();
        const held: (readonly Labels[])[] = [];
        for (const { hold, release } of steps) {
          held.push(table.hold(hold));
          if (release < held.length) table.release(held.splice(release, 1)[0]!);
          const live = new Map(held.flat().map((labels) => [labelsKey(labels), labels]));
          for (const labels of held.flat()) expect(labels).toBe(live.get(labelsKey(labels)));
          expect(table.size).toBe(live.size);
          expect(table.memoryBytes).toBe(
            [...live.values()].reduce((sum, labels) => sum + labelsMemoryBytes(labels), 0),
          );
        }
      }),
    );
  });

  it.each([
    ['by their number', (i: number): Labels => ({ id: `${i}` }), LIMITS.count],
    ['by their values', (i: number) => largeSet(`${i} `), Math.floor(LIMITS.bytes / LARGE_BYTES)],
    ['by their names', (i: number) => largeNames(i), Math.floor(LIMITS.bytes / labelsMemoryBytes(largeNames(0)))],
  ])('refuses more than fit, %s, and takes those that it has', (_, setOf, fitting) => {
    const table = new StreamTable(LIMITS);
    const sets = Array.from({ length: fitting }, (__, i) => setOf(i));
    const held = table.admit(sets, 1);
    expect(table.memoryBytes).toBeLessThanOrEqual(LIMITS.bytes);
    // Known ones fit, of new ones none, wherever they are in a batch; and one that comes twice is one.
    expect(excessOf(() => table.admit([sets[7]!, setOf(fitting), sets[0]!, setOf(fitting)], 1))).toEqual([1, 3]);
    table.release(table.admit([sets[7]!, sets[0]!], 1));
    expect(excessOf(() => table.admit([setOf(fitting)], 0.75))).toEqual([0]);
    expect(excessOf(() => table.admit([setOf(fitting), setOf(fitting)], 1.125))).toEqual([]);
    table.release(held.slice(0, 4));
    expect(excessOf(() => table.admit([setOf(fitting + 1)], 1))).toEqual([]);
  });
});

describe('a store', () => {
  it('forgets streams with the last of their lines', async () => {
    let nowMs = TODAY * DAY_MS;
    const open = await openStore({ now: () => nowMs });
    const linesOn = (day: number, app: string): Line[] =>
      numberedLines(app, day * 100, 5, day).map((line) => ({ ...line, labels: { app } }));
    await append(open.store, batchOf({ lines: [...linesOn(TODAY - 3, 'old'), ...linesOn(TODAY, 'new')] }));
    await append(open.store, batchOf({ lines: linesOn(TODAY, 'both') }));
    await open.store.flushAll();
    await append(open.store, batchOf({ lines: [...linesOn(TODAY, 'new'), ...linesOn(TODAY - 3, 'both')] }));
    expect(open.store.stats().streamCount).toBe(3);
    const again = await reopen(open);
    expect(again.store.stats().streamCount).toBe(3);
    await again.store.flushAll();
    nowMs += 3 * DAY_MS;
    await tickAndRetain(again, 5 * DAY_MS);
    expect(again.store.stats().streamCount).toBe(2);
    nowMs += 9 * DAY_MS;
    await tickAndRetain(again, 5 * DAY_MS);
    expect(again.store.stats()).toMatchObject({ rowCount: 0, streamCount: 0, streamBytes: 0 });
  });

  it('forgets streams of a batch that could not be written', async () => {
    const disk = new FaultyDisk();
    const { store } = await openStore({ disk });
    await append(store, batchOf({ lines: [{ text: 'x', labels: { app: 'a' } }] }));
    disk.fail({ operation: 'sync', path: '/wal/', code: 'EIO' });
    await expect(append(store, batchOf({ lines: [{ text: 'x', labels: { app: 'b' } }] }))).rejects.toThrow(/disk/);
    expect(store.stats().streamCount).toBe(1);
  });

  it('refuses new streams beyond the limit, takes more lines of those it has, and opens again beyond it', async () => {
    const open = await openStore({ streamLimits: LIMITS });
    const fitting = Math.floor(LIMITS.bytes / LARGE_BYTES);
    const bytes = batchOf({ lines: linesOfSets(fitting, 'a') });
    const more = batchOf({ lines: linesOfSets(1, 'b') });
    await append(open.store, bytes);
    await expect(append(open.store, more)).rejects.toThrow(String(LIMITS.bytes));
    await append(open.store, bytes);
    const again = await reopen(open, { streamLimits: { count: 10, bytes: 1000 } });
    expect(again.store.stats()).toMatchObject({ rowCount: 2 * fitting, streamCount: fitting });
    await expect(append(again.store, more)).rejects.toThrow(TooManyStreamsError);
    await append(again.store, bytes);
  });

  it('begins a new row group where labels are many', async () => {
    const { store } = await openStore();
    await append(store, batchOf({ lines: linesOfSets(100, 'a') }));
    await store.flushAll();
    expect(store.stats()).toMatchObject({ rowCount: 100, rowGroupCount: 4, streamCount: 100 });
  });
});

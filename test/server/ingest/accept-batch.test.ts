/** Many senders at once: each line is stored once, and success means durable. */
import { expect, test } from 'vitest';
import { BatchAcceptor, type BatchOutcome } from '../../../server/ingest/accept-batch.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { PUSHED_STREAMS_SHARE_MAX } from '../../../server/limits.ts';
import { COARSE_POD } from '../../../server/ingest/coarse-labels.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { CorruptionError, TooManyStreamsError } from '../../../shared/errors.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import { at, batchOf, type Line, numberedLines, range } from '../engines/embedded/batches.ts';
import { FaultyDisk } from '../engines/embedded/platform/faulty-disk.ts';
import { linesOf, openStore } from '../engines/embedded/open-store.ts';

async function openAcceptor(): Promise<{
  acceptor: BatchAcceptor;
  positions: Positions;
  disk: FaultyDisk;
  rowCount: () => number;
}> {
  const disk = new FaultyDisk();
  const positions = new Positions(() => 0);
  const { store } = await openStore({ disk, state: positions });
  return { acceptor: new BatchAcceptor(store, positions), positions, disk, rowCount: () => store.stats().rowCount };
}

/** Lets every sync wait until the returned function is called. */
function holdSyncs(disk: FaultyDisk): () => void {
  const gate = Promise.withResolvers<void>();
  disk.beforeSync = () => gate.promise;
  return gate.resolve;
}

const batch = batchOf({ lines: numberedLines('a', 0, 10), files: [range('f', 0, 100)] });

test('of equal batches at once one is stored, and the others are answered when it is durable', async () => {
  const { acceptor, disk, rowCount } = await openAcceptor();
  const release = holdSyncs(disk);
  const answered: BatchOutcome[] = [];
  const all = Array.from({ length: 10 }, async () => answered.push(await acceptor.accept(batch)));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toEqual([]);
  release();
  await Promise.all(all);
  expect(answered.filter(({ kind }) => kind === 'stored')).toHaveLength(1);
  expect(answered.filter(({ kind }) => kind === 'repeat')).toHaveLength(9);
  expect(rowCount()).toBe(10);
});

test('of two different batches from the same position one is stored, the other is in conflict', async () => {
  const { acceptor, rowCount } = await openAcceptor();
  const other = batchOf({ lines: numberedLines('b', 0, 20), files: [range('f', 0, 150), range('g', 0, 1)] });
  const outcomes = await Promise.all([acceptor.accept(batch), acceptor.accept(other)]);
  expect(outcomes).toEqual([
    { kind: 'stored', rowCount: 10 },
    { kind: 'conflict', answer: { positions: [{ file: 'f', ...at(100) }] } },
  ]);
  expect(rowCount()).toBe(10);
});

test('when the first of two fails, the second is not taken for its successor or its repeat', async () => {
  const { acceptor, positions, disk, rowCount } = await openAcceptor();
  const release = holdSyncs(disk);
  disk.fail({ operation: 'sync', path: '/wal/', code: 'EIO' });
  const next = batchOf({ lines: numberedLines('b', 0, 10), files: [range('f', 100, 200)] });
  const outcomes = [acceptor.accept(batch), acceptor.accept(next), acceptor.accept(batch)].map((each) =>
    each.then(
      ({ kind }) => kind,
      () => 'failed',
    ),
  );
  release();
  expect(await Promise.all(outcomes)).toEqual(['failed', 'conflict', 'failed']);
  disk.heal();
  expect(positions.known('node-1', 'f')).toEqual(at(0));
  expect(await acceptor.accept(batch)).toEqual({ kind: 'stored', rowCount: 10 });
  expect(rowCount()).toBe(10);
});

test('a batch that waits for its labels keeps its turn, and others do not wait with it', async () => {
  const positions = new Positions(() => 0);
  const { store } = await openStore({ state: positions });
  const labels = Promise.withResolvers<void>();
  const relabelled = decodeBatch(batchOf({ lines: [{ text: 'x', labels: { app: 'shop' } }] })).rowGroup;
  const acceptor = new BatchAcceptor(store, positions, async (each) => {
    if (each.files.every(({ file }) => file !== 'f')) return each;
    await labels.promise;
    return { ...each, rowGroup: relabelled };
  });
  const next = batchOf({ lines: numberedLines('b', 0, 10), files: [range('f', 100, 200)] });
  const outcomes = [acceptor.accept(batch), acceptor.accept(batch), acceptor.accept(next)];
  const other = batchOf({ lines: numberedLines('c', 0, 1), files: [range('g', 0, 1)] });
  expect(await acceptor.accept(other)).toEqual({ kind: 'stored', rowCount: 1 });
  expect(positions.known('node-1', 'f')).toEqual(at(0));
  labels.resolve();
  expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(['stored', 'repeat', 'stored']);
  expect(positions.known('node-1', 'f')).toEqual(at(200));
  expect(linesOf(store).filter((line) => line.includes('["app","shop"]'))).toHaveLength(2);
});

test('a batch whose labels fail is not stored, and moves nothing', async () => {
  const positions = new Positions(() => 0);
  const { store } = await openStore({ state: positions });
  const acceptor = new BatchAcceptor(store, positions, async () => {
    throw new CorruptionError('the header is broken');
  });
  await expect(acceptor.accept(batch)).rejects.toThrow('the header is broken');
  expect(positions.known('node-1', 'f')).toEqual(at(0));
  expect(store.stats().rowCount).toBe(0);
});

test('lines whose labels do not fit are kept with coarser ones, and those of other streams as they are', async () => {
  const positions = new Positions(() => 0);
  const { store } = await openStore({ state: positions });
  const coarse: number[] = [];
  let room = 1;
  /** A store that has room for some of the streams of a batch, in its order. */
  const small: Pick<LogStore, 'append'> = {
    append: async (bytes, each, shareMax = 1) => {
      const streams = [...new RowGroup(each.rowGroup).info.streams.entries()];
      const fine = streams.filter(([, { pod }]) => pod?.startsWith('cron-')).slice(room);
      // Of the coarser labels, those with the app do not fit in either.
      const unfit = shareMax > 1 ? streams.filter(([, { app }]) => app === 'job') : [];
      const excess = [...fine, ...unfit].map(([stream]) => stream);
      if (excess.length > 0) throw new TooManyStreamsError('no room', excess, 1);
      return store.append(bytes, each);
    },
  };
  const acceptor = new BatchAcceptor(small, positions, undefined, (_, { excess }) => coarse.push(excess.length));
  const linesOf3 = ['shop-1', 'cron-1', 'cron-2'].map((pod, i) => ({
    text: `{"n":${i}}`,
    labels: { namespace: 'shop', node: 'n', container: 'c', stream: 'stdout', pod, app: pod.replace(/-\d/, '') },
  }));
  const job = { text: '{"n":3}', labels: { namespace: 'shop', stream: 'stdout', pod: 'cron-3', app: 'job' } };
  const accept = (lines: readonly Line[], from: number) =>
    acceptor.accept(batchOf({ lines, files: [range('f', from, from + 1)] }));
  expect(await accept(linesOf3, 0)).toEqual({ kind: 'stored', rowCount: 3 });
  room = 0;
  expect(await accept([job], 1)).toEqual({ kind: 'stored', rowCount: 1 });
  expect(positions.known('node-1', 'f')).toEqual(at(2));
  expect(coarse).toEqual([1, 1]);
  const snapshot = store.snapshot();
  const pods = snapshot.rowGroups.flatMap(({ streams }) => streams);
  snapshot.release();
  expect(pods).toEqual([
    linesOf3[0]!.labels,
    linesOf3[1]!.labels,
    { namespace: 'shop', container: 'c', stream: 'stdout', app: 'cron', pod: COARSE_POD },
    { namespace: 'shop', stream: 'stdout', pod: COARSE_POD },
  ]);
});

test('pushed lines whose labels do not fit are refused', async () => {
  const { store } = await openStore();
  const shares: unknown[] = [];
  const small: Pick<LogStore, 'append'> = {
    append: async (_, __, shareMax) => {
      shares.push(shareMax);
      throw new TooManyStreamsError('no room', [0], 1);
    },
  };
  const acceptor = new BatchAcceptor(small, new Positions(() => 0));
  const push = batchOf({ lines: numberedLines('a', 0, 1), node: '' });
  await expect(acceptor.accept(push)).rejects.toThrow(TooManyStreamsError);
  expect(shares).toEqual([PUSHED_STREAMS_SHARE_MAX]);
  expect(store.stats().rowCount).toBe(0);
});

test('batches of different files share their syncs', async () => {
  const { acceptor, disk } = await openAcceptor();
  let syncs = 0;
  disk.beforeSync = async () => void syncs++;
  const send = (i: number): Promise<BatchOutcome> =>
    acceptor.accept(batchOf({ lines: numberedLines('a', 0, 1), files: [range(`f${i}`, 0, 1)] }));
  await Promise.all(Array.from({ length: 200 }, (_, i) => send(i)));
  expect(syncs).toBeLessThan(10);
});

test('a batch that contradicts itself is refused', async () => {
  const { acceptor } = await openAcceptor();
  await expect(acceptor.accept(batchOf({ files: [range('f', 5, 4)] }))).rejects.toThrow(/backwards/);
  await expect(acceptor.accept(batchOf({ files: [range('f', 0, 4), range('f', 0, 4)] }))).rejects.toThrow(/twice/);
  const broken = Buffer.from(batch);
  broken[broken.length - 1]! ^= 1;
  await expect(acceptor.accept(broken)).rejects.toThrow(/checksum/);
});

/** What every LogStore promises senders: positions that agree with the rows. */
import { expect, test } from 'vitest';
import { CLUSTER_NODE, PUSH_NODE } from '../../../server/store/positions.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { pushKey, pushRange } from '../../../server/ingest/stored-pushes.ts';
import { ROW_GROUP_LINE_BYTES_MAX } from '../../../server/limits.ts';
import { RowGroupTooLargeError } from '../../../shared/errors.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import { at, batchOf, type BatchOfLines, numberedLines, range } from '../engines/embedded/batches.ts';
import { appendBatch } from './asking.ts';

export function describeSenders(open: () => Promise<LogStore>): void {
  const judged = (store: LogStore, batch: BatchOfLines): unknown => store.positions.judge(decodeBatch(batchOf(batch)));

  test('positions: move with the rows of their batch, each node for itself', async () => {
    const store = await open();
    await appendBatch(store, { lines: numberedLines('x', 0, 3), files: [range('a.log', 0, 30)] });
    await appendBatch(store, { node: 'node-2', lines: numberedLines('x', 0, 1), files: [range('a.log', 0, 7)] });
    const { positions } = store;
    expect(positions.known('node-1', 'a.log')).toEqual(at(30));
    expect(positions.known('node-2', 'a.log')).toEqual(at(7));
    expect(positions.known('node-1', 'b.log')).toEqual(at(0));
    expect([...positions.nodes()].toSorted()).toEqual(['node-1', 'node-2']);
    expect(positions.ofNode('node-1')).toEqual({ positions: [{ file: 'a.log', ...at(30) }] });
    expect(store.stats().rowCount).toBe(4);
    await store.close();
  });

  test('positions: a repeat, a gap and an overlap are told from what follows', async () => {
    const store = await open();
    await appendBatch(store, { lines: numberedLines('x', 0, 3), files: [range('a.log', 0, 30)] });
    const answer = { positions: [{ file: 'a.log', ...at(30) }] };
    expect(judged(store, { files: [range('a.log', 0, 30)] })).toEqual({ kind: 'repeat' });
    expect(judged(store, { files: [range('a.log', 30, 40)] })).toEqual({ kind: 'accept' });
    expect(judged(store, { files: [range('a.log', 31, 40)] })).toEqual({ kind: 'conflict', answer });
    expect(judged(store, { files: [range('a.log', 20, 40)] })).toEqual({ kind: 'conflict', answer });
    await store.close();
  });

  test('positions: a batch may move them without rows, and a broken one moves none', async () => {
    const store = await open();
    expect(await appendBatch(store, { files: [range('a.log', 0, 30)] })).toEqual({ rowCount: 0 });
    const broken = batchOf({ lines: numberedLines('x', 0, 3), files: [range('a.log', 30, 60)] });
    broken[broken.length - 1]! ^= 1;
    await expect(store.append(broken, decodeBatch(broken))).rejects.toThrow();
    expect(store.positions.known('node-1', 'a.log')).toEqual(at(30));
    await store.close();
  });

  test('a row group that would take too much memory is refused, and moves no positions', async () => {
    const store = await open();
    const text = 'x'.repeat(2 ** 20);
    const lines = Array.from({ length: ROW_GROUP_LINE_BYTES_MAX / text.length + 1 }, (_, i) => ({
      text: `${text}${i}`,
    }));
    const appended = appendBatch(store, { lines, files: [range('a.log', 0, 100)] });
    await expect(appended).rejects.toThrow(RowGroupTooLargeError);
    expect(store.positions.known('node-1', 'a.log')).toEqual(at(0));
    expect(store.stats().rowCount).toBe(0);
    await store.close();
  });

  test('positions: a file that is gone is asked for no more, and still known', async () => {
    const store = await open();
    await appendBatch(store, { files: [range('a.log', 0, 30)] });
    await appendBatch(store, { gone: ['a.log'] });
    expect(store.positions.ofNode('node-1')).toEqual({ positions: [] });
    expect([...store.positions.all('node-1')]).toEqual([['a.log', at(30)]]);
    await store.close();
  });

  test('positions: the reserved nodes of pushes and of the cluster', async () => {
    const store = await open();
    const key = pushKey('somebody', 'once');
    const content = 'c'.repeat(22);
    const push: BatchOfLines = {
      node: PUSH_NODE,
      lines: numberedLines('x', 0, 3),
      files: [pushRange(key, content, 0, 3)],
    };
    expect(store.positions.pushes.get(key)).toBeUndefined();
    await appendBatch(store, push);
    expect(store.positions.pushes.get(key)).toMatchObject({ content, lineCount: 3 });
    expect(judged(store, push)).toEqual({ kind: 'repeat' });
    await appendBatch(store, { node: CLUSTER_NODE, files: [range('told', 0, 2)] });
    expect(store.positions.known(CLUSTER_NODE, 'told')).toEqual(at(2));
    expect([...store.positions.nodes()]).toEqual([CLUSTER_NODE]);
    await store.close();
  });
}

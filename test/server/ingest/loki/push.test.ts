/** Pushes of Loki's clients in a store: each entry is stored once, whatever happens between, in bounded memory and slices. */
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BatchAcceptor } from '../../../../server/ingest/accept-batch.ts';
import { positionsProblem } from '../../../../server/ingest/check-positions.ts';
import { type LokiPush, LokiPushAcceptor, type LokiPushOutcome } from '../../../../server/ingest/loki/push.ts';
import { Positions } from '../../../../server/ingest/positions.ts';
import { PushMemory } from '../../../../server/ingest/push-memory.ts';
import {
  LOKI_AGE_MS_MAX,
  LOKI_PUSH_BYTES_MAX,
  LOKI_PUSH_ENTRIES_MAX,
  PUSHED_ROWS_PER_GROUP_MAX,
} from '../../../../server/limits.ts';
import { TASKS } from '../../../../server/tasks.ts';
import type { RunOptions, RunTask, TaskKind } from '../../../../server/workers/task.ts';
import { instantOfMs } from '../../../../shared/time.ts';
import { linesOf, type OpenStore, openStore, reopen } from '../../engines/embedded/open-store.ts';
import { jsonOf, protobufOf, type SentStream, snappyOf } from './push-bodies.ts';

const NOW_MS = Date.UTC(2026, 10, 27);
const NOW = instantOfMs(NOW_MS);

interface Opened {
  readonly opened: OpenStore;
  readonly positions: Positions;
  readonly memory: PushMemory;
  readonly push: (streams: readonly SentStream[], changes?: Partial<LokiPush>) => Promise<LokiPushOutcome>;
  /** Names of tasks, in order. */
  readonly tasks: string[];
  /** After this many batches, nothing is stored any more, as if the process had ended. */
  dieAfter: number;
}

class Killed extends Error {}

/** Others always wait for the worker; what is transferred to it is gone. */
function runner(tasks: string[]): RunTask {
  const context = { isCancelled: () => false, shouldYield: () => true };
  return async <Input, Output>(
    kind: TaskKind<Input, Output>,
    input: Input,
    { transfer = [] }: RunOptions,
  ): Promise<Output> => {
    tasks.push(kind.name);
    const handler = TASKS.find(({ name }) => name === kind.name)!;
    const moved = structuredClone(input, { transfer: transfer as ArrayBuffer[] });
    const result = await handler.run(moved, context);
    return structuredClone(result.output, { transfer: (result.transfer ?? []) as ArrayBuffer[] }) as Output;
  };
}

async function openPushes(before?: Opened): Promise<Opened> {
  const positions = new Positions(() => NOW_MS);
  const opened =
    before === undefined ? await openStore({ state: positions }) : await reopen(before.opened, { state: positions });
  const memory = new PushMemory();
  const acceptor = new BatchAcceptor(opened.store, positions);
  const tasks: string[] = [];
  const pushes = new LokiPushAcceptor({
    positions,
    memory,
    redaction: { rules: () => [], count: () => {} },
    run: runner(tasks),
    acceptor: {
      accept: async (bytes: Uint8Array) => {
        if (result.dieAfter-- <= 0) throw new Killed();
        return acceptor.accept(bytes);
      },
    },
  });
  const result: Opened = {
    opened,
    positions,
    memory,
    tasks,
    push: (streams, changes) =>
      pushes.accept({
        body: snappyOf(protobufOf(streams)),
        format: 'protobuf',
        coding: undefined,
        arrivedMs: NOW_MS,
        caller: 'pusher',
        idempotencyKey: undefined,
        ...changes,
      }),
    dieAfter: Infinity,
  };
  return result;
}

function numbered(count: number, app = 'api'): SentStream[] {
  return [
    { labels: { app }, entries: Array.from({ length: count }, (_, n) => ({ ns: NOW + BigInt(n), line: `line ${n}` })) },
  ];
}

function texts({ opened }: Opened): string[] {
  return linesOf(opened.store).map((line) => /line \d+$/.exec(line)![0]);
}

test('times to the nanosecond, labels, and lines of any bytes', async () => {
  const at = await openPushes();
  const lines = ['two\nlines', '', '\r', '{"a":1}', 'é\u0000'];
  const entries = lines.map((line, n) => ({ ns: NOW + BigInt(n), line }));
  await at.push([{ labels: { app: 'api', pod: 'p' }, entries }]);
  expect(linesOf(at.opened.store)).toEqual(
    lines.map((line, n) => `2026-11-27T00:00:00.00000000${n}Z [["app","api"],["pod","p"]] ${line}`),
  );
});

test('a repeat stores nothing, whether at once, beside the first, after a flush or after restarts', async () => {
  let at = await openPushes();
  const push = numbered(10);
  await Promise.all([at.push(push), at.push(push), at.push(push, { caller: 'pusher' })]);
  at = await openPushes(at);
  await at.push(push);
  await at.opened.store.flushAll();
  at = await openPushes(at);
  await at.push(push);
  // As the client compresses it now.
  await at.push([], { body: gzipSync(snappyOf(protobufOf(push))), coding: 'gzip' });
  expect(texts(at)).toEqual(numbered(10)[0]!.entries.map(({ line }) => line));
  await at.push(numbered(11));
  await at.push(push, { caller: 'another' });
  expect(texts(at)).toHaveLength(31);
});

const MANY = numbered(2 * PUSHED_ROWS_PER_GROUP_MAX + 5);

test.each([0, 1, 2])('a push that ended after %d row groups is completed by its repeat', async (stored) => {
  let at = await openPushes();
  at.dieAfter = stored;
  await expect(at.push(MANY)).rejects.toThrow(Killed);
  if (stored === 2) await at.opened.store.flushAll();
  at = await openPushes(at);
  await at.push(MANY);
  await at.push(MANY);
  expect(new Set(texts(at)).size).toBe(MANY[0]!.entries.length);
  expect(texts(at)).toHaveLength(MANY[0]!.entries.length);
});

test('the repeat of a push of which more entries have become too old', async () => {
  const ns = NOW - BigInt(LOKI_AGE_MS_MAX) * 1_000_000n;
  const at = await openPushes();
  const entries = [{ ns: ns - 1_000_000_000n, line: 'line 0' }, { ns, line: 'line 1' }, ...MANY[0]!.entries.slice(2)];
  const push = [{ labels: {}, entries }];
  at.dieAfter = 1;
  await expect(at.push(push)).rejects.toThrow(Killed);
  at.dieAfter = Infinity;
  const { refusal } = await at.push(push, { arrivedMs: NOW_MS + 10_000 });
  expect(refusal).toMatch(/^2 errors like: .* too old|^1 errors like: .* too old.*; 1 errors like: .* too old/);
  expect(texts(at).toSorted()).toEqual(
    entries
      .slice(1)
      .map(({ line }) => line)
      .toSorted(),
  );
});

test('an idempotency key is for one push', async () => {
  const at = await openPushes();
  const idempotencyKey = 'k';
  await at.push(numbered(3), { idempotencyKey });
  await at.push(numbered(3), { idempotencyKey });
  await expect(at.push(numbered(4), { idempotencyKey })).rejects.toMatchObject({ status: 409 });
  await at.push(numbered(4), { idempotencyKey, caller: 'another' });
  expect(texts(at)).toHaveLength(7);
});

test('what is known of pushes is saved as positions', async () => {
  const { push, positions } = await openPushes();
  await push(numbered(3));
  const saved = positions.save();
  expect(positionsProblem(saved)).toBeUndefined();
  expect(JSON.stringify(saved)).toMatch(/"loki:[\w-]{22}",3/);
});

test('a large push is shredded in slices, and its memory is given back', async () => {
  const at = await openPushes();
  await at.push(MANY);
  expect(at.tasks.filter((name) => name === 'shred-entries')).toHaveLength(3);
  expect(at.memory.heldBytes).toBe(0);
  const bomb = gzipSync(Buffer.alloc(LOKI_PUSH_BYTES_MAX + 1));
  for (const format of ['json', 'protobuf'] as const) {
    await expect(at.push([], { body: bomb, coding: 'gzip', format })).rejects.toMatchObject({ status: 413 });
  }
  await expect(at.push([], { body: Buffer.from('x'), coding: 'gzip' })).rejects.toMatchObject({ status: 400 });
  await expect(at.push([], { body: Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]) })).rejects.toMatchObject({
    status: 413,
  });
  await expect(at.push(numbered(LOKI_PUSH_ENTRIES_MAX + 1))).rejects.toMatchObject({ status: 413 });
  expect(at.memory.heldBytes).toBe(0);
  expect(texts(at)).toHaveLength(MANY[0]!.entries.length);
});

test('streams of one push are those of the same labels in another', async () => {
  const at = await openPushes();
  const streams = [...numbered(2, 'a'), ...numbered(2, 'b'), ...numbered(3, 'a')];
  expect(await at.push(streams)).toEqual({ streamCount: 3, refusal: undefined, refusedCount: 0 });
  await at.push([], { body: jsonOf(numbered(1, 'c')), format: 'json' });
  expect(texts(at)).toHaveLength(8);
});

test('a push without streams, or without one that is good, stores nothing', async () => {
  const at = await openPushes();
  expect(await at.push([])).toEqual({ streamCount: 0, refusal: undefined, refusedCount: 0 });
  const { refusal } = await at.push([{ labels: { source: 'audit' }, entries: [{ ns: NOW, line: 'line 0' }] }]);
  expect(refusal).toMatch(/what podlog itself records/);
  expect(texts(at)).toEqual([]);
});

test('an import has lines of any age, each as often as it is there; what was refused before is no repeat', async () => {
  const at = await openPushes();
  const old = NOW - BigInt(LOKI_AGE_MS_MAX + 1000) * 1_000_000n;
  const entries = ['line 0', 'line 0', 'line 1'].map((line) => ({ ns: old, line }));
  const streams = [{ labels: { app: 'api' }, entries }];
  expect((await at.push(streams)).refusedCount).toBe(3);
  for (const _ of ['first', 'repeat']) {
    expect(await at.push(streams, { isImport: true })).toEqual({ streamCount: 1, refusal: undefined, refusedCount: 0 });
  }
  expect(texts(at)).toEqual(['line 0', 'line 0', 'line 1']);
});

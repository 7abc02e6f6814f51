/** A large push is shredded in slices: others have their turn between them, and little of it is in memory. */
import { zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BatchAcceptor } from '../../../server/ingest/accept-batch.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { type Push, PushAcceptor } from '../../../server/ingest/push.ts';
import { PushMemory } from '../../../server/ingest/push-memory.ts';
import { type ShredInput, shredTask } from '../../../server/ingest/shred-lines.ts';
import { PUSH_WINDOW_BYTES, PUSHED_ROWS_PER_GROUP_MAX } from '../../../server/limits.ts';
import { linesOf, type OpenStore, openStore } from '../engines/embedded/open-store.ts';

const NOW_MS = Date.UTC(2026, 10, 27);

interface Opened {
  readonly opened: OpenStore;
  readonly memory: PushMemory;
  readonly push: (changes: Partial<Push>) => Promise<number>;
  /** What each task was given, in order. */
  readonly tasks: ShredInput[];
  /** Row groups that are shredded and not stored yet: the most at any time. */
  waitingRowGroupsMax: number;
}

/** Others always wait for the worker, which does one slice at a time. */
async function openPushes(): Promise<Opened> {
  const positions = new Positions(() => NOW_MS);
  const opened = await openStore({ state: positions });
  const memory = new PushMemory();
  const acceptor = new BatchAcceptor(opened.store, positions);
  let waitingRowGroups = 0;
  const pushes = new PushAcceptor({
    positions,
    memory,
    redaction: { rules: () => [], count: () => {} },
    shred: async (input) => {
      result.tasks.push(input);
      const { output } = shredTask(input, () => true);
      waitingRowGroups += output.rowGroups.length;
      result.waitingRowGroupsMax = Math.max(result.waitingRowGroupsMax, waitingRowGroups);
      return output;
    },
    acceptor: {
      accept: async (bytes: Uint8Array) => {
        const outcome = await acceptor.accept(bytes);
        waitingRowGroups--;
        return outcome;
      },
    },
  });
  const result: Opened = {
    opened,
    memory,
    tasks: [],
    waitingRowGroupsMax: 0,
    push: (changes) =>
      pushes.accept({
        body: Buffer.alloc(0),
        codings: [],
        labels: {},
        arrivedMs: NOW_MS,
        caller: 'pusher',
        idempotencyKey: undefined,
        ...changes,
      }),
  };
  return result;
}

const BODY_BYTES = 2 * PUSH_WINDOW_BYTES;
const BOMB: Partial<Push> = { body: zstdCompressSync(Buffer.alloc(BODY_BYTES, '{"a":1}\n')), codings: ['zstd'] };
const BOMB_LINES = BODY_BYTES / 8;

test('a small push is stored while a large one is under way', { timeout: 120_000 }, async () => {
  const at = await openPushes();
  const order: string[] = [];
  const large = at.push(BOMB).then((lines) => order.push(`large ${lines}`));
  const small = at.push({ body: Buffer.from('one\ntwo\n') }).then((lines) => order.push(`small ${lines}`));
  await Promise.all([large, small]);
  expect(order).toEqual(['small 2', `large ${BOMB_LINES}`]);
  // A slice is a row group; no task is given more than a window.
  expect(at.tasks.length).toBeGreaterThanOrEqual(BOMB_LINES / PUSHED_ROWS_PER_GROUP_MAX);
  expect(Math.max(...at.tasks.map(({ bytes }) => bytes.length))).toBeLessThanOrEqual(PUSH_WINDOW_BYTES);
  expect(at.waitingRowGroupsMax).toBeLessThanOrEqual(2);
  expect(at.memory.heldBytes).toBe(0);
});

test('slices of a push with a key are its lines, once each', { timeout: 120_000 }, async () => {
  const at = await openPushes();
  const lines = Array.from({ length: PUSHED_ROWS_PER_GROUP_MAX + 1000 }, (_, n) => `line ${n} ${'-'.repeat(80)}`);
  const body = Buffer.from(lines.join('\n'));
  expect(body.length).toBeGreaterThan(PUSH_WINDOW_BYTES);
  for (const push of [{ body }, { body: zstdCompressSync(body), codings: ['zstd'] as const }]) {
    expect(await at.push({ ...push, idempotencyKey: 'k' })).toBe(lines.length);
  }
  const stored = linesOf(at.opened.store).map((line) => /line \d+/.exec(line)![0]);
  expect(stored.toSorted()).toEqual(lines.map((line) => /line \d+/.exec(line)![0]).toSorted());
});

test('nothing is stored of a body that is broken at its end', async () => {
  const at = await openPushes();
  const body = zstdCompressSync(Buffer.alloc(BODY_BYTES, 'x\n')).subarray(0, -3);
  await expect(at.push({ body, codings: ['zstd'] })).rejects.toMatchObject({ status: 400 });
  expect(at.tasks).toEqual([]);
  expect(at.memory.heldBytes).toBe(0);
});

/** Live tails share one scan of what arrives; a slow one ends with the reason, and the others go on. */
import { afterEach, expect, test } from 'vitest';
import {
  TAIL_GROUPS_WAITING_MAX,
  TAIL_ROWS_AT_ONCE,
  TAIL_TEXT_BYTES_AT_ONCE,
  TAIL_TEXT_BYTES_MAX,
  TAILS_TEXT_BYTES_MAX,
} from '../../../../../server/limits.ts';
import type { LiveTails, LiveTailsOptions } from '../../../../../server/engines/embedded/tail/live-tails.ts';
import type { LiveTail } from '../../../../../server/engines/embedded/tail/live-tail.ts';
import {
  TailTask,
  type TailInput,
  type TailOutput,
  type TailQuery,
} from '../../../../../server/engines/embedded/tail/tail-task.ts';
import { OpenFiles } from '../../../../../server/engines/embedded/scan/open-files.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import {
  EVERYTHING as EVERY_LINE,
  type Predicate,
  textLeaf,
  valueLeaf,
} from '../../../../../server/store/predicate.ts';
import { RowGroups } from '../../../../../server/engines/embedded/scan/row-groups.ts';
import type { Store } from '../../../../../server/engines/embedded/core/store.ts';
import { batchOf, type Line, numberedLines } from '../batches.ts';
import { append, filesIn, openStore } from '../open-store.ts';
import { liveTails, RAW } from '../query-context.ts';

const ALL: Predicate = { from: undefined, to: undefined, where: EVERY_LINE };
const NEVER = new AbortController().signal;

const joined: { readonly tails: LiveTails; readonly tail: LiveTail }[] = [];

afterEach(async () => {
  for (const { tail } of joined) tail.leave();
  for (const { tails } of joined.splice(0)) await expect.poll(() => tails.waitingCount).toBe(0);
});

function join(tails: LiveTails, query: TailQuery): LiveTail {
  const tail = tails.join(query);
  joined.push({ tails, tail });
  return tail;
}

function numbered(pattern: string): TailQuery {
  return { predicate: { ...ALL, where: valueLeaf('n', [parsePattern(pattern)]) }, sink: RAW };
}

const EVERYTHING: TailQuery = { predicate: ALL, sink: RAW };

/** Tails whose scans are counted, and wait while the gate is closed. */
function counted(
  store: Store,
  source: LiveTailsOptions['source'] = store,
): { tails: LiveTails; inputs: TailInput[]; gate: { open: Promise<void> } } {
  const task = new TailTask(new RowGroups(new OpenFiles()));
  const inputs: TailInput[] = [];
  const gate = { open: Promise.resolve() };
  const scan = async (input: TailInput): Promise<TailOutput> => {
    inputs.push(input);
    await gate.open;
    return task.run(input);
  };
  return { tails: liveTails(store, { scan, source }), inputs, gate };
}

function longLines(from: number, count: number, text: string): Line[] {
  return numberedLines('x', from, count).map((line, i) => ({ ...line, text: JSON.stringify({ n: from + i, text }) }));
}

async function numbers(tail: LiveTail, count: number): Promise<number[]> {
  const got: number[] = [];
  while (got.length < count) got.push(...numbersIn((await tail.next(NEVER)) as Uint8Array));
  return got;
}

function numbersIn(text: Uint8Array): number[] {
  const lines = Buffer.from(text).toString().split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { n: number }).n);
}

test('one append is one scan, however many tails there are', async () => {
  const { store } = await openStore();
  const { tails, inputs } = counted(store);
  const all = Array.from({ length: 200 }, (_, i) => join(tails, numbered(String(i))));
  await append(store, batchOf({ lines: numberedLines('x', 0, 200) }));
  const got = await Promise.all(all.map((tail) => numbers(tail, 1)));
  expect(got).toEqual(all.map((_, i) => [i]));
  expect(inputs.map(({ places }) => places.length)).toEqual([1]);
});

test('equal filters are searched for once, and share their text', async () => {
  const { store } = await openStore();
  const { tails, inputs } = counted(store);
  const all = Array.from({ length: 100 }, () => join(tails, numbered('7')));
  const one = join(tails, numbered('8'));
  await append(store, batchOf({ lines: numberedLines('x', 0, 10) }));
  const texts = await Promise.all(all.map((tail) => tail.next(NEVER)));
  expect(new Set(texts).size).toBe(1);
  expect(await numbers(one, 1)).toEqual([8]);
  // Both are one list, which goes with every scan and is encoded once.
  await append(store, batchOf({ lines: numberedLines('x', 0, 10) }));
  await numbers(one, 1);
  expect(inputs.length).toBe(2);
  expect(inputs[1]!.queries).toBe(inputs[0]!.queries);
});

test('batches of one commit are scanned together', async () => {
  const { store } = await openStore();
  const arrivals: (() => void)[] = [];
  const { tails, inputs } = counted(store, {
    snapshot: () => store.snapshot(),
    onAppend: (listener) => store.onAppend((rowGroups) => arrivals.push(() => listener(rowGroups))),
  });
  const tail = join(tails, EVERYTHING);
  for (let n = 0; n < 3; n++) await append(store, batchOf({ lines: numberedLines('x', n, 1) }));
  for (const arrive of arrivals) arrive();
  expect(await numbers(tail, 3)).toEqual([0, 1, 2]);
  expect(inputs.map(({ places }) => places.length)).toEqual([3]);
});

test('what arrives during a scan is scanned together', async () => {
  const { store } = await openStore();
  const { tails, inputs, gate } = counted(store);
  const tail = join(tails, EVERYTHING);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
  await expect.poll(() => inputs.length).toBe(1);
  for (let n = 1; n <= 20; n++) await append(store, batchOf({ lines: numberedLines('x', n, 1) }));
  resolve();
  expect(await numbers(tail, 21)).toEqual(Array.from({ length: 21 }, (_, n) => n));
  expect(inputs.map(({ places }) => places.length)).toEqual([1, 20]);
});

test('a tail that joins while rows wait has them in its history, and not again', async () => {
  const { store } = await openStore();
  const { tails, inputs, gate } = counted(store);
  const first = join(tails, EVERYTHING);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
  await expect.poll(() => inputs.length).toBe(1);
  await append(store, batchOf({ lines: numberedLines('x', 1, 1) }));
  const second = join(tails, EVERYTHING);
  expect(second.history.rowGroups.length).toBe(2);
  await append(store, batchOf({ lines: numberedLines('x', 2, 1) }));
  resolve();
  expect(await numbers(first, 3)).toEqual([0, 1, 2]);
  expect(await numbers(second, 1)).toEqual([2]);
});

test('files that wait to be scanned stay readable, and are given back', async () => {
  const { store, dataDir } = await openStore();
  const { tails, gate } = counted(store);
  const tail = join(tails, EVERYTHING);
  tail.history.release();
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  for (let n = 0; n < 3; n++) {
    await append(store, batchOf({ lines: numberedLines('x', n, 1) }));
    await store.flushAll();
  }
  resolve();
  expect(await numbers(tail, 3)).toEqual([0, 1, 2]);
  await expect.poll(async () => (await filesIn(dataDir)).filter((path) => path.endsWith('.wal'))).toEqual([]);
});

test('much text comes in parts: of one search no more than it may hold, every line once, in order', async () => {
  const { store } = await openStore();
  const { tails, inputs } = counted(store);
  const all = [numbered('*'), EVERYTHING, numbered('*1*')].map((query) => join(tails, query));
  const lineCount = 3000;
  const text = 'x'.repeat((1.5 * TAIL_TEXT_BYTES_AT_ONCE) / lineCount);
  const lines = longLines(0, lineCount, text);
  const want = lines.map((_, n) => n);
  const got = Promise.all([
    numbers(all[0]!, lineCount),
    numbers(all[1]!, lineCount),
    numbers(all[2]!, want.filter((n) => String(n).includes('1')).length),
  ]);
  await append(store, batchOf({ lines }));
  expect(await got).toEqual([want, want, want.filter((n) => String(n).includes('1'))]);
  expect(inputs.length).toBeGreaterThan(3);
});

test('a task that others wait for goes on where it ended', async () => {
  const { store } = await openStore();
  const task = new TailTask(new RowGroups(new OpenFiles()));
  const inputs: TailInput[] = [];
  const scan = async (input: TailInput): Promise<TailOutput> => {
    inputs.push(input);
    return task.run(input, () => true);
  };
  const tails = liveTails(store, { scan });
  const all = ['1', '2', '3'].map((n) => join(tails, numbered(n)));
  await append(store, batchOf({ lines: numberedLines('x', 0, 5) }));
  expect(await Promise.all(all.map((tail) => numbers(tail, 1)))).toEqual([[1], [2], [3]]);
  expect(inputs.map(({ from }) => from.query)).toEqual([0, 1, 2]);
});

test('a slow tail ends with the reason; the others, also of the same filter, have every line', async () => {
  const { store } = await openStore();
  const tails = liveTails(store);
  const slow = join(tails, EVERYTHING);
  const fast = join(tails, EVERYTHING);
  const text = 'x'.repeat(TAIL_TEXT_BYTES_MAX / 10);
  for (let n = 0; n < 12; n++) {
    await append(store, batchOf({ lines: longLines(n, 1, text) }));
    expect(await numbers(fast, 1)).toEqual([n]);
  }
  await expect(slow.next(NEVER)).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(new RegExp(`more slowly than lines arrive.*${TAIL_TEXT_BYTES_MAX} bytes`)),
  });
  expect([tails.count, tails.textBytes]).toEqual([1, 0]);
});

test('a slow tail whose client can be told goes on: every line is in a piece that it gets, or in one that is dropped', async () => {
  const { store } = await openStore();
  const tails = liveTails(store);
  const dropped: Uint8Array[] = [];
  const slow = tails.join({ predicate: ALL, sink: RAW }, (piece) => dropped.push(piece));
  joined.push({ tails, tail: slow });
  const fast = join(tails, EVERYTHING);
  const text = 'x'.repeat(TAIL_TEXT_BYTES_MAX / 10);
  for (let n = 0; n < 12; n++) {
    await append(store, batchOf({ lines: longLines(n, 1, text) }));
    expect(await numbers(fast, 1)).toEqual([n]);
  }
  expect(dropped.length).toBeGreaterThan(0);
  const kept = await numbers(slow, 12 - dropped.length);
  expect([...kept, ...dropped.flatMap(numbersIn)]).toEqual(Array.from({ length: 12 }, (_, n) => n));
  await append(store, batchOf({ lines: longLines(12, 1, text) }));
  expect([await numbers(fast, 1), await numbers(slow, 1)]).toEqual([[12], [12]]);
});

test('all together hold no more text than they may: those with most end', async () => {
  const { store } = await openStore();
  const tails = liveTails(store);
  const count = Math.ceil(TAILS_TEXT_BYTES_MAX / TAIL_TEXT_BYTES_MAX) + 2;
  // Each has text of its own, as their filters differ.
  const all = Array.from({ length: count }, (_, i) =>
    join(tails, { ...numbered('*'), predicate: { ...ALL, where: textLeaf(`t${i}`) } }),
  );
  const fast = join(tails, numbered('*'));
  const lineCount = 16;
  const names = all.map((_, i) => `t${i}`).join(' ');
  const text = `${names} ${'x'.repeat((TAIL_TEXT_BYTES_MAX * 0.95) / lineCount)}`;
  const lines = longLines(0, lineCount, text);
  const got = numbers(fast, lineCount);
  await append(store, batchOf({ lines }));
  expect((await got).length).toBe(lineCount);
  expect(tails.textBytes).toBeLessThanOrEqual(TAILS_TEXT_BYTES_MAX);
  const outcomes = await Promise.allSettled(all.map((tail) => tail.next(NEVER)));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  const ended = errors.length;
  expect(ended).toBeGreaterThan(0);
  for (const error of errors) expect(error).toContain(`${TAILS_TEXT_BYTES_MAX} bytes wait for the clients of all live`);
  expect(ended).toBeLessThan(count / 2);
  expect(tails.count).toBe(count + 1 - ended);
});

test('when workers have no time for tails, they end and say so, and later ones go on', async () => {
  const { store } = await openStore();
  const { tails, inputs, gate } = counted(store);
  const tail = join(tails, EVERYTHING);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  const batches = Array.from({ length: TAIL_GROUPS_WAITING_MAX + 1 }, (_, n) => n);
  for (let n = 0; n < batches.length; n += 512) {
    await Promise.all(
      batches.slice(n, n + 512).map((each) => append(store, batchOf({ lines: numberedLines('x', each, 1) }))),
    );
  }
  await expect(tail.next(NEVER)).rejects.toMatchObject({ status: 503, message: expect.stringMatching(/batches wait/) });
  const later = join(tails, EVERYTHING);
  resolve();
  await append(store, batchOf({ lines: numberedLines('x', 77, 1) }));
  expect(await numbers(later, 1)).toEqual([77]);
  for (const { places } of inputs) expect(places.length).toBeLessThanOrEqual(TAIL_ROWS_AT_ONCE);
});

test('a scan that fails ends its tails with the failure', async () => {
  const { store } = await openStore();
  const failure = new Error('a worker thread died');
  let fails = true;
  const task = new TailTask(new RowGroups(new OpenFiles()));
  const tails = liveTails(store, {
    scan: async (input) => {
      if (fails) throw failure;
      return task.run(input);
    },
  });
  const tail = join(tails, EVERYTHING);
  await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
  await expect(tail.next(NEVER)).rejects.toBe(failure);
  fails = false;
  const later = join(tails, EVERYTHING);
  await append(store, batchOf({ lines: numberedLines('x', 1, 1) }));
  expect(await numbers(later, 1)).toEqual([1]);
});

test('a scan that fails ends those that took part in it, not one that joined while it ran', async () => {
  const { store } = await openStore();
  const failure = new Error('a worker thread died');
  const scanning = Promise.withResolvers<void>();
  const failing = Promise.withResolvers<never>();
  const task = new TailTask(new RowGroups(new OpenFiles()));
  let scans = 0;
  const tails = liveTails(store, {
    scan: async (input) => {
      if (scans++ > 0) return task.run(input);
      scanning.resolve();
      return failing.promise;
    },
  });
  const first = join(tails, EVERYTHING);
  await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
  await scanning.promise;
  const late = join(tails, EVERYTHING);
  failing.reject(failure);
  await expect(first.next(NEVER)).rejects.toBe(failure);
  await append(store, batchOf({ lines: numberedLines('x', 1, 1) }));
  expect(await numbers(late, 1)).toEqual([1]);
});

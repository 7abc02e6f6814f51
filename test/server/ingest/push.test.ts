/** Pushes with an idempotency key: each line is stored once, whatever happens between, and nothing else is taken for a repeat. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BatchAcceptor } from '../../../server/ingest/accept-batch.ts';
import { positionsProblem } from '../../../server/ingest/check-positions.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { PUSH_NODE } from '../../../server/store/positions.ts';
import { type Push, PushAcceptor } from '../../../server/ingest/push.ts';
import { PushMemory } from '../../../server/ingest/push-memory.ts';
import { shredTask } from '../../../server/ingest/shred-lines.ts';
import { oldKeyFile } from '../../../server/ingest/stored-pushes.ts';
import { IDEMPOTENCY_KEY_KEPT_MS, IDEMPOTENCY_KEYS_MAX, PUSHED_ROWS_PER_GROUP_MAX } from '../../../server/limits.ts';
import type { JsonValue } from '../../../shared/json-value.ts';
import { aloneInThread } from '../../../server/workers/task.ts';
import { encodeBatch } from '../../../shared/wire.ts';
import { linesOf, type OpenStore, openStore, reopen } from '../engines/embedded/open-store.ts';

const NOW_MS = Date.UTC(2026, 10, 27);
const DAY_MS = 86_400_000;

interface Opened {
  readonly opened: OpenStore;
  readonly positions: Positions;
  readonly acceptor: BatchAcceptor;
  readonly push: (changes: Partial<Push> & { lines: readonly string[] }) => Promise<number>;
  /** After this many batches, nothing is stored any more, as if the process had ended. */
  dieAfter: number;
}

class Killed extends Error {}

async function openPushes(before?: Opened, saved?: JsonValue): Promise<Opened> {
  const positions = new Positions(() => NOW_MS);
  const opened =
    before === undefined ? await openStore({ state: positions }) : await reopen(before.opened, { state: positions });
  if (saved !== undefined) positions.restore(saved);
  const acceptor = new BatchAcceptor(opened.store, positions);
  const pushes = new PushAcceptor({
    positions,
    memory: new PushMemory(),
    redaction: { rules: () => [], count: () => {} },
    shred: async (input) => shredTask(input, aloneInThread).output,
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
    acceptor,
    push: ({ lines, ...changes }) =>
      pushes.accept({
        body: Buffer.from(lines.join('\n')),
        codings: [],
        labels: { app: 'shop' },
        arrivedMs: NOW_MS,
        caller: 'pusher',
        idempotencyKey: 'k',
        ...changes,
      }),
    dieAfter: Infinity,
  };
  return result;
}

function numbered(count: number, name = 'line'): string[] {
  return Array.from({ length: count }, (_, n) => `${name} ${n}`);
}

/** The texts of all lines, without their times and labels. */
function texts({ opened }: Opened): string[] {
  return linesOf(opened.store)
    .map((line) => /(?:line|other) \d+/.exec(line)![0])
    .toSorted();
}

const MANY = numbered(2 * PUSHED_ROWS_PER_GROUP_MAX + 5);

test('a repeat stores nothing, whether at once, after a flush or after restarts', async () => {
  let at = await openPushes();
  const lines = numbered(10);
  for (let n = 0; n < 2; n++) expect(await at.push({ lines })).toBe(10);
  at = await openPushes(at);
  expect(await at.push({ lines })).toBe(10);
  await at.opened.store.flushAll();
  at = await openPushes(at);
  expect(await at.push({ lines })).toBe(10);
  expect(texts(at)).toEqual(lines);
});

for (const stored of [0, 1, 2]) {
  test(`a push that ended after ${stored} row groups is completed by its repeat`, async () => {
    let at = await openPushes();
    at.dieAfter = stored;
    await expect(at.push({ lines: MANY })).rejects.toThrow(Killed);
    expect(linesOf(at.opened.store)).toHaveLength(stored * PUSHED_ROWS_PER_GROUP_MAX);
    if (stored === 2) await at.opened.store.flushAll();
    at = await openPushes(at);
    expect(await at.push({ lines: MANY })).toBe(MANY.length);
    expect(texts(at)).toEqual(MANY.toSorted());
    expect(await at.push({ lines: MANY })).toBe(MANY.length);
    expect(linesOf(at.opened.store)).toHaveLength(MANY.length);
  });
}

test('the repeat of a push whose row groups end elsewhere, because it comes on another day', async () => {
  const at = await openPushes();
  // Days that share a row group with the arrival of the first attempt, and not with that of the second.
  const old = (n: number): string =>
    JSON.stringify({ time: new Date(NOW_MS - 45 * DAY_MS).toISOString(), m: `line ${n}` });
  const older = (n: number): string =>
    JSON.stringify({ time: new Date(NOW_MS - 200 * DAY_MS).toISOString(), m: `line ${n}` });
  const lines = [old(0), 'line 1', older(2), 'line 3', old(4), older(5), 'line 6'];
  at.dieAfter = 2;
  await expect(at.push({ lines })).rejects.toThrow(Killed);
  at.dieAfter = Infinity;
  expect(await at.push({ lines, arrivedMs: NOW_MS + 10 * DAY_MS })).toBe(7);
  expect(texts(at)).toEqual(numbered(7));
});

const LINES = numbered(7);
const TEXT = LINES.join('\n');

test.for<[string, Partial<Push>]>([
  ['compressed', { body: gzipSync(TEXT), codings: ['gzip'] }],
  ['compressed otherwise', { body: zstdCompressSync(TEXT), codings: ['zstd'] }],
  ['later', { arrivedMs: NOW_MS + 60_000 }],
])('the same push, %s, is a repeat', async ([, changes]) => {
  const at = await openPushes();
  await at.push({ lines: LINES });
  expect(await at.push({ lines: LINES, ...changes })).toBe(7);
  expect(texts(at)).toEqual(LINES);
});

test('the order of labels is no other push', async () => {
  const at = await openPushes();
  await at.push({ lines: LINES, labels: { a: '1', b: '2' } });
  expect(await at.push({ lines: LINES, labels: { b: '2', a: '1' } })).toBe(7);
  expect(texts(at)).toEqual(LINES);
});

test.for<[string, Partial<Push> & { lines: readonly string[] }]>([
  ['other lines', { lines: numbered(7, 'other') }],
  ['fewer lines', { lines: numbered(6) }],
  ['more lines', { lines: numbered(8) }],
  ['no lines', { lines: [] }],
  ['a larger body', { lines: MANY }],
  ['other labels', { lines: LINES, labels: { app: 'till' } }],
  ['no labels', { lines: LINES, labels: {} }],
  ['another line end', { lines: [...LINES, ''] }],
])('the same key with %s is refused, and nothing of it is stored', async ([, other]) => {
  let at = await openPushes();
  await at.push({ lines: LINES });
  const refused = {
    status: 409,
    code: 'PODLOG_KEY_REUSED',
    message: expect.stringMatching(/key k was used/) as string,
  };
  await expect(at.push(other)).rejects.toMatchObject(refused);
  at = await openPushes(at);
  await expect(at.push(other)).rejects.toMatchObject(refused);
  expect(await at.push({ lines: LINES })).toBe(7);
  expect(texts(at)).toEqual(LINES);
});

test('another body while the first is incomplete is refused; the first can still be completed', async () => {
  const at = await openPushes();
  at.dieAfter = 1;
  await expect(at.push({ lines: MANY })).rejects.toThrow(Killed);
  at.dieAfter = Infinity;
  const other = [...MANY.slice(0, -1), 'other 1'];
  await expect(at.push({ lines: other })).rejects.toMatchObject({ status: 409 });
  await at.push({ lines: MANY });
  expect(texts(at)).toEqual(MANY.toSorted());
});

test('a key belongs to its caller', async () => {
  const at = await openPushes();
  for (const caller of ['pusher', 'other', undefined, 'null', '']) {
    await at.push({ lines: LINES, caller });
    await at.push({ lines: LINES, caller });
  }
  await expect(at.push({ lines: numbered(1), caller: 'other' })).rejects.toMatchObject({ status: 409 });
  expect(texts(at)).toHaveLength(5 * LINES.length);
});

test('keys are any texts, also such as files of the server have', async () => {
  const at = await openPushes();
  const keys = ['k', 'key:k', 'push:k', 'kubernetes/events', '__proto__', 'a/b', '\0', '"', 'x'.repeat(128)];
  for (const idempotencyKey of keys) await at.push({ lines: LINES, idempotencyKey });
  for (const idempotencyKey of keys) await at.push({ lines: LINES, idempotencyKey });
  expect(texts(at)).toHaveLength(keys.length * LINES.length);
});

test('of many at once with one key, one is stored, its repeats are answered, and others are refused', async () => {
  const at = await openPushes();
  const same = Array.from({ length: 5 }, () => at.push({ lines: LINES }));
  const others = Array.from({ length: 5 }, () => at.push({ lines: numbered(9, 'other') }));
  const outcomes = await Promise.allSettled([...same, ...others]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...Array.from({ length: 5 }, () => 'fulfilled'),
    ...Array.from({ length: 5 }, () => 'rejected'),
  ]);
  expect(texts(at)).toEqual(LINES);
});

test('when the first of two fails, the second is stored', async () => {
  const at = await openPushes();
  const broken = at.push({ lines: [], body: Buffer.from('x'), codings: ['gzip'] });
  const whole = at.push({ lines: LINES });
  await expect(broken).rejects.toMatchObject({ status: 400 });
  expect(await whole).toBe(7);
  expect(texts(at)).toEqual(LINES);
});

test('pushes without a key are all stored', async () => {
  const at = await openPushes();
  const push = (): Promise<number> => at.push({ lines: LINES, idempotencyKey: undefined });
  await Promise.all([push(), push()]);
  expect(texts(at)).toHaveLength(2 * LINES.length);
});

test('keys are forgotten after their time, and beyond their number', () => {
  let nowMs = 0;
  const positions = new Positions(() => nowMs);
  const key = (n: number): string => String(n).padStart(22, '0');
  const apply = (n: number): void => {
    const file = `push:${key(n)}/${key(0)}`;
    positions.apply({
      node: PUSH_NODE,
      files: [{ file, from: { stdout: 0, stderr: 0 }, to: { stdout: 3, stderr: 0 } }],
      gone: [],
      rowGroup: Buffer.alloc(0),
    });
  };
  for (let n = 0; n <= IDEMPOTENCY_KEYS_MAX; n++) apply(n);
  expect(positions.pushes.get(key(0))).toBeUndefined();
  expect(positions.pushes.get(key(1))).toMatchObject({ content: key(0), lineCount: 3 });
  nowMs = IDEMPOTENCY_KEY_KEPT_MS;
  positions.expire();
  expect(positions.pushes.get(key(1))).toBeDefined();
  nowMs++;
  positions.expire();
  expect(positions.pushes.get(key(1))).toBeUndefined();
});

test('positions of versions without hashes are read, and what they know to be stored is not stored again', async () => {
  const saved: JsonValue = { nodes: {}, keys: [['key:k', 1, NOW_MS]] };
  expect(positionsProblem(saved)).toBeUndefined();
  const at = await openPushes(undefined, saved);
  expect(await at.push({ lines: MANY })).toBe(MANY.length);
  expect(linesOf(at.opened.store)).toHaveLength(MANY.length - PUSHED_ROWS_PER_GROUP_MAX);
  expect(await at.push({ lines: MANY })).toBe(MANY.length);
  expect(linesOf(at.opened.store)).toHaveLength(MANY.length - PUSHED_ROWS_PER_GROUP_MAX);
  const again = at.positions.save();
  expect(positionsProblem(again)).toBeUndefined();
  expect(again).toMatchObject({ keys: [['key:k', 1, NOW_MS]] });
});

test('batches of versions without hashes are read from the WAL', async () => {
  let at = await openPushes();
  const bytes = Buffer.from(TEXT);
  const window = { bytes, start: 0, end: bytes.length };
  const { output } = shredTask(
    { ...window, labels: {}, arrivedMs: NOW_MS, skippedLines: 0, redact: [] },
    aloneInThread,
  );
  const files = [{ file: oldKeyFile('k'), from: { stdout: 0, stderr: 0 }, to: { stdout: 1, stderr: 0 } }];
  await at.acceptor.accept(encodeBatch({ node: PUSH_NODE, files, gone: [], rowGroup: output.rowGroups[0]!.bytes }));
  at = await openPushes(at);
  expect(await at.push({ lines: LINES })).toBe(7);
  expect(texts(at)).toEqual(LINES);
});

test.for<JsonValue>([
  { nodes: {}, keys: [], pushes: {} },
  { nodes: {}, keys: [], pushes: [['a', 'b', 1]] },
  { nodes: {}, keys: [], pushes: [['a', 'b', -1, 1]] },
  { nodes: {}, keys: [], pushes: [['a', 2, 1, 1]] },
  { nodes: {}, keys: [], pushes: ['a'] },
])('saved pushes that cannot be: %j', (saved) => {
  expect(positionsProblem(saved)).toMatch(/push/);
});

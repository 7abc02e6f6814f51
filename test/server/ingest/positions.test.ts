import { pino } from 'pino';
import { expect, test } from 'vitest';
import { PodlogError } from '../../../shared/errors.ts';
import { type Batch, POSITION_START } from '../../../shared/wire.ts';
import {
  CLOCK_HOLD_MS,
  FILES_PER_NODE_MAX,
  GONE_FILE_KEPT_MS,
  IDEMPOTENCY_KEY_KEPT_MS,
  IDEMPOTENCY_KEYS_MAX,
  NODE_UNSEEN_MS_MAX,
} from '../../../server/limits.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { CLUSTER_NODE, PUSH_NODE } from '../../../server/store/positions.ts';
import { oldKeyFile } from '../../../server/ingest/stored-pushes.ts';
import type { JsonValue } from '../../../shared/json-value.ts';
import { ExpiryClock, type SavedClock } from '../../../server/engines/embedded/core/expiry-clock.ts';
import { at, range } from '../engines/embedded/batches.ts';

function batch(changes: Partial<Batch>): Batch {
  return { node: 'n1', files: [], gone: [], rowGroup: Buffer.alloc(0), ...changes };
}

function positionsAfter(...batches: readonly Batch[]): Positions {
  const positions = new Positions(() => 0);
  for (const each of batches) positions.apply(each);
  return positions;
}

const known = batch({ files: [range('f', 0, 100), range('g', 0, 50)] });

const VERDICTS: readonly [string, Partial<Batch>, unknown][] = [
  ['an unknown file begins at the start', { files: [range('new', 0, 10)] }, { kind: 'accept' }],
  ['from where the known ends', { files: [range('f', 100, 120)] }, { kind: 'accept' }],
  ['two files, one of them new', { files: [range('f', 100, 120), range('new', 0, 1)] }, { kind: 'accept' }],
  ['only gone files', { gone: ['f'] }, { kind: 'accept' }],
  ['nothing at all', {}, { kind: 'accept' }],
  ['the same again', { files: [range('f', 0, 100)] }, { kind: 'repeat' }],
  ['an earlier part again', { files: [range('f', 20, 60), range('g', 0, 50)] }, { kind: 'repeat' }],
  ['half a repeat', { files: [range('f', 0, 100), range('g', 50, 60)] }, conflict(['f', 100])],
  ['an overlap', { files: [range('f', 50, 150)] }, conflict(['f', 100])],
  ['a gap', { files: [range('f', 150, 160)] }, conflict(['f', 100])],
  ['the middle of an unknown file', { files: [range('new', 10, 20)] }, conflict(['new', 0])],
  [
    'all files in conflict are named',
    { files: [range('f', 1, 200), range('g', 50, 60), range('x', 5, 6)] },
    conflict(['f', 100], ['x', 0]),
  ],
  ['a repeat that brings news of a gone file', { files: [range('f', 100, 100)], gone: ['g'] }, { kind: 'accept' }],
];

function conflict(...files: readonly [string, number][]): unknown {
  return { kind: 'conflict', answer: { positions: files.map(([file, stdout]) => ({ file, ...at(stdout) })) } };
}

for (const [name, changes, want] of VERDICTS) {
  test(`verdict: ${name}`, () => expect(positionsAfter(known).judge(batch(changes))).toEqual(want));
}

test('each stream of a file has its own position', () => {
  const from = { stdout: 10, stderr: 5 };
  const positions = positionsAfter(batch({ files: [{ file: 'f', from: POSITION_START, to: from }] }));
  const judge = (to: { stdout: number; stderr: number }, start = from): string =>
    positions.judge(batch({ files: [{ file: 'f', from: start, to }] })).kind;
  expect(judge({ stdout: 10, stderr: 9 })).toBe('accept');
  expect(judge({ stdout: 10, stderr: 5 })).toBe('repeat');
  expect(judge({ stdout: 11, stderr: 5 }, { stdout: 10, stderr: 4 })).toBe('conflict');
});

test('a node is told all of its files but those that are gone; a repeat of the last batch is still a repeat', () => {
  const last = batch({ files: [range('f', 100, 110)], gone: ['f'] });
  const positions = positionsAfter(known, last, batch({ node: 'n2', files: [range('other', 0, 1)] }));
  expect(positions.ofNode('n1')).toEqual({ positions: [{ file: 'g', ...at(50) }] });
  expect(positions.ofNode('n3')).toEqual({ positions: [] });
  expect(positions.judge(last)).toEqual({ kind: 'repeat' });
});

test('what is saved and restored is the same', () => {
  const positions = positionsAfter(
    known,
    batch({ gone: ['g'] }),
    batch({ node: PUSH_NODE, files: [range(oldKeyFile('k'), 0, 3)] }),
  );
  const saved: unknown = JSON.parse(JSON.stringify(positions.save()));
  const restored = new Positions(() => 0);
  restored.restore(saved as never);
  expect(restored.save()).toEqual(positions.save());
  expect(restored.known('n1', 'f')).toEqual(at(100));
  expect(restored.known(PUSH_NODE, oldKeyFile('k'))).toEqual(at(3));
  expect(restored.ofNode('n1')).toEqual(positions.ofNode('n1'));
});

test('gone files, silent nodes and old keys are forgotten, each after its time', () => {
  let nowMs = 0;
  const positions = new Positions(() => nowMs);
  positions.apply(known);
  positions.apply(batch({ gone: ['g'] }));
  positions.apply(batch({ node: PUSH_NODE, files: [range(oldKeyFile('k'), 0, 1)] }));
  const later = (ms: number): void => {
    const endMs = nowMs + ms;
    while (nowMs < endMs) {
      nowMs = Math.min(endMs, nowMs + 3_600_000);
      positions.expire();
    }
  };
  later(Math.min(GONE_FILE_KEPT_MS, IDEMPOTENCY_KEY_KEPT_MS));
  expect([positions.known('n1', 'g'), positions.known(PUSH_NODE, oldKeyFile('k'))]).toEqual([at(50), at(1)]);
  later(Math.max(GONE_FILE_KEPT_MS, IDEMPOTENCY_KEY_KEPT_MS));
  expect([positions.known('n1', 'g'), positions.known(PUSH_NODE, oldKeyFile('k'))]).toEqual([at(0), at(0)]);
  later(NODE_UNSEEN_MS_MAX / 2);
  positions.ofNode('n1');
  later(NODE_UNSEEN_MS_MAX / 2 + 1);
  expect(positions.known('n1', 'f')).toEqual(at(100));
  later(NODE_UNSEEN_MS_MAX);
  expect(positions.fileCount).toBe(0);
});

/** A machine whose clock may be set, and a server on it, which looks at its clock every hour. */
class Machine {
  #elapsedMs = 0;
  #skewMs = 0;
  clock!: ExpiryClock;
  positions!: Positions;

  constructor() {
    this.start(undefined, null);
  }

  /** As recovery does it. */
  start(clock: SavedClock | undefined, positions: JsonValue): void {
    this.clock = new ExpiryClock({
      now: () => Date.UTC(2026, 10, 23) + this.#elapsedMs + this.#skewMs,
      monotonicMs: () => this.#elapsedMs,
      log: pino({ level: 'silent' }),
    });
    this.clock.begin(clock, []);
    this.positions = new Positions(() => this.clock.steadyNow());
    this.positions.restore(positions);
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= HOUR_MS) {
      this.#elapsedMs += Math.min(left, HOUR_MS);
      this.positions.expire();
    }
  }

  setClock(byMs: number): void {
    this.#skewMs += byMs;
    this.positions.expire();
  }
}

const HOUR_MS = 3_600_000;
const JUMPS = [2 * NODE_UNSEEN_MS_MAX, -3 * NODE_UNSEEN_MS_MAX, 400 * NODE_UNSEEN_MS_MAX, 60_000];

test('a clock that jumps, forward or back, makes nothing older, before it is believed and after', () => {
  const machine = new Machine();
  const { positions } = machine;
  positions.apply(known);
  for (const byMs of JUMPS) {
    positions.apply(batch({ gone: ['g'] }));
    positions.apply(batch({ node: PUSH_NODE, files: [range(oldKeyFile('k'), 0, 1)] }));
    machine.setClock(byMs);
    expect([positions.known('n1', 'f'), positions.known('n1', 'g')]).toEqual([at(100), at(50)]);
    expect(positions.known(PUSH_NODE, oldKeyFile('k'))).toEqual(at(1));
    machine.pass(CLOCK_HOLD_MS + HOUR_MS);
    expect(machine.clock.aheadMs).toBe(0);
    expect([positions.known('n1', 'f'), positions.known('n1', 'g')]).toEqual([at(100), at(0)]);
    expect(positions.known(PUSH_NODE, oldKeyFile('k'))).toEqual(at(0));
    positions.apply(known);
  }
});

test('a jump makes nothing older that was saved before it, whenever the server starts again', () => {
  for (const byMs of [...JUMPS, 0]) {
    for (const heldMs of [0, CLOCK_HOLD_MS / 2, CLOCK_HOLD_MS + HOUR_MS]) {
      const machine = new Machine();
      machine.positions.apply(known);
      machine.pass(HOUR_MS);
      // With the manifest of a flush; the next ones note the clock alone.
      const saved = machine.positions.save();
      machine.setClock(byMs);
      machine.pass(heldMs);
      for (let starts = 0; starts < 3; starts++) {
        machine.start(machine.clock.save(), saved);
        machine.pass(CLOCK_HOLD_MS + HOUR_MS);
        expect(machine.positions.known('n1', 'f')).toEqual(at(100));
      }
      machine.setClock(-byMs);
      machine.pass(CLOCK_HOLD_MS + HOUR_MS);
      machine.start(machine.clock.save(), saved);
      machine.pass(HOUR_MS);
      expect(machine.positions.known('n1', 'f')).toEqual(at(100));
      // And nothing younger.
      machine.pass(NODE_UNSEEN_MS_MAX);
      expect(machine.positions.fileCount).toBe(0);
    }
  }
});

test('while all is kept nothing is forgotten, however old it seems', () => {
  let nowMs = 0;
  let keepsAll = true;
  const positions = new Positions(
    () => nowMs,
    () => keepsAll,
  );
  positions.apply(known);
  positions.apply(batch({ gone: ['g'] }));
  positions.apply(batch({ node: PUSH_NODE, files: [range(oldKeyFile('k'), 0, 1)] }));
  const saved = positions.save();
  for (; nowMs < 2 * NODE_UNSEEN_MS_MAX; nowMs += 3_600_000) positions.expire();
  expect(positions.save()).toEqual(saved);
  keepsAll = false;
  positions.expire();
  expect([positions.fileCount, positions.known(PUSH_NODE, oldKeyFile('k'))]).toEqual([0, at(0)]);
});

test('keys are bounded: the oldest goes first', () => {
  const positions = new Positions(() => 0);
  for (let i = 0; i <= IDEMPOTENCY_KEYS_MAX; i++)
    positions.apply(batch({ node: PUSH_NODE, files: [range(oldKeyFile(String(i)), 0, 1)] }));
  expect(positions.known(PUSH_NODE, oldKeyFile('0'))).toEqual(at(0));
  expect(positions.known(PUSH_NODE, oldKeyFile('1'))).toEqual(at(1));
});

test('a node has room for a number of files, and for more once old ones are forgotten', () => {
  let nowMs = 0;
  const positions = new Positions(() => nowMs);
  const files = Array.from({ length: FILES_PER_NODE_MAX }, (_, i) => range(`f${i}`, 0, 1));
  positions.assertRoom(batch({ files }));
  positions.apply(batch({ files }));
  const more = batch({ files: [range('more', 0, 1)] });
  expect(() => positions.assertRoom(more)).toThrow(PodlogError);
  for (const node of ['n2', PUSH_NODE, CLUSTER_NODE]) positions.assertRoom({ ...more, node });
  positions.assertRoom(batch({ files: [range('f7', 1, 2)] }));
  positions.apply(batch({ gone: ['f7'] }));
  nowMs = GONE_FILE_KEPT_MS + 1;
  positions.expire();
  positions.assertRoom(more);
});

/** What expires, by which time, when the clock of the machine is set: forward, back, while the server was down. */
import { rm } from 'node:fs/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Positions } from '../../../../../server/ingest/positions.ts';
import { CLOCK_HOLD_MS, CLOCK_LINES_MS, NODE_UNSEEN_MS_MAX } from '../../../../../server/limits.ts';
import { manifestPaths } from '../../../../../server/engines/embedded/core/manifest-file.ts';
import { ExpiryClock, LOST_CLOCK, type SavedClock } from '../../../../../server/engines/embedded/core/expiry-clock.ts';
import type { Store } from '../../../../../server/engines/embedded/core/store.ts';
import { batchOf, linesAsRead, numberedLines, range, TODAY } from '../batches.ts';
import { append, closeStore, linesOf, openStore, type OpenStore, reopen, tickAndRetain } from '../open-store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 10, 23, 12);
const log = pino({ level: 'silent' });

/** A machine: time goes by, and its clock may be set. */
class Machine {
  elapsedMs = 0;
  skewMs = 0;
  readonly wall = (): number => START_MS + this.elapsedMs + this.skewMs;
  readonly monotonicMs = (): number => this.elapsedMs;

  clock(saved?: SavedClock, lines: readonly number[] = []): ExpiryClock {
    const clock = this.newClock();
    clock.begin(saved, lines);
    return clock;
  }

  newClock(): ExpiryClock {
    return new ExpiryClock({ now: this.wall, monotonicMs: this.monotonicMs, log });
  }

  /** Looked at every hour, as housekeeping does more often. */
  pass(clock: ExpiryClock, ms: number): void {
    for (let left = ms; left > 0; left -= HOUR_MS) {
      this.elapsedMs += Math.min(left, HOUR_MS);
      clock.now();
    }
  }
}

test('a clock that runs is believed, whatever lines say', () => {
  const machine = new Machine();
  const clock = machine.clock({ seenMs: START_MS - HOUR_MS, heldMs: 0, aheadMs: 0 });
  for (const lineMs of [0, Date.UTC(2030, 0, 1), START_MS]) {
    clock.sawLine(lineMs);
    machine.pass(clock, 40 * DAY_MS);
    expect(clock.now()).toBe(machine.wall());
  }
  expect(clock.aheadMs).toBe(0);
});

test('forward: time goes on as before for the hold, and by the clock after it', () => {
  const machine = new Machine();
  const clock = machine.clock();
  clock.now();
  machine.skewMs = 40 * DAY_MS;
  machine.pass(clock, CLOCK_HOLD_MS - HOUR_MS);
  expect(clock.now()).toBe(START_MS + machine.elapsedMs);
  expect(clock.aheadMs).toBe(40 * DAY_MS);
  machine.pass(clock, 2 * HOUR_MS);
  expect(clock.now()).toBe(machine.wall());
  expect(clock.aheadMs).toBe(0);
});

test('steady time goes on by what has gone by, through jumps, holds and starts', () => {
  const machine = new Machine();
  let clock = machine.clock();
  clock.now();
  const steady = (): number => clock.steadyNow() - START_MS - machine.elapsedMs;
  for (const byMs of [40 * DAY_MS, -90 * DAY_MS, 20_000 * DAY_MS, -1000 * DAY_MS]) {
    machine.skewMs += byMs;
    expect(steady()).toBe(0);
    machine.pass(clock, CLOCK_HOLD_MS / 2);
    expect(steady()).toBe(0);
    for (const _ of [1, 2]) {
      clock = machine.clock(JSON.parse(JSON.stringify(clock.save())) as SavedClock);
      expect(steady()).toBe(0);
      machine.pass(clock, CLOCK_HOLD_MS);
      expect([clock.now(), steady()]).toEqual([machine.wall(), 0]);
    }
  }
  // A clock that is a little wrong, and set right, is followed.
  machine.skewMs += 60_000;
  expect(steady()).toBe(60_000);
});

test('a clock of before steady time was noted begins with the time that it has', () => {
  const machine = new Machine();
  expect(machine.clock({ seenMs: START_MS - HOUR_MS, heldMs: 0, aheadMs: 0 }).steadyNow()).toBe(START_MS);
});

test('a clock that is set right within the hold changes nothing', () => {
  const machine = new Machine();
  const clock = machine.clock();
  clock.now();
  machine.skewMs = 40 * DAY_MS;
  machine.pass(clock, 5 * HOUR_MS);
  machine.skewMs = 0;
  machine.pass(clock, HOUR_MS);
  expect([clock.now(), clock.aheadMs]).toEqual([machine.wall(), 0]);
});

test('lines that go on arriving with the old time prolong the hold; those of the future and of the new time do not', () => {
  for (const [lineMs, isHeld] of [
    [() => START_MS, true],
    [() => 0, true],
    [(machine: Machine) => machine.wall(), false],
    [() => Date.UTC(2100, 0, 1), false],
  ] as const) {
    const machine = new Machine();
    const clock = machine.clock();
    clock.now();
    machine.skewMs = 40 * DAY_MS;
    for (let ms = 0; ms < 3 * CLOCK_HOLD_MS; ms += HOUR_MS) {
      machine.pass(clock, HOUR_MS);
      clock.sawLine(lineMs(machine));
    }
    expect(clock.aheadMs > 0).toBe(isHeld);
    machine.pass(clock, 2 * CLOCK_LINES_MS);
    expect(clock.aheadMs).toBe(0);
  }
});

test('back: nothing expires by a time that the clock denies', () => {
  const machine = new Machine();
  const clock = machine.clock();
  clock.now();
  machine.skewMs = -10 * DAY_MS;
  expect(clock.now()).toBe(machine.wall());
  machine.skewMs = 0;
  expect([clock.now(), clock.aheadMs]).toEqual([machine.wall(), 0]);
});

test('while the server was down: the time that was noted counts, or else the newest line that is not of the future', () => {
  const machine = new Machine();
  machine.skewMs = 40 * DAY_MS;
  expect(machine.clock({ seenMs: START_MS, heldMs: 0, aheadMs: 0 }).now()).toBe(START_MS);
  expect(machine.clock(undefined, [0, START_MS - 5, Date.UTC(2030, 0, 1)]).now()).toBe(START_MS - 5);
  expect(machine.clock(undefined, [Date.UTC(2030, 0, 1)]).now()).toBe(machine.wall());
  expect(machine.clock().now()).toBe(machine.wall());
});

test('starts again and again do not prolong the hold', () => {
  const machine = new Machine();
  machine.skewMs = 40 * DAY_MS;
  let saved: SavedClock = { seenMs: START_MS, heldMs: 0, aheadMs: 0 };
  for (let ms = 0; ms <= CLOCK_HOLD_MS; ms += 2 * HOUR_MS) {
    const clock = machine.clock(saved);
    machine.pass(clock, 2 * HOUR_MS);
    saved = clock.save();
  }
  expect(saved.seenMs).toBe(machine.wall());
});

test('a hold that lines prolong does so over a restart, too: they have the time to arrive again', () => {
  for (const first of [{ seenMs: START_MS, heldMs: 0, aheadMs: 0 }, LOST_CLOCK]) {
    const machine = new Machine();
    machine.skewMs = 40 * DAY_MS;
    const isHeld = (clock: ExpiryClock): boolean => clock.aheadMs > 0 || clock.expiryNow() === undefined;
    let saved: SavedClock = first;
    let clock = machine.clock(saved, [machine.wall()]);
    for (let days = 0; days < 3; days++) {
      clock = machine.clock(saved, [machine.wall()]);
      for (let ms = 0; ms < DAY_MS; ms += HOUR_MS / 2) {
        machine.pass(clock, HOUR_MS / 2);
        clock.sawLine(START_MS + machine.elapsedMs);
        expect(isHeld(clock)).toBe(true);
      }
      saved = clock.save();
    }
    machine.pass(clock, 2 * CLOCK_LINES_MS);
    const { steadyMs: _, ...last } = clock.save();
    expect([isHeld(clock), last]).toEqual([false, { seenMs: machine.wall(), heldMs: 0, aheadMs: 0 }]);
  }
});

test('after a rebuild of the manifest nothing expires for a day that the server runs, and the time is what it seems', () => {
  for (const lines of [[], [START_MS], [START_MS, START_MS + 40 * DAY_MS]]) {
    const machine = new Machine();
    machine.skewMs = 40 * DAY_MS;
    const clock = machine.clock(LOST_CLOCK, lines);
    expect(clock.now()).toBe(machine.clock(undefined, lines).now());
    machine.pass(clock, CLOCK_HOLD_MS - HOUR_MS);
    expect(clock.expiryNow()).toBe(undefined);
    expect(clock.save()).toMatchObject({ keepAllMs: HOUR_MS });
    machine.pass(clock, HOUR_MS);
    expect(clock.expiryNow()).toBe(machine.wall());
    const { steadyMs: _, ...saved } = clock.save();
    expect(saved).toEqual({ seenMs: machine.wall(), heldMs: 0, aheadMs: 0 });
  }
});

test('the day after a rebuild counts on over starts, and leaves out the time that the server is down', () => {
  const machine = new Machine();
  let saved = LOST_CLOCK;
  for (let ms = 0; ms < CLOCK_HOLD_MS; ms += 2 * HOUR_MS) {
    machine.elapsedMs += 5 * HOUR_MS;
    const clock = machine.clock(saved, [START_MS]);
    expect(clock.expiryNow()).toBe(undefined);
    machine.pass(clock, 2 * HOUR_MS);
    saved = clock.save();
  }
  expect(saved).toEqual({ seenMs: machine.wall(), heldMs: 0, aheadMs: 0 });
});

const RETENTION_MS = 7 * DAY_MS;

async function storeOn(machine: Machine): Promise<OpenStore> {
  return openStore({ now: machine.wall, clock: machine.newClock() });
}

test('a store keeps its lines through a jump of forty days, over a restart, too, and drops them in the end', async () => {
  const machine = new Machine();
  let open = await storeOn(machine);
  const lines = [...numberedLines('old', 0, 5, TODAY - 3), ...numberedLines('new', 0, 5)];
  await append(open.store, batchOf({ lines }));
  await open.store.flushAll();
  machine.skewMs = 40 * DAY_MS;
  await tickAndRetain(open, RETENTION_MS);
  expect(open.store.stats()).toMatchObject({ rowCount: 10, clockAheadMs: 40 * DAY_MS });
  open = await reopen(open, { clock: machine.newClock() });
  expect(linesOf(open.store)).toEqual(linesAsRead(lines));
  for (let hours = 0; hours <= 25; hours++) {
    machine.elapsedMs += HOUR_MS;
    await tickAndRetain(open, RETENTION_MS);
  }
  expect(open.store.stats()).toMatchObject({ rowCount: 0, clockAheadMs: 0 });
});

test('a store that was quiet for longer than its retention drops its lines all the same', async () => {
  const machine = new Machine();
  const open = await storeOn(machine);
  await append(open.store, batchOf({ lines: numberedLines('a', 0, 5) }));
  // A node with a clock of its own neither prolongs nor shortens what others have.
  await append(open.store, batchOf({ lines: numberedLines('future', 0, 5, TODAY + 1200) }));
  await append(open.store, batchOf({ lines: numberedLines('past', 0, 5, 0) }));
  await open.store.flushAll();
  for (let hours = 0; hours < 9 * 24; hours++) {
    machine.elapsedMs += HOUR_MS;
    await tickAndRetain(open, RETENTION_MS);
  }
  expect(linesOf(open.store)).toEqual(linesAsRead(numberedLines('future', 0, 5, TODAY + 1200)));
});

test('a store whose manifest is lost with what it noted of a jump drops nothing for a day, whatever came after the jump', async () => {
  const machine = new Machine();
  let open = await storeOn(machine);
  const lines = [...numberedLines('old', 0, 5), ...numberedLines('new', 0, 5, TODAY + 40)];
  await append(open.store, batchOf({ lines: lines.slice(0, 5) }));
  await open.store.flushAll();
  machine.skewMs = 40 * DAY_MS;
  await append(open.store, batchOf({ lines: lines.slice(5) }));
  await closeStore(open);
  for (const path of manifestPaths(open.dataDir)) await rm(path);
  const { state: _, ...options } = open.options;
  open = await openStore({ ...options, clock: machine.newClock() });
  for (let hours = 0; hours < 24; hours++) {
    expect(linesOf(open.store)).toEqual(linesAsRead(lines));
    // What a start has noted counts for the next one.
    if (hours % 8 === 0) open = await reopen(open, { clock: machine.newClock() });
    machine.elapsedMs += HOUR_MS;
    await tickAndRetain(open, RETENTION_MS);
  }
  await open.store.flushAll();
  expect(linesOf(open.store)).toEqual(linesAsRead(lines.slice(5)));
});

test('the ages of positions begin with the newest of them when the manifest was rebuilt, however much later that is', async () => {
  const machine = new Machine();
  const open = async (dataDir?: string): Promise<{ store: Store; positions: Positions; dataDir: string }> => {
    const clock = machine.newClock();
    const positions = new Positions(
      () => clock.steadyNow(),
      () => clock.keepsAll(),
    );
    const changes = { now: machine.wall, clock, state: positions, ...(dataDir !== undefined && { dataDir }) };
    return { ...(await openStore(changes)), positions };
  };
  const pass = async ({ store, positions }: Awaited<ReturnType<typeof open>>, ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= HOUR_MS) {
      machine.elapsedMs += HOUR_MS;
      positions.expire();
      await store.tick();
    }
  };
  let server = await open();
  const { dataDir } = server;
  // Lines of so late that the clock seems right after the rebuild.
  const daysLater = Math.ceil((2 * NODE_UNSEEN_MS_MAX) / DAY_MS);
  const lines = numberedLines('a', 0, 5, TODAY + daysLater);
  await append(server.store, batchOf({ lines, files: [range('f', 0, 5)] }));
  await server.store.flushAll();
  await closeStore(server);
  for (const path of manifestPaths(dataDir)) await rm(path);
  machine.skewMs = (daysLater + 0.5) * DAY_MS;
  for (let starts = 0; starts < 3; starts++) {
    server = await open(dataDir);
    await pass(server, CLOCK_HOLD_MS + 2 * HOUR_MS);
    expect([...server.positions.nodes()]).toHaveLength(1);
    if (starts < 2) await closeStore(server);
  }
  await pass(server, NODE_UNSEEN_MS_MAX);
  expect([...server.positions.nodes()]).toEqual([]);
});

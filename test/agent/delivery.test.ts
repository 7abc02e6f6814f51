import { truncateSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CAUGHT_UP_ID } from '../../shared/file-id.ts';
import { FORBIDDEN_LINES } from '../../shared/errors.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { decodeLines, type Fault } from './sink.ts';
import { WAIT_MS_MAX } from '../deadline.ts';
import { cri, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

test('the server is down when the agent starts, and goes down again', async () => {
  world.sink.isDown = true;
  world.writeLines(numbered('a', 100));
  await world.start();
  await until(
    () => world.sink.requests > 2,
    () => 'no retries',
  );
  world.sink.isDown = false;
  await world.expectLines(numbered('a', 100));
  world.sink.isDown = true;
  world.writeLines(numbered('b', 40_000));
  await until(
    () => world.metric('retries_total{reason="network"}') > 4,
    () => 'no retries',
  );
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['c']);
  world.sink.isDown = false;
  await world.expectLines([...numbered('a', 100), ...numbered('b', 40_000), 'c']);
});

test.each([503, 429, 500, 401])('status %i is tried again', async (status) => {
  let refusals = 3;
  world.sink.fault = () => (refusals-- > 0 ? { status, headers: { 'retry-after': '0' } } : undefined);
  world.writeLines(['a', 'b']);
  await world.start();
  await world.expectLines(['a', 'b']);
  expect(world.metric(`retries_total{reason="${status}"}`)).toBe(3);
});

test('Retry-After is honoured', async () => {
  let refusals = 1;
  let refusedMs = 0;
  world.sink.fault = () => {
    if (refusals-- <= 0) return undefined;
    refusedMs = performance.now();
    return { status: 503, headers: { 'retry-after': '1' } };
  };
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  // Timers may be early by a millisecond or two.
  expect(performance.now() - refusedMs).toBeGreaterThan(990);
});

test('an answer that is lost: the repeat stores nothing twice', async () => {
  let lost = 2;
  world.sink.fault = () => (lost-- > 0 ? 'store-and-hang-up' : undefined);
  world.writeLines(numbered('a', 10));
  await world.start();
  await world.expectLines(numbered('a', 10));
  world.writeLines(['b']);
  await world.expectLines([...numbered('a', 10), 'b']);
  expect(world.sink.repeats).toBeGreaterThan(0);
});

test.each(['', '{"positions":[{"file":"uid/app', '<html>busy</html>', '{}'])(
  'positions that cannot be read (%j) are asked for again, and nothing is read before',
  async (text) => {
    world.writeLines(['a']);
    await world.start();
    await world.expectLines(['a']);
    await world.stop();
    world.writeLines(['b']);
    world.sink.wrongAnswers.push(text, text);
    await world.start();
    await world.expectLines(['a', 'b']);
    await world.settled();
    expect(world.sink.lines).toHaveLength(2);
    expect(world.metric('retries_total{reason="network"}')).toBe(2);
  },
);

test('a wiped store is filled again from what the node has', async () => {
  world.writeLines(numbered('old', 100));
  await world.start();
  await world.expectLines(numbered('old', 100));
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['a']);
  await world.expectLines([...numbered('old', 100), 'a']);
  await until(
    () => world.metric('open_files') === 1,
    () => 'the old file stays open',
  );
  world.sink.lines.length = 0;
  world.sink.positions.clear();
  world.sink.notes.clear();
  world.writeLines(['b']);
  await world.expectLines([...numbered('old', 100), 'a', 'b']);
  expect(world.metric('conflicts_total')).toBeGreaterThan(0);
});

test('a store that went back in time gets the rest again', async () => {
  world.writeLines(numbered('a', 10));
  await world.start();
  await world.expectLines(numbered('a', 10));
  const backup = { lines: [...world.sink.lines], positions: new Map(world.sink.positions) };
  world.writeLines(numbered('b', 10));
  await world.expectLines([...numbered('a', 10), ...numbered('b', 10)]);
  world.sink.lines.splice(0, Infinity, ...backup.lines);
  for (const [file, position] of backup.positions) world.sink.positions.set(file, position);
  world.writeLines(['c']);
  await world.expectLines([...numbered('a', 10), ...numbered('b', 10), 'c']);
});

/** @returns what brings the server back to what it knows now */
function backUp(): () => void {
  const { sink } = world;
  const backup = { lines: [...sink.lines], positions: [...sink.positions], notes: [...sink.notes] };
  return () => {
    sink.lines.splice(0, Infinity, ...backup.lines);
    for (const map of [sink.positions, sink.notes]) map.clear();
    for (const [file, position] of backup.positions) sink.positions.set(file, position);
    for (const [note, position] of backup.notes) sink.notes.set(note, position);
  };
}

async function isCounted(reason: string, times: number): Promise<void> {
  await until(
    () => world.losses(reason).times === times,
    () => `${reason} is counted ${world.losses(reason).times} times; ${world.markers().join('; ')}`,
  );
}

test('losses are counted once, though the server goes back in time and gets their markers again', async () => {
  const zeros = `${'\0'.repeat(4_096)}\n`;
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  const restore = backUp();
  world.live(zeros + cri('b') + zeros + cri('c'));
  await isCounted('zeros', 2);
  const { bytes } = world.losses('zeros');
  const want = world.sink.texts();
  restore();
  world.live(zeros + cri('d'));
  await isCounted('zeros', 3);
  await world.expectLines([...want, world.markers()[0]!, 'd']);
  await world.settled();
  expect(world.losses('zeros')).toEqual({ times: 3, bytes: bytes * 1.5 });
});

test('the same of what cannot be read again', async () => {
  world.writeLines(['a']);
  // Longer than the test: the server is told of the old content as long as it may ask for it.
  await world.start({ graceMs: 10 * WAIT_MS_MAX });
  await world.expectLines(['a']);
  const restore = backUp();
  truncateSync(world.path(LIVE));
  await isCounted('truncated', 1);
  world.writeLines(['b']);
  const marker = 'podlog: lines of 0.log may have been lost: it was truncated in place';
  await world.expectLines(['a', marker, 'b']);
  restore();
  world.writeLines(['c']);
  await world.expectLines(['a', marker, 'b', 'c']);
  await world.settled();
  expect(world.losses('truncated').times).toBe(1);
});

const REFUSALS: readonly Fault[] = [{ status: 400 }, { status: 413 }, { status: 403, code: FORBIDDEN_LINES }];

test.each(REFUSALS)('a line that the server refuses with %o is given up, the rest arrives', async (refusal) => {
  const lines = numbered('line', 100);
  world.writeLines([...lines.slice(0, 60), 'poison', ...lines.slice(60)]);
  let rowsRefused = 0;
  world.sink.fault = ({ rowGroup }) => {
    if (rowGroup.length === 0 || !decodeLines(rowGroup).some(({ text }) => text === 'poison')) return undefined;
    rowsRefused++;
    return refusal;
  };
  await world.start();
  const marker = 'podlog: 6 bytes of 0.log were lost: the server refuses them';
  const want = [...lines.slice(0, 60), marker, ...lines.slice(60)];
  await world.expectLines(want);
  expect(rowsRefused).toBeGreaterThan(1);
  await until(
    () => world.losses('rejected').times === 1,
    () => 'not counted',
  );
  expect(world.losses('rejected').bytes).toBe('poison'.length);
  world.writeLines(['after']);
  await world.expectLines([...want, 'after']);
});

test('where even the marker is refused with the labels of its pod, it comes with that of the node alone', async () => {
  world.writeLines(['before', 'poison', 'after']);
  world.sink.fault = ({ rowGroup }) => {
    const isRefused = (text: string): boolean => text === 'poison' || text.startsWith('podlog: 6 bytes of 0.log');
    if (rowGroup.length === 0 || !decodeLines(rowGroup).some(({ text }) => isRefused(text))) return undefined;
    return { status: 403, code: FORBIDDEN_LINES };
  };
  await world.start();
  await until(
    () => world.sink.lines.length === 3,
    () => `${world.sink.lines.length} lines`,
  );
  const [before, marker, after] = world.sink.lines;
  expect([before!.text, after!.text]).toEqual(['before', 'after']);
  expect(marker!.text).toMatch(/^podlog: 6 bytes of [^/]+\/[^/]+\/[^/]+\/0\.log were lost: the server refuses them$/);
  const { namespace, pod, container, stream } = marker!;
  expect([namespace, pod, container, stream]).toEqual([undefined, undefined, undefined, 'podlog']);
});

test('an agent that is not let in gives no line up', async () => {
  world.writeLines(['only']);
  let refusals = 5;
  world.sink.fault = () => (refusals-- > 0 ? { status: 403, code: 'PODLOG_FORBIDDEN' } : undefined);
  await world.start();
  await world.expectLines(['only']);
  expect(refusals).toBeLessThan(0);
  expect(world.losses('rejected').times).toBe(0);
});

test('a batch that is damaged on the way once loses nothing', async () => {
  let refusals = 1;
  world.sink.fault = () => (refusals-- > 0 ? { status: 400 } : undefined);
  world.writeLines(['only']);
  await world.start();
  await world.expectLines(['only']);
  expect(world.losses('rejected').times).toBe(0);
});

test('a server that is too old for runs of rows gets lines without them', async () => {
  const runsOf = (rowGroup: Uint8Array): number => (rowGroup.length === 0 ? 0 : new RowGroup(rowGroup).runs.length);
  let refused = 0;
  let accepted = 0;
  world.sink.fault = ({ rowGroup }) => {
    if (runsOf(rowGroup) === 0) {
      accepted++;
      return undefined;
    }
    refused++;
    return { status: 400 };
  };
  const lines = numbered('line', 100);
  world.writeLines(lines);
  await world.start();
  await world.expectLines(lines);
  world.writeLines(['later']);
  await world.expectLines([...lines, 'later']);
  expect(refused).toBe(1);
  expect(accepted).toBeGreaterThan(1);
  expect(world.losses('rejected').times).toBe(0);
});

test('stop drains what is on disk', async () => {
  await world.start({ tickMs: WAIT_MS_MAX });
  await until(
    () => world.sink.requests > 0,
    () => 'no request',
  );
  world.writeLines(numbered('a', 50_000));
  await world.stop(WAIT_MS_MAX);
  expect(world.sink.texts()).toEqual(numbered('a', 50_000));
});

test('stop ends while the server is down', async () => {
  world.sink.isDown = true;
  world.writeLines(['a']);
  await world.start();
  await world.stop(200);
  world.sink.isDown = false;
  await world.start();
  await world.expectLines(['a']);
});

test('a lone line after idleness does not wait for the next listing', async () => {
  world.writeLines(['a']);
  await world.start({ rescanMs: 3_600_000 });
  await world.expectLines(['a']);
  await world.settled();
  world.writeLines(['b']);
  await world.expectLines(['a', 'b']);
});

test('a node on which nothing happens is vouched for all the same', async () => {
  await world.start({ vouchMs: 10 });
  const vouchedMs = (): number => world.sink.notes.get(CAUGHT_UP_ID)?.stdout ?? 0;
  const isLater = async (thanMs: number): Promise<void> =>
    until(
      () => vouchedMs() > thanMs,
      () => 'no later time has been vouched for',
    );
  await isLater(0);
  await isLater(vouchedMs());
});

/** Whatever fails and restarts: each entry is stored once. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BatchAcceptor } from '../../../server/ingest/accept-batch.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { CLUSTER_NODE } from '../../../server/store/positions.ts';
import { EventLog } from '../../../server/kubernetes/events.ts';
import { type Entry, Recorder } from '../../../server/kubernetes/recorder.ts';
import { GONE_FILE_KEPT_MS, RECORD_ROWS_MAX } from '../../../server/limits.ts';
import { UnavailableError } from '../../../shared/errors.ts';
import { Counter } from '../../../shared/metrics.ts';
import { eventually } from '../../eventually.ts';
import { eventObject } from '../../kubernetes/objects.ts';
import { linesOf, type OpenStore, openStore, reopen } from '../engines/embedded/open-store.ts';

const log = pino({ level: 'silent' });
const NOW = Date.parse('2026-11-23T15:00:00Z');
const DAY_MS = 86_400_000;

interface Opened {
  readonly open: OpenStore;
  readonly positions: Positions;
  readonly recorder: Recorder;
  /** Fails so many batches. */
  readonly failNext: (count: number) => void;
}

let nowMs = NOW;

async function opened(before?: Opened): Promise<Opened> {
  const positions = new Positions(() => nowMs);
  const changes = { state: positions, now: () => nowMs };
  const open = before === undefined ? await openStore(changes) : await reopen(before.open, changes);
  const acceptor = new BatchAcceptor(open.store, positions);
  let failures = 0;
  const recorder = new Recorder({
    positions,
    log,
    delayMs: 1,
    acceptor: {
      accept: async (bytes) => {
        if (failures-- > 0) throw new UnavailableError('the disk is full', 1);
        return acceptor.accept(bytes);
      },
    },
  });
  return { open, positions, recorder, failNext: (count) => (failures = count) };
}

function entry(file: string, offset: number, changes: Partial<Entry> = {}): Entry {
  return { file, offset, labels: { source: 'test' }, epochMs: NOW + offset, line: `${file} ${offset}`, ...changes };
}

function texts({ open }: Opened): string[] {
  return linesOf(open.store).map((line) => line.slice(line.indexOf(']] ') + 3));
}

async function addAll({ recorder }: Opened, ...entries: readonly Entry[]): Promise<void> {
  for (const each of entries) await recorder.add(each);
}

test('an entry that has been told is not told again, neither now nor after a restart', async () => {
  const first = await opened();
  await addAll(first, entry('a', 1), entry('b', 7), entry('a', 1), entry('a', 3), entry('a', 2));
  await first.recorder.flush();
  await addAll(first, entry('a', 3), entry('b', 8));
  await first.recorder.close();
  expect(texts(first)).toEqual(['a 1', 'a 3', 'b 7', 'b 8']);
  const again = await opened(first);
  expect(again.recorder.files().toSorted()).toEqual(['a', 'b']);
  await addAll(again, entry('a', 1), entry('a', 3), entry('b', 8), entry('a', 4));
  await again.recorder.flush();
  expect(texts(again)).toEqual(['a 1', 'a 3', 'a 4', 'b 7', 'b 8']);
  expect(again.recorder.known('a')).toBe(4);
});

test('entries wait a moment for others, and are stored without being asked for', async () => {
  const server = await opened();
  await addAll(server, entry('a', 1));
  await eventually(() => expect(texts(server)).toEqual(['a 1']));
});

test('a file that gets an entry after it was marked as gone is not gone', async () => {
  const server = await opened();
  await addAll(server, entry('a', 1), entry('b', 1));
  await server.recorder.flush();
  server.recorder.forget(['a', 'b']);
  await addAll(server, entry('a', 2));
  await server.recorder.flush();
  expect(server.recorder.files()).toEqual(['a']);
  expect(server.recorder.known('a')).toBe(2);
});

test('many entries, of many days: as many batches as it takes', async () => {
  const server = await opened();
  const entries = Array.from({ length: 2 * RECORD_ROWS_MAX + 10 }, (_, i) => entry('a', i + 1));
  const days = [100, 0, 51].map((days_, i) => entry('b', i + 1, { epochMs: NOW - days_ * DAY_MS }));
  await addAll(server, ...entries, ...days);
  await server.recorder.flush();
  expect(texts(server).toSorted()).toEqual([...entries, ...days].map(({ line }) => line).toSorted());
});

test('a store that takes nothing is tried again, and whoever reads the API waits', async () => {
  const server = await opened();
  server.failNext(1);
  const entries = Array.from({ length: RECORD_ROWS_MAX }, (_, i) => entry('a', i + 1));
  let isAdded = false;
  const added = addAll(server, ...entries).then(() => (isAdded = true));
  await eventually(() => expect(server.recorder.known('a')).toBe(0));
  expect(isAdded).toBe(false);
  await added;
  expect(texts(server)).toHaveLength(RECORD_ROWS_MAX);
});

test('what cannot be stored at the end is learned again', async () => {
  const server = await opened();
  server.failNext(Infinity);
  await addAll(server, entry('a', 1));
  await server.recorder.close();
  await addAll(server, entry('a', 2));
  expect(texts(server)).toEqual([]);
  const again = await opened(server);
  await addAll(again, entry('a', 1), entry('a', 2));
  await again.recorder.flush();
  expect(texts(again)).toEqual(['a 1', 'a 2']);
});

test('at the end nothing is stored behind what could not be', async () => {
  const server = await opened();
  server.failNext(1);
  // Too far apart for one batch.
  const old = entry('a', 1, { epochMs: NOW - 100 * DAY_MS });
  await addAll(server, old, entry('a', 2));
  await server.recorder.close();
  expect(texts(server)).toEqual([]);
  const again = await opened(server);
  await addAll(again, old, entry('a', 2));
  await again.recorder.flush();
  expect(texts(again)).toEqual(['a 1', 'a 2']);
});

test('what nothing will be told of any more is forgotten', async () => {
  const server = await opened();
  await addAll(server, entry('a', 1), entry('b', 1));
  server.recorder.forget(['a', 'never heard of']);
  await server.recorder.flush();
  expect(server.recorder.files()).toEqual(['b']);
  nowMs += GONE_FILE_KEPT_MS + 1;
  server.positions.expire();
  expect(server.positions.ofNode(CLUSTER_NODE).positions.map(({ file }) => file)).toEqual(['b']);
  expect(server.positions.fileCount).toBe(1);
  nowMs = NOW;
});

const versioned = (name: string, version: number, count = 1) => {
  const event = eventObject(name, { message: name, count });
  return { ...event, metadata: { ...event.metadata, resourceVersion: String(version) } };
};

async function list(eventLog: EventLog, version: number, ...events: ReturnType<typeof versioned>[]): Promise<void> {
  eventLog.begin();
  eventLog.page(events);
  await eventLog.listed(String(version));
}

function eventLogOf({ recorder }: Opened, listedMax = 10): { eventLog: EventLog; dropped: Counter } {
  const dropped = new Counter('dropped', '');
  return { eventLog: new EventLog({ recorder, log, dropped, now: () => nowMs, listedMax }), dropped };
}

/** Messages and counts of the events that are stored. */
function told(server: Opened): string[] {
  return texts(server)
    .map((line) => JSON.parse(line) as { message: string; count: number })
    .map(({ message, count }) => `${message} ${count}`)
    .toSorted();
}

test('events: each version once, over lists, changes and restarts', async () => {
  const server = await opened();
  const { eventLog } = eventLogOf(server);
  await list(eventLog, 20, versioned('b', 12), versioned('a', 11));
  await eventLog.changed(versioned('a', 21, 2));
  await list(eventLog, 30, versioned('b', 12), versioned('a', 21, 2), versioned('c', 22));
  await server.recorder.close();
  expect(told(server)).toEqual(['a 1', 'a 2', 'b 1', 'c 1']);
  const again = await opened(server);
  await list(eventLogOf(again).eventLog, 31, versioned('c', 22), versioned('d', 31), versioned('a', 21, 2));
  await again.recorder.flush();
  expect(told(again)).toEqual(['a 1', 'a 2', 'b 1', 'c 1', 'd 1']);
  expect(again.recorder.files()).toEqual(['kubernetes/events/1']);
});

test('events of a list that are too many: the newest are stored, the others counted', async () => {
  const server = await opened();
  const { eventLog, dropped } = eventLogOf(server, 3);
  await list(eventLog, 20, ...[5, 9, 2, 7, 1].map((version) => versioned(`v${version}`, version)));
  await server.recorder.flush();
  expect(told(server)).toEqual(['v5 1', 'v7 1', 'v9 1']);
  expect(dropped.value()).toBe(2);
});

test('a cluster that was restored numbers its events anew, and none is taken for an old one', async () => {
  const server = await opened();
  await list(eventLogOf(server).eventLog, 100, versioned('a', 90));
  await server.recorder.flush();
  await list(eventLogOf(server).eventLog, 50, versioned('b', 40));
  await server.recorder.flush();
  expect(told(server)).toEqual(['a 1', 'b 1']);
  const again = await opened(server);
  expect(again.recorder.files()).toEqual(['kubernetes/events/2']);
  await list(eventLogOf(again).eventLog, 60, versioned('b', 40), versioned('c', 55));
  await again.recorder.flush();
  expect(told(again)).toEqual(['a 1', 'b 1', 'c 1']);
});

test('an event whose time cannot be has that of its arrival', async () => {
  const server = await opened();
  const { eventLog } = eventLogOf(server);
  const at = (version: number, time: string | null) => ({
    ...versioned(`v${version}`, version),
    firstTimestamp: time,
    lastTimestamp: time,
  });
  await list(
    eventLog,
    9,
    at(1, '1970-01-01T00:00:00Z'),
    at(2, '2100-01-01T00:00:00Z'),
    at(3, null),
    at(4, '2026-11-23T14:00:00Z'),
  );
  await server.recorder.flush();
  const times = linesOf(server.open.store).map((line) => line.slice(0, line.indexOf(' ')));
  const arrival = '2026-11-23T15:00:00.000000000Z';
  expect(times).toEqual(['2026-11-23T14:00:00.000000000Z', arrival, arrival, arrival]);
});

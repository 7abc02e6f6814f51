/**
 * Makes the golden files of the current format version: `node test/golden/make.ts v1`. They are made once and then read
 * by tests for ever (golden.test.ts), so this refuses to make what is there already.
 *
 * A change that an older podlog would misread is a new version: raise FORMAT_VERSION (server/engines/embedded/core/version-file.ts), keep the
 * readers of the old one, run this with `v2`, commit the folder. A change that old files need not know of (an encoding
 * or a section more) gets a folder of its own too, such as `v1-bloom`. No file of an older folder is ever made anew.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Positions } from '../../server/ingest/positions.ts';
import { realDisk } from '../../server/engines/embedded/platform/disk.ts';
import { flush } from '../../server/engines/embedded/core/flush.ts';
import { Store } from '../../server/engines/embedded/core/store.ts';
import { Metrics } from '../../shared/metrics.ts';
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { type Run, runKey } from '../../shared/row-group/runs.ts';
import type { Labels } from '../../shared/labels.ts';
import { decodeBatch, encodeBatch, type FileRange } from '../../shared/wire.ts';
import { Random } from '../corpus/random.ts';
import { appendMetadata } from '../shared/row-group/metadata.ts';
import { goldenList } from './golden-line.ts';

/** 2026-11-23. */
const DAY = 20_780;
/** With the long line and the short ones, enough for a row group of several pages; small ones are packed into one. */
const JSON_ROWS = 150;
const LONG_LINE_BYTES = 70_000;
/** Of so many values more than 256 are distinct: their codes take two bytes. */
const USER_ROWS = 450;
const TEXT_ROWS = 90;
const NOW_MS = Date.UTC(2026, 10, 24, 12);

const STREAMS = [
  { namespace: 'shop', pod: 'api-1', container: 'api', stream: 'stdout' },
  { namespace: 'shop', pod: 'api-2', container: 'api', stream: 'stderr', 'odd.label': 'é "quoted" = 1' },
];

interface Row {
  readonly stream: number;
  readonly day: number;
  readonly timeNs: number;
  readonly flags: number;
  readonly run: Run | undefined;
  readonly metadata: Labels;
  readonly bytes: Buffer;
}

const random = new Random(1);
/** Of the line before: an id that several lines mention. */
let parent = '';

/** A line with a value for each encoding: constant, dictionary (small, large, of UUIDs), integer, …, raw. */
function jsonLine(n: number, timeMs: number): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => '0123456789abcdef'[random.below(16)]!).join('');
  const uuid = (version: number): string => `${hex(8)}-${hex(4)}-${version}${hex(3)}-a${hex(3)}-${hex(12)}`;
  const time = new Date(timeMs - random.below(900)).toISOString();
  const fields: readonly (readonly [string, string])[] = [
    ['constant', '"always"'],
    ['level', `"${['info', 'warn', 'error'][random.below(3)]!}"`],
    ['user', `"user-${random.below(320)}"`],
    ['tenant', `"${n % 7}0000000-0000-4000-8000-00000000000${n % 7}"`],
    ['integer', String(random.bits())],
    ['counter', String(1_000_000 + n * 3)],
    ['small', String(random.below(100) - 50)],
    ['decimal', (random.below(1e6) / 1000).toFixed(3)],
    ['mixed', String(random.below(10_000) / 8)],
    ['uneven', (random.below(1000) / 8).toFixed(random.below(3))],
    [
      'path',
      `"/api/${['users', 'orders'][n % 2]!}/${random.below(1e6)}/${String(random.below(5000)).padStart(4, '0')}"`,
    ],
    ['time', `"${time}"`],
    ['trimmed', `"${time.replace(/0+Z$/, 'Z').replace('.Z', 'Z')}"`],
    ['local', `"${time.slice(0, 10)} ${time.slice(11, 19)}+02:00"`],
    ['request_id', `"${uuid(4)}"`],
    ['parent_id', `"${(parent = n % 5 === 1 ? parent : uuid(4))}"`],
    ['sortable_id', `"${n % 2 === 0 ? uuid(7) : uuid(4)}"`],
    ['trace_id', `"${hex(32)}"`],
    ['raw', `"${'x'.repeat(random.below(9))}${n} \\"${hex(3)}\\""`],
    ['array', `[${n % 3},["order-${n}"]]`],
  ];
  const nested = n % 5 === 0 ? `,"error":{"kind":"timeout","attempt":${n % 4}}` : '';
  return `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}${nested}}`;
}

/** Lines that no encoding but text and raw takes. */
const ODD_LINES: readonly Buffer[] = [
  Buffer.from('plain text'),
  Buffer.from(''),
  Buffer.from('{"broken":'),
  Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x22]),
  Buffer.from('{"a":1,"a":-0,"a":1e5,"b":[{"c":"]"}],"":null}'),
  Buffer.from('I1123 15:01:12.904509       1 controller.go:231] "Reconciled object"'),
];

/** Text that has fields: its columns are of the kind `plain`. */
function textLine(n: number): string {
  const clock = `15:01:${String(n % 60).padStart(2, '0')}`;
  switch (n % 4) {
    case 3:
      return `api-${n % 4} | {"level":"info","id":${random.below(1e6)},"ratio":${n % 8 === 3 ? 'NaN' : '0.5'},"order":"o-${n}`;
    case 0:
      return `time=2026-11-23T${clock}Z level=warn msg="took \\"${n}\\"" id=${random.below(1e6)} empty=`;
    case 1:
      return `10.42.0.${n % 7} - - [23/Nov/2026:${clock} +0000] "GET /api/orders/${n} HTTP/1.1" 200 ${random.below(5000)}`;
    default:
      return `2026-11-23 ${clock},${String(random.below(1000)).padStart(3, '0')} [worker-${n % 4}] ERROR order ${n} failed`;
  }
}

const UID = '6f1b2c3d-0a1b-4c5d-8e9f-b5f1b5f1b5f1';
const UID_OF_OTHER = 'b5f1b5f1b5f1b5f1b5f1b5f1b5f1b5f1';

/** Rows of both streams, of several runs each, some of which the run is not known, and some with metadata. */
function rowOf(n: number, day: number, bytes: Buffer): Row {
  const run = n % 7 === 0 ? undefined : { uid: n % 3 === 0 ? UID_OF_OTHER : UID, container: 'api', restart: n >> 8 };
  const flags = n % 40 === 0 ? n % 8 : 0;
  return { stream: n % 3 === 0 ? 1 : 0, day, timeNs: n * 61_000_003, flags, run, metadata: metadataOf(n), bytes };
}

/** A third of the lines were sent with some, of two lists of names; one name is a field of other lines, too. */
function metadataOf(n: number): Labels {
  if (n % 3 !== 1) return {};
  const own = { trace_id: n.toString(16).padStart(32, '0'), severity_number: String(n % 24), user: `m-${n % 5}` };
  return n % 2 === 0 ? own : { ...own, 'quoted é': `"${n}"`, empty: '' };
}

function jsonRows(count: number, day: number, from: number): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return rowOf(n, day, Buffer.from(jsonLine(n, day * 86_400_000 + n * 61)));
  });
}

function userRows(day: number, from: number): Row[] {
  return Array.from({ length: USER_ROWS }, (_, i) =>
    rowOf(from + i, day, Buffer.from(`{"user":"user-${random.below(320)}"}`)),
  );
}

function textRows(day: number, from: number): Row[] {
  return Array.from({ length: TEXT_ROWS }, (_, i) => rowOf(from + i, day, Buffer.from(textLine(from + i))));
}

/** All at one instant. */
function tiedRows(day: number, from: number): Row[] {
  return textRows(day, from).map((row) => ({ ...row, timeNs: from * 61_000_003 }));
}

function oddRows(day: number, from: number): Row[] {
  return ODD_LINES.map((bytes, i) => rowOf(from + i, day, bytes));
}

function batchOf(rows: readonly Row[], files: readonly FileRange[]): Buffer {
  const builder = new RowGroupBuilder();
  const codes = new Map<string, number>();
  const keyOf = ({ stream, run }: Row): string => `${stream} ${run && runKey(run)}`;
  for (const row of rows) {
    if (!codes.has(keyOf(row))) codes.set(keyOf(row), builder.stream(STREAMS[row.stream]!, row.run));
  }
  for (const row of rows) {
    const { day, timeNs, flags, metadata, bytes } = row;
    const start = builder.append(bytes, 0, bytes.length);
    builder.shred(start, start + bytes.length);
    builder.addShredded(codes.get(keyOf(row))!, day, timeNs, flags, appendMetadata(builder, metadata));
  }
  return encodeBatch({ node: 'worker-1', files, gone: [], rowGroup: builder.finish() });
}

async function make(folder: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'podlog-golden-'));
  const dataDir = join(work, 'data');
  const store = await Store.open({
    dataDir,
    state: new Positions(() => NOW_MS),
    indexedFields: ['request_id', 'user', 'level', 'array'],
    flush: (input) => flush(realDisk, input),
    now: () => NOW_MS,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
  const longRow = rowOf(1500, DAY, Buffer.from(`long ${'x'.repeat(LONG_LINE_BYTES)}`));
  const flushed = [
    jsonRows(JSON_ROWS, DAY, 0),
    userRows(DAY, 500),
    [...oddRows(DAY, 1000), longRow],
    textRows(DAY, 1100),
    jsonRows(20, DAY + 1, 0),
    tiedRows(DAY, 1200),
  ];
  const inWal = [[...jsonRows(30, DAY, 2000), ...oddRows(DAY + 1, 20)], jsonRows(1, DAY, 3000)];
  let at = 0;
  const append = async (rows: readonly Row[]): Promise<void> => {
    const file = 'b5f1/api/0@2026-11-23T00:00:00Z';
    const range = { file, from: { stdout: at, stderr: 0 }, to: { stdout: at + rows.length, stderr: 0 } };
    at += rows.length;
    const bytes = batchOf(rows, [range]);
    await store.append(bytes, decodeBatch(bytes));
  };
  for (const rows of flushed) await append(rows);
  await store.flushAll();
  for (const rows of inWal) await append(rows);
  await store.close();
  await cp(dataDir, folder, { recursive: true, filter: (source) => !source.startsWith(join(dataDir, 'lock')) });
  const rows = [...flushed, ...inWal].flat().map((row) => ({ ...row, labels: STREAMS[row.stream]! }));
  await writeFile(`${folder}.lines`, goldenList(rows));
  await rm(work, { recursive: true });
}

const name = process.argv[2];
const folder = join(import.meta.dirname, name ?? '');
if (name === undefined) throw new Error('give the name of the version: v1');
if (existsSync(folder)) throw new Error(`${folder} is there: golden files are never made anew`);
await make(folder);

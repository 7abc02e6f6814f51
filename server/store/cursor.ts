/**
 * A cursor names one line of a store: by its time, its stream, and its arrival, the number of lines that were stored
 * before it. It gives all lines one order, which answers have and every store shares; and it stays true whatever happens
 * to other lines, and where its line is.
 *
 * Lines at the same instant are ordered by stream, and only those of one stream by arrival: a segment keeps the lines of a
 * stream together.
 */
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import { NS_PER_DAY } from '../../shared/time.ts';

export interface Cursor {
  /** Days since 1970, and ns since the start of that day. */
  readonly day: number;
  readonly timeNs: number;
  /** See streamRank. */
  readonly stream: number;
  readonly arrival: number;
}

const RANK_BYTES = 6;
const ranks = new WeakMap<Labels, number>();

/** Returns a number that orders streams, the same in every store: 48 bits of a hash of the labels. */
export function streamRank(labels: Labels): number {
  let rank = ranks.get(labels);
  if (rank === undefined) {
    rank = hash('sha256', labelsKey(labels), 'buffer').readUIntBE(0, RANK_BYTES);
    ranks.set(labels, rank);
  }
  return rank;
}

export function compareCursors(a: Cursor, b: Cursor): number {
  return a.day - b.day || a.timeNs - b.timeNs || a.stream - b.stream || a.arrival - b.arrival;
}

/** day 3, time 6, stream 6, arrival 1 to 7, checksum 2. */
const DAY_BYTES = 3;
const TIME_BYTES = 6;
const ARRIVAL_AT = DAY_BYTES + TIME_BYTES + RANK_BYTES;
const ARRIVAL_BYTES_MAX = 7;
const CHECKSUM_BYTES = 2;
const DAY_BIAS = 1 << (8 * DAY_BYTES - 1);
/** Six bytes are the most that a Buffer reads at once. */
const LOW_BYTES = 6;
const LOW = 2 ** (8 * LOW_BYTES);

const written = Buffer.alloc(ARRIVAL_AT + ARRIVAL_BYTES_MAX + CHECKSUM_BYTES);

/** Returns a cursor as 24 to 32 characters that stand in a URL as they are. */
export function cursorText({ day, timeNs, stream, arrival }: Cursor): string {
  written.writeUIntBE(day + DAY_BIAS, 0, DAY_BYTES);
  written.writeUIntBE(timeNs, DAY_BYTES, TIME_BYTES);
  written.writeUIntBE(stream, DAY_BYTES + TIME_BYTES, RANK_BYTES);
  let at = ARRIVAL_AT;
  for (let rest = arrival; at === ARRIVAL_AT || rest > 0; rest = Math.floor(rest / 256)) written[at++] = rest % 256;
  written.writeUInt16BE(checksum(written.subarray(0, at)), at);
  return written.toString('base64url', 0, at + CHECKSUM_BYTES);
}

/** Returns undefined for a text that is not a cursor. */
export function parseCursor(text: string): Cursor | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const end = bytes.length - CHECKSUM_BYTES;
  if (end <= ARRIVAL_AT || end > ARRIVAL_AT + ARRIVAL_BYTES_MAX) return undefined;
  if (bytes.readUInt16BE(end) !== checksum(bytes.subarray(0, end))) return undefined;
  const day = bytes.readUIntBE(0, DAY_BYTES) - DAY_BIAS;
  const timeNs = bytes.readUIntBE(DAY_BYTES, TIME_BYTES);
  const stream = bytes.readUIntBE(DAY_BYTES + TIME_BYTES, RANK_BYTES);
  const lowBytes = Math.min(LOW_BYTES, end - ARRIVAL_AT);
  const high = end - ARRIVAL_AT > LOW_BYTES ? bytes[end - 1]! : 0;
  const arrival = bytes.readUIntLE(ARRIVAL_AT, lowBytes) + high * LOW;
  const cursor = { day, timeNs, stream, arrival };
  const isPossible = timeNs < NS_PER_DAY && Number.isSafeInteger(arrival);
  // base64url is read leniently: only the text that is written counts.
  return isPossible && cursorText(cursor) === text ? cursor : undefined;
}

/** Tells a cursor from other text, and from one that was cut or mistyped. */
function checksum(bytes: Uint8Array): number {
  return crc32(bytes, CHECKSUM_SEED) & 0xffff;
}

/** Another meaning of the bytes gets another one. */
const CHECKSUM_SEED = 1;

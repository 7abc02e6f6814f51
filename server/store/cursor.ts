/**
 * A cursor names one line of a store: by its time, its stream, and its arrival, the number of lines that were stored
 * before it. It gives all lines one order, which answers have and every store shares; and it stays true whatever happens
 * to other lines, and where its line is.
 *
 * Lines at the same instant are ordered by stream, and only those of one stream by arrival: a segment keeps the lines of a
 * stream together.
 *
 * In text it is sealed with a key of its store, because an arrival counts the lines of all namespaces: who may see one of them
 * learns nothing about the others, and a cursor of another store is none.
 */
import { createCipheriv, createDecipheriv, hash } from 'node:crypto';
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

/** day 3, time 6; then a block of AES: stream 6, arrival 7, checksum 3, all of them xor the time. */
const DAY_BYTES = 3;
const TIME_BYTES = 6;
const CLEAR_BYTES = DAY_BYTES + TIME_BYTES;
const BLOCK_BYTES = 16;
const ARRIVAL_AT = RANK_BYTES;
const CHECKSUM_AT = RANK_BYTES + 7;
const CHECKSUM_BYTES = 3;
const DAY_BIAS = 1 << (8 * DAY_BYTES - 1);
const CIPHER = 'aes-128-ecb';
export const CURSOR_KEY_BYTES = 16;
/** Seals cursors that never leave the process. */
export const NO_CURSOR_KEY: Uint8Array = new Uint8Array(CURSOR_KEY_BYTES);
/** Six bytes are the most that a Buffer reads at once. */
const LOW = 2 ** 48;

/** Characters of a cursor in text, which stand in a URL as they are. */
export const CURSOR_CHARS = 34;

/** Returns a function that writes a cursor as text. */
export function cursorWriter(key: Uint8Array): (cursor: Cursor) => string {
  return (cursor) => sealedCursors(key, 1, () => cursor).toString('latin1');
}

/**
 * Writes cursors as texts, end to end. A call of the cipher takes a microsecond, however many blocks it is given, so all rows of
 * a piece of an answer share one.
 */
export function sealedCursors(key: Uint8Array, count: number, cursorAt: (index: number) => Cursor): Buffer {
  const times = Buffer.allocUnsafe(count * CLEAR_BYTES);
  const blocks = Buffer.allocUnsafe(count * BLOCK_BYTES);
  for (let i = 0; i < count; i++) {
    writeCursor(cursorAt(i));
    times.set(writtenTime, i * CLEAR_BYTES);
    blocks.set(writtenBlock, i * BLOCK_BYTES);
  }
  const sealed = createCipheriv(CIPHER, key, null).setAutoPadding(false).update(blocks);
  const texts = Buffer.allocUnsafe(count * CURSOR_CHARS);
  for (let i = 0; i < count; i++) {
    written.set(times.subarray(i * CLEAR_BYTES, (i + 1) * CLEAR_BYTES));
    written.set(sealed.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES), CLEAR_BYTES);
    writeBase64Url(written, texts, i * CURSOR_CHARS);
  }
  return texts;
}

const BASE64URL = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

/** Writes 3n + 1 bytes, as all cursors have. A call of Node's own base64url takes five times as long. */
function writeBase64Url(bytes: Uint8Array, out: Uint8Array, start: number): void {
  let to = start;
  const last = bytes.length - 1;
  for (let at = 0; at < last; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    out[to++] = BASE64URL[group >> 18]!;
    out[to++] = BASE64URL[(group >> 12) & 63]!;
    out[to++] = BASE64URL[(group >> 6) & 63]!;
    out[to++] = BASE64URL[group & 63]!;
  }
  out[to++] = BASE64URL[bytes[last]! >> 2]!;
  out[to] = BASE64URL[(bytes[last]! & 3) << 4]!;
}

/** Returns undefined for a text that was not written with this key. */
export function parseCursor(text: string, key: Uint8Array): Cursor | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // base64url is read leniently: only the text that is written counts.
  if (bytes.length !== CLEAR_BYTES + BLOCK_BYTES || bytes.toString('base64url') !== text) return undefined;
  const day = bytes.readUIntBE(0, DAY_BYTES) - DAY_BIAS;
  const timeNs = bytes.readUIntBE(DAY_BYTES, TIME_BYTES);
  const decipher = createDecipheriv(CIPHER, key, null).setAutoPadding(false);
  const block = decipher.update(bytes.subarray(CLEAR_BYTES));
  mixTime(block, bytes);
  const stream = block.readUIntBE(0, RANK_BYTES);
  const arrival = block[ARRIVAL_AT]! * LOW + block.readUIntBE(ARRIVAL_AT + 1, 6);
  block.copy(bytes, CLEAR_BYTES);
  const isWhole = block.readUIntBE(CHECKSUM_AT, CHECKSUM_BYTES) === checksum(bytes);
  const isPossible = isWhole && timeNs < NS_PER_DAY && Number.isSafeInteger(arrival);
  return isPossible ? { day, timeNs, stream, arrival } : undefined;
}

/** The bytes of a cursor before they are sealed, one after the other; and its parts. */
const written = Buffer.alloc(CLEAR_BYTES + BLOCK_BYTES);
const writtenTime = written.subarray(0, CLEAR_BYTES);
const writtenBlock = written.subarray(CLEAR_BYTES);

function writeCursor({ day, timeNs, stream, arrival }: Cursor): void {
  writtenTime.writeUIntBE(day + DAY_BIAS, 0, DAY_BYTES);
  writtenTime.writeUIntBE(timeNs, DAY_BYTES, TIME_BYTES);
  writtenBlock.writeUIntBE(stream, 0, RANK_BYTES);
  writtenBlock[ARRIVAL_AT] = Math.floor(arrival / LOW);
  writtenBlock.writeUIntBE(arrival % LOW, ARRIVAL_AT + 1, 6);
  writtenBlock.writeUIntBE(checksum(written), CHECKSUM_AT, CHECKSUM_BYTES);
  mixTime(writtenBlock, writtenTime);
}

/** @param bytes  time and block, before they are mixed */
function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(0, CLEAR_BYTES + CHECKSUM_AT)) & 0xffffff;
}

/** Blocks of different times have nothing in common. */
function mixTime(block: Uint8Array, time: Uint8Array): void {
  for (let i = 0; i < CLEAR_BYTES; i++) block[i]! ^= time[i]!;
}

/**
 * Stores what clients of Loki push, from the body to durable row groups. A body is decoded and judged as a whole before anything
 * of it is stored. Then its good entries are stored, and the answer names the others.
 *
 * Loki stores a line of the same stream and time once, so clients send again what they do not know to be stored. Here a repeat
 * of a push stores the entries that the first attempt did not: it is known by its content, or by an idempotency key. In a batch
 * a push without a key is the file `loki:<hash of caller and content>`, whose offset counts its entries.
 *
 * A client that leaves does not end its push. It sends the same again, and finds it stored; if its tasks were stopped, a push that
 * takes longer than the client waits would start over each time. The work is bounded by the limits of a body, and its memory is
 * reserved until it is done.
 */
import type { FileRange } from '../../../shared/wire.ts';
import { ownMemory } from '../../../shared/own-memory.ts';
import { LOKI_PUSH_BYTES_MAX, OTLP_JSON_BYTES_MAX, OTLP_VALUES_MAX } from '../../limits.ts';
import { PUSH_NODE, type StoredPositions } from '../../store/positions.ts';
import { type RunTask, type TaskFlow, taskFlow } from '../../workers/task.ts';
import type { BatchAcceptor } from '../accept-batch.ts';
import { appendPushed } from '../append-pushed.ts';
import { inflated, inflatedBytesMax, inflatingBytes } from '../inflate.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { keyReused } from '../push.ts';
import type { ContentCoding } from '../push-body.ts';
import type { PushMemory } from '../push-memory.ts';
import type { PushRedaction } from '../push-redaction.ts';
import { pushKey, pushRange } from '../stored-pushes.ts';
import { DECODE_PUSH, type DecodeOutput, memoryOf, type PushFormat } from './decode-push.ts';
import { type Entries, entriesMemoryBytes } from './entries.ts';
import { SHRED_ENTRIES, type ShredEntriesInput } from './shred-entries.ts';
import { snappySizeBytes } from './snappy.ts';
import { bodyTooLarge } from './too-large.ts';

/** Memory of a byte of JSON whose objects are made. */
const OTLP_JSON_BYTES = 8;
/** Memory of an attribute or value of protobuf, of which those of a resource, a scope and a record are there at once. */
const OTLP_VALUE_BYTES = 128;
/** What such a one takes at least in protobuf. */
const OTLP_VALUE_ENCODED_BYTES = 2;

/** In keys of pushes, so that they are not those of other routes. */
const PREFIX = 'loki:';

export interface LokiPush {
  readonly body: Buffer;
  readonly coding: ContentCoding | undefined;
  readonly format: PushFormat;
  readonly arrivedMs: number;
  /** The push's caller; undefined where everyone is one caller. */
  readonly caller: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** See DecodeInput. */
  readonly isImport?: boolean;
}

export interface LokiPushOutcome {
  readonly streamCount: number;
  /** Why entries were not stored, in Loki's words; undefined when all are. */
  readonly refusal: string | undefined;
  readonly refusedCount: number;
}

export interface LokiPushAcceptorOptions {
  readonly run: RunTask;
  readonly acceptor: Pick<BatchAcceptor, 'accept'>;
  readonly positions: Pick<StoredPositions, 'known' | 'pushes'>;
  readonly memory: PushMemory;
  readonly redaction: PushRedaction;
  /** See DecodeInput. */
  readonly namesService?: boolean;
}

/** What is known of earlier attempts at a push, and how it is known later. */
interface StoringPlan {
  /** Number of entries from the beginning that are stored already, or were refused. */
  readonly storedEntries: number;
  readonly rangeOf: (fromEntry: number, toEntry: number) => FileRange;
}

/** Owns the queues of repeats of a push. */
export class LokiPushAcceptor {
  readonly #options: LokiPushAcceptorOptions;
  readonly #underWay = new OneAtATime();

  constructor(options: LokiPushAcceptorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all good entries are durable.
   * @throws CorruptionError, UnavailableError, TooManyStreamsError; PodlogError 409, when the key was used for another push
   */
  async accept(push: LokiPush): Promise<LokiPushOutcome> {
    const { caller, idempotencyKey, format, arrivedMs, isImport = false } = push;
    const { memory, run, namesService = false } = this.#options;
    using _ = await memory.reserve(caller ?? '', decodingBytes(push));
    const flow = taskFlow('intake');
    const body = await inflatedBody(push);
    if (body.length > bytesMaxOf(format)) throw bodyTooLarge(body.length, bytesMaxOf(format));
    const input = { body, format, nowMs: arrivedMs, isImport, namesService };
    const decoded = await run(DECODE_PUSH, input, { flow, transfer: ownMemory(body) });
    const { entries, streamCount, refusal, refusedCount, content } = decoded;
    const key = pushKey(caller, `${PREFIX}${idempotencyKey ?? content}`);
    await this.#underWay.run(key, () => this.#store(entries, this.#plan(key, push, decoded), flow));
    return { streamCount, refusal, refusedCount };
  }

  #plan(key: string, { idempotencyKey }: LokiPush, { content }: DecodeOutput): StoringPlan {
    const { positions } = this.#options;
    if (idempotencyKey === undefined) {
      const file = `${PREFIX}${key}`;
      return {
        storedEntries: positions.known(PUSH_NODE, file).stdout,
        rangeOf: (from, to) => ({ file, from: { stdout: from, stderr: 0 }, to: { stdout: to, stderr: 0 } }),
      };
    }
    const stored = positions.pushes.get(key);
    if (stored !== undefined && stored.content !== content) throw keyReused(idempotencyKey);
    return {
      storedEntries: stored?.lineCount ?? 0,
      rangeOf: (from, to) => pushRange(key, content, from, to),
    };
  }

  async #store(entries: Entries, { storedEntries, rangeOf }: StoringPlan, flow: TaskFlow): Promise<void> {
    const { run, acceptor, redaction } = this.#options;
    const redact = redaction.rules();
    let stored = storedEntries;
    let rest: ShredEntriesInput | undefined =
      storedEntries < entries.streams.length ? { entries, from: storedEntries, redact } : undefined;
    while (rest !== undefined) {
      const shredded = await run(SHRED_ENTRIES, rest, { flow, transfer: memoryOf(rest.entries) });
      if (shredded.redactions !== undefined) redaction.count(shredded.redactions);
      for (const { bytes, endLine } of shredded.rowGroups) {
        await appendPushed(acceptor, bytes, [rangeOf(stored, endLine)]);
        stored = endLine;
      }
      rest = shredded.rest;
    }
  }
}

/**
 * Returns the memory that decoding takes at most besides the body: what is decoded, and the row groups made from it.
 * @throws CorruptionError; PodlogError 413
 */
function decodingBytes(push: LokiPush): number {
  const { body, coding } = push;
  const decodedBytes = decodedBytesMax(push);
  const inflating = coding === undefined ? 0 : inflatingBytes(body.length, [coding]);
  return 2 * decodedBytes + entriesMemoryBytes(decodedBytes) + inflating + objectBytes(push.format, decodedBytes);
}

function objectBytes(format: PushFormat, decodedBytes: number): number {
  switch (format) {
    case 'otlp-json':
      return OTLP_JSON_BYTES * decodedBytes;
    case 'otlp-protobuf':
      return OTLP_VALUE_BYTES * Math.min(3 * OTLP_VALUES_MAX, decodedBytes / OTLP_VALUE_ENCODED_BYTES);
    default:
      return 0;
  }
}

function bytesMaxOf(format: PushFormat): number {
  return format === 'otlp-json' ? OTLP_JSON_BYTES_MAX : LOKI_PUSH_BYTES_MAX;
}

function decodedBytesMax({ body, coding, format }: LokiPush): number {
  if (coding !== undefined) return Math.min(bytesMaxOf(format), inflatedBytesMax(body.length, coding));
  return format === 'protobuf' ? snappySizeBytes(body) : body.length;
}

/** @throws CorruptionError; PodlogError 413 */
async function inflatedBody({ body, coding, format }: LokiPush): Promise<Buffer> {
  if (coding === undefined) return body;
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of inflated(body, [coding])) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > bytesMaxOf(format)) throw bodyTooLarge(sizeBytes, bytesMaxOf(format));
  }
  return Buffer.concat(pieces);
}

/** Decodes a push of Loki's in a worker thread: from its body, already inflated, to entries. */
import { ownMemory } from '../../../shared/own-memory.ts';
import { taskKind, type TaskResult } from '../../workers/task.ts';
import { contentHash } from '../stored-pushes.ts';
import { type Entries, EntryCollector } from './entries.ts';
import { decodeJson } from './json.ts';
import { OtlpEntries } from './otlp-entries.ts';
import { decodeOtlpJson } from './otlp-json.ts';
import { decodeOtlpProtobuf } from './otlp-protobuf.ts';
import { decodeProtobuf } from './protobuf.ts';
import { snappyDecoded } from './snappy.ts';

export type PushFormat = 'json' | 'protobuf' | 'otlp-json' | 'otlp-protobuf';

export interface DecodeInput {
  /** The body; protobuf comes as a snappy block. */
  readonly body: Uint8Array;
  readonly format: PushFormat;
  readonly nowMs: number;
  /** Whether lines are moved from another store: of any age, and as often as they are there. */
  readonly isImport?: boolean;
  /** Whether errors quote streams with the service name that Loki gives them. */
  readonly namesService?: boolean;
}

export interface DecodeOutput {
  readonly entries: Entries;
  readonly streamCount: number;
  /** Why entries are not stored, in Loki's words; undefined when all of them are. */
  readonly refusal: string | undefined;
  readonly refusedCount: number;
  /** A hash of what was pushed. */
  readonly content: string;
}

export const DECODE_PUSH = taskKind<DecodeInput, DecodeOutput>('decode-push');

/** @throws CorruptionError; PodlogError 413 */
export function decodePushTask(input: DecodeInput): TaskResult<DecodeOutput> {
  const { body, format, nowMs, isImport = false, namesService = false } = input;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const collector = new EntryCollector(nowMs, isImport, namesService);
  const hash = contentHash();
  // What is refused of a push counts as stored, so the same one as an import is another.
  hash.update(isImport ? `import:${format}` : format);
  const decoded = format === 'protobuf' ? snappyDecoded(bytes) : bytes;
  hash.update(decoded);
  const entries = collector.finish(decode(decoded, format, collector, nowMs));
  const { streamCount, refusal, refusedCount } = collector;
  return {
    output: { entries, streamCount, refusal, refusedCount, content: hash.digest() },
    transfer: memoryOf(entries),
  };
}

/** Returns the bytes that the entries refer to. */
function decode(bytes: Buffer, format: PushFormat, collector: EntryCollector, nowMs: number): Buffer {
  switch (format) {
    case 'json':
      decodeJson(bytes, collector);
      return bytes;
    case 'protobuf':
      decodeProtobuf(bytes, collector);
      return bytes;
    case 'otlp-json':
    case 'otlp-protobuf': {
      const written = new OtlpEntries(collector, nowMs);
      if (format === 'otlp-json') decodeOtlpJson(bytes, written);
      else decodeOtlpProtobuf(bytes, written);
      return written.finish();
    }
  }
}

/** Returns the memory of entries, to be transferred instead of copied. */
export function memoryOf({ bytes, starts, ends, streams, days, timesNs, metadata }: Entries): ArrayBuffer[] {
  const ofMetadata =
    metadata === undefined ? [] : [metadata.codes, metadata.firstValues, metadata.starts, metadata.ends];
  return [bytes, starts, ends, streams, days, timesNs, ...ofMetadata].flatMap((array) => ownMemory(array));
}

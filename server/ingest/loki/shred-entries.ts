/** Shreds the entries of a push into row groups in a worker thread, as shred-lines.ts does with lines of text. */
import type { RowGroupBuilder } from '../../../shared/row-group/builder.ts';
import { FLAG_TRUNCATED } from '../../../shared/row-group/format.ts';
import type { RedactRule } from '../../../shared/rules/rule-set.ts';
import { LINE_BYTES_MAX, PUSH_WINDOW_BYTES } from '../../limits.ts';
import { ownMemory } from '../../../shared/own-memory.ts';
import { taskKind, type TaskResult } from '../../workers/task.ts';
import { cut, isFull, type PushedRowGroup, withBuilder } from '../group-builder.ts';
import { NO_REDACTIONS, pushRedactor, type RedactionCounts } from '../push-redactor.ts';
import { memoryOf } from './decode-push.ts';
import { type Entries, NOT_STORED } from './entries.ts';
import { MetadataAppender } from './metadata-appender.ts';

export interface ShredEntriesInput {
  readonly entries: Entries;
  /** Number of entries at the beginning that are passed, because they are stored already. */
  readonly from: number;
  readonly redact: readonly RedactRule[];
}

export interface ShredEntriesOutput {
  readonly rowGroups: readonly PushedRowGroup[];
  /** What was not shredded because other tasks waited for the worker; undefined if there is none. */
  readonly rest: ShredEntriesInput | undefined;
  /** Undefined without rules. */
  readonly redactions: RedactionCounts | undefined;
}

export const SHRED_ENTRIES = taskKind<ShredEntriesInput, ShredEntriesOutput>('shred-entries');

export function shredEntriesTask(input: ShredEntriesInput, shouldYield: () => boolean): TaskResult<ShredEntriesOutput> {
  const output = withBuilder((builder) => shredEntries(input, builder, shouldYield));
  const kept = output.rest === undefined ? [] : memoryOf(output.rest.entries);
  return { output, transfer: [...output.rowGroups.flatMap(({ bytes }) => ownMemory(bytes)), ...kept] };
}

function shredEntries(
  { entries, from, redact }: ShredEntriesInput,
  builder: RowGroupBuilder,
  shouldYield: () => boolean,
): ShredEntriesOutput {
  const { starts, ends, streams, days, timesNs, labels } = entries;
  const bytes = Buffer.from(entries.bytes.buffer, entries.bytes.byteOffset, entries.bytes.byteLength);
  const redactor = pushRedactor(redact);
  const redactions = labels.map((each) => redactor?.redactionsOf(each) ?? NO_REDACTIONS);
  const metadata = entries.metadata && new MetadataAppender(bytes, entries.metadata, builder, redactor);
  const rowGroups: PushedRowGroup[] = [];
  /** By stream: its code in the row group. */
  const codes = new Int32Array(labels.length);
  const begin = (): void => {
    codes.fill(-1);
    metadata?.begin();
  };
  const finish = (endLine: number): void => void rowGroups.push({ bytes: builder.finish(), endLine });
  begin();
  for (let i = from; i < streams.length; i++) {
    const stream = streams[i]!;
    if (stream === NOT_STORED) continue;
    // As small as the row groups of a window, so that others have their turn as soon.
    const isLarge = builder.arenaBytes >= PUSH_WINDOW_BYTES || metadata?.isFull === true;
    if (isFull(builder) || isLarge || !builder.fits(days[i]!)) {
      finish(i);
      if (shouldYield()) {
        return { rowGroups, rest: { entries, from: i, redact }, redactions: redactor?.takeCounts() };
      }
      begin();
    }
    if (codes[stream] === -1) codes[stream] = builder.stream(labels[stream]!);
    const ofStream = redactions[stream]!;
    let flags = 0;
    if (ofStream.length > 0) {
      const text = redactor!.redact(ofStream, bytes, starts[i]!, ends[i]!);
      if (text.length > LINE_BYTES_MAX) flags = FLAG_TRUNCATED;
      cut(text, 0, Math.min(text.length, LINE_BYTES_MAX), builder);
    } else {
      cut(bytes, starts[i]!, ends[i]!, builder);
    }
    builder.addShredded(codes[stream]!, days[i]!, timesNs[i]!, flags, metadata?.append(i, ofStream));
  }
  if (builder.rowCount > 0) finish(streams.length);
  return { rowGroups, rest: undefined, redactions: redactor?.takeCounts() };
}

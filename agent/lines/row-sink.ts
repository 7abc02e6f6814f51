/** Rows of the batch that is being built: lines of containers, by the rules of their chain, and markers. */
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';
import type { BatchBuilder } from '../send/batch-builder.ts';
import { PODLOG, type Chain, type RowStream } from '../files/chain.ts';
import type { LogFile } from '../files/log-file.ts';
import { markerOf, type Loss } from '../files/loss.ts';
import type { LineRules } from '../rules/rule-book.ts';
import { LineProcessor } from '../rules/line-processor.ts';

/** Adds rows to the batch, and maintains its stream codes and counts. */
export class RowSink {
  readonly #batch: BatchBuilder;
  readonly #processor = new LineProcessor();

  constructor(batch: BatchBuilder) {
    this.#batch = batch;
  }

  /** Whether the batch has room for a row of this day. A pending line may just have taken the last one. */
  hasRoom(day: number): boolean {
    return this.#batch.builder.rowCount < this.#batch.rowsMax && this.#batch.fits(day);
  }

  /** Adds the line bytes[start, end), unless a rule drops it. */
  add(
    chain: Chain,
    stream: RowStream,
    day: number,
    timeNs: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { builder } = this.#batch;
    if (chain.rules === undefined) {
      const at = builder.append(bytes, start, end);
      builder.shred(at, at + end - start);
    } else if (!this.shred(chain.rules, bytes, start, end)) return;
    this.#addShredded(chain, stream, day, timeNs, flags);
  }

  /**
   * Applies the rules to the line bytes[start, end), and shreds it for `addShredded` of the builder.
   * @returns false when it is dropped
   */
  shred(rules: LineRules, bytes: Buffer, start: number, end: number): boolean {
    const { builder, counts } = this.#batch;
    return this.#processor.shred(rules, builder, counts.uses, bytes, start, end);
  }

  /** Adds the marker for a loss at an offset, after the last line of the file. */
  addMarker(chain: Chain, file: LogFile, loss: Loss, offset = file.reading.offset): void {
    const { text, day, timeNs } = markerOf(file, loss);
    const { builder } = this.#batch;
    const at = builder.append(text, 0, text.length);
    builder.shred(at, at + text.length);
    this.#addShredded(chain, PODLOG, day, timeNs, 0);
    this.#batch.counts.losses.push({ chain, file, offset, ...loss });
  }

  #addShredded(chain: Chain, stream: RowStream, day: number, timeNs: number, flags: number): void {
    const { builder, counts } = this.#batch;
    const codes = this.#batch.touch(chain);
    if (codes[stream]! < 0) codes[stream] = this.#batch.codeOf(chain, stream);
    builder.addShredded(codes[stream]!, day, timeNs, flags);
    if ((flags & FLAG_PARTIAL) !== 0) counts.partial++;
    if ((flags & FLAG_TRUNCATED) !== 0) counts.truncated++;
    if ((flags & FLAG_UNPARSED) !== 0) counts.unparsed++;
  }
}

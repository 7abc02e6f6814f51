/** The input of sinks: the chosen rows of a search, and their row groups, opened. */
import type { ByteStrings } from '../../../../shared/row-group/byte-strings.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type ArrivalOrigin, arrivalOf } from '../../../../shared/row-group/ties.ts';
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { cursorText, streamRank } from '../../../store/cursor.ts';
import type { Sink } from '../../../store/sink.ts';
import { type Dimension, valueCodes } from '../aggregate/value-codes.ts';
import { ValueText } from '../aggregate/value-text.ts';

/** Row rows[i] of row group groupOf[i], in the order of the answer. */
export interface ChosenRows {
  readonly groupOf: Uint32Array;
  readonly rows: Uint32Array;
  /** Times of these rows, in ns from the start of their row group's base day. */
  readonly timesNs: Float64Array;
}

/** A row group with everything that its rows need. */
export interface SinkGroup {
  readonly opened: RowGroup;
  /**
   * Returns the cursor of a row.
   * @param timeNs  its time, from the start of the group's base day
   */
  readonly cursorAt: (row: number, timeNs: number) => string;
  /** By row. */
  readonly streamCodes: Uint16Array;
  readonly flags: Uint8Array;
  /** The first of its wanted lines, built, in the order of the answer. */
  readonly lines: ByteStrings;
  /** One for each name that the sink asks for. */
  readonly fields: readonly FieldReader[];
}

/**
 * Reads everything that is needed.
 * @throws CorruptionError
 */
export function openSinkGroup(
  opened: RowGroup,
  origin: ArrivalOrigin,
  rows: Uint32Array,
  bytesMax: number,
  sink: Sink,
): SinkGroup {
  const streamCodes = opened.streamCodes();
  return {
    opened,
    cursorAt: (row, timeNs) => cursorTextAt(opened, origin, streamCodes[row]!, row, timeNs),
    lines: opened.lines(rows, bytesMax),
    streamCodes,
    flags: opened.flags(),
    fields: sink.kind === 'text' ? [] : sink.fields.map((name) => new FieldReader(opened, name)),
  };
}

/** @throws CorruptionError */
function cursorTextAt(group: RowGroup, origin: ArrivalOrigin, stream: number, row: number, timeNs: number): string {
  const { baseDay, streams } = group.info;
  const days = Math.floor(timeNs / NS_PER_DAY);
  return cursorText({
    day: baseDay + days,
    timeNs: timeNs - days * NS_PER_DAY,
    stream: streamRank(streams[stream]!),
    arrival: arrivalOf(group, origin, row),
  });
}

const NO_VALUE = 0;

/** Reads the values of one name in a row group, row by row. */
class FieldReader {
  readonly #values: Pick<Dimension, 'constant' | 'parts' | 'texts'>;
  readonly #templateCodes: Uint16Array;
  readonly #ranks: Int32Array;
  /** The text of the row that was read last. */
  readonly text = new ValueText();

  /** @throws CorruptionError */
  constructor(group: RowGroup, name: string) {
    const { constant, parts, texts } = valueCodes(group, name);
    this.#values = { constant, parts, texts };
    this.#templateCodes = group.templateCodes();
    this.#ranks = group.ranks();
  }

  /** @returns false where the row has no value */
  read(row: number): boolean {
    const code = this.#values.constant ?? this.#codeOf(row);
    this.#values.texts.write(code, this.text);
    return code !== NO_VALUE;
  }

  #codeOf(row: number): number {
    const part = this.#values.parts[this.#templateCodes[row]!]!;
    return part.kind === 'same' ? part.code : part.base + part.codes[part.first + this.#ranks[row]!]!;
  }
}

/**
 * Reads the numbers of a range aggregation from columns instead of lines: where `| json` finds them, and what lines are grouped by.
 * They come in the order of the lines, so whatever is made of them is the same.
 */
import { jsonLabel } from '../../../store/asked-name.ts';
import type { BlockTexts } from '../../../store/block-texts.ts';
import { type BlockField, type RowBlock } from '../../../store/row-block.ts';
import { KnownStreams } from '../known-streams.ts';
import { Slices } from '../slices.ts';
import type { RangeExpr } from '../syntax/ast.ts';
import type { Evaluation } from './evaluation.ts';
import type { NumberColumns } from './number-columns.ts';
import type { SeriesLabels } from './series.ts';
import type { Windows } from './windows.ts';

/** Numbers between two looks at the clock. */
const NUMBERS_AT_ONCE = 1024;

/** Where numbers go. */
export interface Samples {
  /** Moves to a time; returns false where no window has it. */
  moveTo(day: number, timeNs: number): boolean;
  /** Returns those of a series. */
  windowsOf(labels: SeriesLabels): Windows;
  /** Adds a number at the time that was moved to. */
  addTo(windows: Windows, value: number): void;
}

export async function sampleColumns(
  { log }: RangeExpr['range'],
  { known, unwrapped, names, isFound }: NumberColumns,
  samples: Samples,
  { view, query, discovery, counts }: Evaluation,
): Promise<void> {
  const found = names.filter(isFound);
  const fields = [...found, unwrapped].map(jsonLabel);
  const sink = { kind: 'rows', fields, withoutLines: true } as const;
  const plan = { ...known, direction: 'forward', limit: Infinity } as const;
  const table = new Groups(names, new KnownStreams(log.matchers, discovery), samples);
  const slices = new Slices(query.signal);
  for await (const block of view.search(plan, sink, query)) {
    const numbers = block.fields.at(-1)!.values;
    const windowsOf = table.of(block);
    for (let row = 0; row < block.rowCount; row++) {
      if (row % NUMBERS_AT_ONCE === 0 && slices.isOver) await slices.pause();
      if (!samples.moveTo(block.days[row]!, block.timesNs[row]!)) continue;
      const windows = windowsOf(row);
      if (windows === undefined) continue;
      counts.lines++;
      samples.addTo(windows, numberAt(numbers, row));
    }
  }
}

/** Which series lines belong to, by the values that they are grouped by. */
class Groups {
  readonly #names: readonly string[];
  readonly #streams: KnownStreams;
  readonly #samples: Samples;
  readonly #known = new Map<string, Windows>();

  constructor(names: readonly string[], streams: KnownStreams, samples: Samples) {
    this.#names = names;
    this.#streams = streams;
    this.#samples = samples;
  }

  /** Undefined for a line whose stream the selector does not select. */
  of(block: RowBlock): (row: number) => Windows | undefined {
    const found = new Map(
      block.fields.slice(0, -1).map((field, i) => [this.#foundNames(block)[i]!, valuesOf(field)] as const),
    );
    const ofStreams = block.streams.map((_, code) => this.#streams.labelsOf(block.streams[code]!));
    const keys = ofStreams.map((own) => JSON.stringify(this.#names.map((name) => own?.get(name) ?? null)));
    return (row) => {
      const own = ofStreams[block.streamCodes[row]!];
      if (own === undefined) return undefined;
      let key = keys[block.streamCodes[row]!]!;
      for (const valueOf of found.values()) key += `\0${valueOf(row) ?? '\u0001'}`;
      let windows = this.#known.get(key);
      if (windows === undefined) {
        const labels = this.#names.flatMap((name) => {
          const value = own.get(name) ?? found.get(name)?.(row);
          return value === undefined ? [] : [[name, value] as const];
        });
        this.#known.set(key, (windows = this.#samples.windowsOf(labels)));
      }
      return windows;
    };
  }

  #foundNames({ fields }: RowBlock): readonly string[] {
    return fields.map(({ name }) => name.slice(jsonLabel('').length));
  }
}

function valuesOf({ values, isPresent }: BlockField): (row: number) => string | undefined {
  const { bytes, offsets } = values;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return (row) => (isPresent[row] === 1 ? text.slice(offsets[row], offsets[row + 1]) : undefined);
}

const [MINUS, POINT, ZERO] = Buffer.from('-.0');
/** So many digits are a whole number that is exact. */
const DIGITS_MAX = 15;
const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, power) => 10 ** power);

/** Reads a plain decimal number, as Number would. */
function numberAt({ bytes, offsets }: BlockTexts, row: number): number {
  const [start, end] = [offsets[row]!, offsets[row + 1]!];
  if (end - start > DIGITS_MAX) return Number(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
  const isNegative = bytes[start] === MINUS;
  let mantissa = 0;
  let scale = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at++) {
    if (bytes[at] === POINT) scale = end - at - 1;
    else mantissa = mantissa * 10 + bytes[at]! - ZERO!;
  }
  const value = mantissa / POWERS[scale]!;
  return isNegative ? -value : value;
}

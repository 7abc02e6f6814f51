/** Lines as a block of rows, and back: array by array, as simple as they are. */
import { LEVEL } from '../../../shared/levels.ts';
import { instantOf, NS_PER_DAY } from '../../../shared/time.ts';
import { type BlockMetadata, metadataAt } from '../../../server/store/block-metadata.ts';
import { type BlockTexts, textAt } from '../../../server/store/block-texts.ts';
import { labelsAt, type RowBlock } from '../../../server/store/row-block.ts';
import type { RowsSink } from '../../../server/store/sink.ts';
import { naiveCanonical } from './naive-level.ts';
import { parseName } from '../../../server/store/asked-name.ts';
import { shapeOfText } from '../../../shared/shape-of-text.ts';
import { type NaiveLine, valuesOf } from './naive-search.ts';

/** A row as a test can compare it. */
export interface ReadRow extends NaiveLine {
  readonly flags: number;
  /** Undefined where the row has none. */
  readonly fields: Readonly<Record<string, string | undefined>>;
}

const NS_PER_DAY_BIG = BigInt(NS_PER_DAY);

export function naiveBlock(lines: readonly NaiveLine[], { fields, withMetadata, withoutLines }: RowsSink): RowBlock {
  const days = lines.map(({ instant }) => Number(instant / NS_PER_DAY_BIG));
  return {
    rowCount: lines.length,
    days: Int32Array.from(days),
    timesNs: Float64Array.from(lines, ({ instant }, i) => Number(instant - instantOf(days[i]!, 0))),
    streams: lines.map(({ labels }) => labels),
    streamCodes: Uint32Array.from(lines.keys()),
    flags: new Uint8Array(lines.length),
    lines: textsOf(lines.map(({ text }) => (withoutLines === true ? '' : text))),
    fields: fields.map((name) => {
      const values = lines.map((line) => naiveFieldOf(line, name));
      return {
        name,
        values: textsOf(values.map((value) => value ?? '')),
        isPresent: Uint8Array.from(values, (value) => (value === undefined ? 0 : 1)),
      };
    }),
    metadata: withMetadata === true ? metadataOf(lines) : undefined,
  };
}

function metadataOf(lines: readonly NaiveLine[]): BlockMetadata | undefined {
  const all = lines.map(({ metadata = {} }) => Object.entries(metadata));
  if (all.every(({ length }) => length === 0)) return undefined;
  return {
    names: all.map((own) => own.map(([name]) => name)),
    codes: Uint32Array.from(all, ({ length }, row) => (length === 0 ? 0 : row + 1)),
    firstValues: Uint32Array.from([...all, []], (_, row) => all.slice(0, row).flat().length),
    values: textsOf(all.flat().map(([, value]) => value)),
  };
}

export function naiveFieldOf({ text, labels, run, metadata }: NaiveLine, name: string): string | undefined {
  const [value] = valuesOf(text, labels, name, run, metadata);
  if (value === undefined) return undefined;
  if (parseName(name).isShape) return shapeOfText(value);
  return name === LEVEL ? naiveCanonical(value) : value;
}

function textsOf(texts: readonly string[]): BlockTexts {
  const offsets = new Uint32Array(texts.length + 1);
  for (const [i, text] of texts.entries()) offsets[i + 1] = offsets[i]! + Buffer.byteLength(text);
  return { bytes: Buffer.from(texts.join('')), offsets };
}

export function rowsOf(block: RowBlock): ReadRow[] {
  const read = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  return Array.from({ length: block.rowCount }, (_, row) => ({
    instant: instantOf(block.days[row]!, block.timesNs[row]!),
    labels: labelsAt(block, row),
    flags: block.flags[row]!,
    text: read(textAt(block.lines, row)),
    fields: Object.fromEntries(
      block.fields.map((field) => {
        return [field.name, field.isPresent[row] === 1 ? read(textAt(field.values, row)) : undefined];
      }),
    ),
    metadata: block.metadata?.codes[row] ? Object.fromEntries(metadataAt(block.metadata, row)) : undefined,
  }));
}

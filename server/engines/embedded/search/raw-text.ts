/**
 * Renders lines unchanged, each with its newline: the form of exports, so each line is only copied, into memory of the right
 * size.
 */
import type { RenderedText } from './render.ts';
import type { ChosenRows, SinkGroup } from './sink-group.ts';

const NEWLINE = 10;

/** @see sinkRows */
export function rawTextOf(groups: readonly (SinkGroup | undefined)[], { groupOf }: ChosenRows): RenderedText {
  const sizes = groups.map((group) => (group === undefined ? 0 : group.lines.bytes.length + lineCount(group)));
  const text = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const next = new Uint32Array(groups.length);
  const ends = new Uint32Array(groupOf.length);
  let to = 0;
  let count = 0;
  for (; count < groupOf.length; count++) {
    const index = groupOf[count]!;
    const group = groups[index];
    if (group !== undefined) {
      const { bytes, offsets } = group.lines;
      const line = next[index]!++;
      if (line + 1 >= offsets.length) break;
      const start = offsets[line]!;
      const end = offsets[line + 1]!;
      bytes.copy(text, to, start, end);
      to += end - start;
      text[to++] = NEWLINE;
    }
    ends[count] = to;
  }
  return { kind: 'text', text: to === text.length ? text : text.slice(0, to), ends: ends.subarray(0, count) };
}

function lineCount({ lines }: SinkGroup): number {
  return lines.offsets.length - 1;
}

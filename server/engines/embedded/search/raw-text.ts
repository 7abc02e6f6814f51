/**
 * Renders lines unchanged, each with its newline: the form of exports. Lines of one row group are the text as they were built;
 * those of several are copied into memory of the right size.
 */
import type { ByteStrings } from '../../../../shared/byte-strings.ts';
import type { RenderedText } from './render.ts';
import type { ChosenRows, SinkGroup } from './sink-group.ts';

/** @see sinkRows */
export function rawTextOf(groups: readonly (SinkGroup | undefined)[], { groupOf }: ChosenRows): RenderedText {
  const [only] = groups;
  if (groups.length === 1 && only !== undefined) return textOfLines(only.lines);
  const text = new Uint8Array(groups.reduce((sum, group) => sum + (group?.lines.bytes.length ?? 0), 0));
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
      bytes.copy(text, to, offsets[line], offsets[line + 1]);
      to += offsets[line + 1]! - offsets[line]!;
    }
    ends[count] = to;
  }
  return { kind: 'text', text: to === text.length ? text : text.slice(0, to), ends: ends.subarray(0, count) };
}

function textOfLines({ bytes, offsets }: ByteStrings): RenderedText {
  const ends = offsets.slice(1);
  const { buffer, byteOffset, length } = bytes;
  // Small buffers share their memory.
  const isAlone = buffer instanceof ArrayBuffer && byteOffset === 0 && buffer.byteLength > Buffer.poolSize;
  return { kind: 'text', text: isAlone ? new Uint8Array(buffer.transfer(length)) : Uint8Array.from(bytes), ends };
}

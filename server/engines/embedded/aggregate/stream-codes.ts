/** The codes of rows by labels: those of a stream have the same ones. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { addCodes, type CodePart, type Lend } from './dimension.ts';

/** Instead of the code of a label. */
export const NO_LABEL = -1;

/**
 * @param codes  by stream: the code of its label, or NO_LABEL
 * @param partsOfFields  those of rows whose streams have no label
 */
export function streamParts(
  group: RowGroup,
  codes: Int32Array,
  lend: Lend,
  partsOfFields?: () => readonly CodePart[],
): CodePart[] {
  const streams = group.streamCodes();
  const { templateRows, templateStarts } = group.order();
  const ofRows = lend(templateRows.length).fill(0);
  for (const [template, part] of partsOfFields?.().entries() ?? []) {
    addCodes(part, 1, ofRows.subarray(templateStarts[template], templateStarts[template + 1]));
  }
  for (let i = 0; i < ofRows.length; i++) {
    const code = codes[streams[templateRows[i]!]!]!;
    if (code !== NO_LABEL) ofRows[i] = code;
  }
  return group.templates.map((_, template) => {
    return { kind: 'each', codes: ofRows, first: templateStarts[template]!, base: 0 };
  });
}

/**
 * Adds the rows of each stream to those of its code.
 * @param streams  by row
 * @param mask  by row: 1 for those that are counted
 */
export function countStreams(
  streams: Uint16Array,
  mask: Uint8Array | 'all',
  ofStreams: Int32Array,
  totals: Uint32Array,
): void {
  const rows = new Uint32Array(ofStreams.length);
  if (mask === 'all') for (let row = 0; row < streams.length; row++) rows[streams[row]!]!++;
  else for (let row = 0; row < streams.length; row++) rows[streams[row]!]! += mask[row]!;
  for (let stream = 0; stream < ofStreams.length; stream++) totals[ofStreams[stream]!]! += rows[stream]!;
}

/** Bits that turn, and which lines one byte of a file stands for: what may be lost with it. */
import { CorruptionError } from '../../shared/errors.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { decodeBatch } from '../../shared/wire.ts';
import type { RowGroupRef } from '../../server/store/snapshot.ts';
import { RECORD_HEADER_BYTES } from '../../server/store/wal/format.ts';
import { scanWal } from '../../server/store/wal/reader.ts';
import { DATA_DIR } from './process.ts';
import type { Run } from './run.ts';
import { settle } from './steps.ts';

/** One bit of one file turns, while nothing is being written. */
export async function flip(run: Run): Promise<void> {
  await settle(run);
  const { image, random, truth, tables, originals } = run;
  const files = image.files().filter(({ path, node }) => path.startsWith(DATA_DIR) && node.seen.sizeBytes > 0);
  const { path, node } = files[random.below(files.length)]!;
  const bytes = node.saved();
  const offset = random.below(bytes.length);
  const live = run.process.store.segments().find((segment) => segment.path === path)?.rowGroups;
  const rowGroups = live ?? tables.get(path);
  if (rowGroups !== undefined) tables.set(path, rowGroups);
  else if (!path.endsWith('.wal')) originals.set(node, originals.get(node) ?? bytes);
  const isFrame = rowGroups !== undefined && !rowGroups.some((ref) => isWithin(ref, offset));
  const lost = rowGroups === undefined ? linesInWal(bytes, offset) : linesInSegment(bytes, rowGroups, offset);
  const behind = rowGroups === undefined ? linesInWal(bytes, offset, true) : [];
  const damage = (texts: readonly string[], where: string): void => {
    for (const line of texts.map((text) => truth.byText(text)!)) {
      line.damage = [...line.damage, { path: where, isFrame }];
    }
  };
  damage(lost, path);
  damage(behind, `behind the damage in ${path}`);
  node.flip(offset, random.below(8));
  run.note(`a bit turned in ${path} at ${offset}: ${lost.length} lines`);
}

/**
 * Texts of the lines of the record that has this byte.
 * @param isBehind  of the records behind it instead: they are lost with it when it is taken for torn
 */
function linesInWal(bytes: Buffer, offset: number, isBehind = false): string[] {
  const { records } = scanWal(bytes, bytes.length);
  return records
    .filter(({ offset: at, payload }) => {
      const start = at - RECORD_HEADER_BYTES;
      return isBehind ? offset < start : start <= offset && offset < at + payload.length;
    })
    .flatMap(({ payload }) => {
      const { rowGroup } = decodeBatch(payload);
      return rowGroup.length === 0 ? [] : textsOf(rowGroup);
    });
}

/** Texts of the lines of the row group that has this byte; without one, all of the segment's. */
function linesInSegment(bytes: Buffer, rowGroups: readonly RowGroupRef[], offset: number): string[] {
  const hit = rowGroups.filter((ref) => isWithin(ref, offset));
  const lost = hit.length > 0 ? hit : rowGroups;
  return lost.flatMap((ref) => textsOf(bytes.subarray(ref.offset, ref.offset + ref.sizeBytes)));
}

function isWithin(ref: RowGroupRef, offset: number): boolean {
  return ref.offset <= offset && offset < ref.offset + ref.sizeBytes;
}

/** None when the row group is damaged already: its lines were counted as lost then. */
function textsOf(rowGroup: Uint8Array): string[] {
  try {
    const group = new RowGroup(rowGroup);
    const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
    const { bytes, offsets } = group.lines(rows);
    return rows.map((row) => bytes.toString('utf8', offsets[row], offsets[row + 1]));
  } catch (error) {
    if (error instanceof CorruptionError) return [];
    throw error;
  }
}

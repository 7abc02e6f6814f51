/** Finds the readable row groups of a segment, whatever else in it is broken. */
import { CorruptionError } from '../../../../shared/errors.ts';
import { rowGroupBytesAt } from '../../../../shared/row-group/header.ts';
import { mergeRowGroups } from '../../../../shared/row-group/merge/merge.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../../shared/row-group/verify.ts';
import { formatDay } from '../../../../shared/time.ts';
import { SEGMENT_ZSTD_LEVEL } from '../../../limits.ts';
import { type Disk, withFile } from '../platform/disk.ts';
import { readSegment } from '../segment/reader.ts';
import { asCorruption, checkRowGroup } from './check-row-group.ts';
import { checkStreamOrder } from './check-segment.ts';

const ROW_GROUP_MAGIC = Buffer.from('PRG1');

export interface Salvaged {
  readonly bytes: Uint8Array;
  readonly group: RowGroup;
  readonly order: number;
}

export interface Broken {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly error: CorruptionError;
}

interface Place {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly rowCount: number;
  readonly order: number;
}

/** Returns the row groups in the order of the file, and those that are named but cannot be read. */
export async function salvage(
  disk: Disk,
  path: string,
  day: string,
  sizeBytes: number,
): Promise<{ salvaged: Salvaged[]; broken: Broken[] }> {
  const salvaged: Salvaged[] = [];
  const broken: Broken[] = [];
  const places = await placesOf(disk, path, sizeBytes);
  await withFile(disk, path, 'read', async (file) => {
    for (const { offset, sizeBytes: size, rowCount, order } of places) {
      try {
        const bytes = readable(await file.read(offset, size), day);
        salvaged.push({ ...bytes, order });
      } catch (error) {
        broken.push({ offset, sizeBytes: size, rowCount, error: asCorruption(error) });
      }
    }
  });
  return { salvaged, broken };
}

/** Finds row groups by the table or, if that is broken, by their magic bytes. */
async function placesOf(disk: Disk, path: string, sizeBytes: number): Promise<readonly Place[]> {
  try {
    return (await readSegment(disk, path, sizeBytes)).rowGroups;
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    return findRowGroups(await disk.readFile(path));
  }
}

function findRowGroups(file: Buffer): Place[] {
  const places: Place[] = [];
  let rows = 0;
  for (let at = file.indexOf(ROW_GROUP_MAGIC); at !== -1;) {
    let sizeBytes = 0;
    try {
      sizeBytes = rowGroupBytesAt(file.subarray(at));
      const { rowCount } = new RowGroup(file.subarray(at, at + sizeBytes)).info;
      places.push({ offset: at, sizeBytes, rowCount, order: rows });
      rows += rowCount;
    } catch {
      // These four bytes occur by chance, or the header is broken: the search continues after them.
      sizeBytes = 1;
    }
    at = file.indexOf(ROW_GROUP_MAGIC, at + sizeBytes);
  }
  return places;
}

/**
 * Returns a row group that satisfies every invariant. One whose checksums match but that violates another invariant is
 * merged again, which sorts its rows and recomputes its ranges and tables.
 * @throws CorruptionError
 */
function readable(bytes: Buffer, day: string): Omit<Salvaged, 'order'> {
  try {
    return checked(bytes, day);
  } catch {
    const { rowCount } = verifyRowGroup(bytes);
    const group = new RowGroup(bytes);
    const merged = [...mergeRowGroups([group], { day: group.info.baseDay, level: SEGMENT_ZSTD_LEVEL })];
    const [only] = merged;
    if (only === undefined || merged.length > 1) throw new CorruptionError('its rows are not those of one row group');
    const result = checked(only, day);
    if (result.group.info.rowCount !== rowCount) throw new CorruptionError('some of its rows are of another day');
    return result;
  }
}

function checked(bytes: Buffer, day: string): Omit<Salvaged, 'order'> {
  const group = checkRowGroup(bytes, 'segment');
  checkStreamOrder(group);
  if (formatDay(group.info.baseDay) !== day) throw new CorruptionError(`it is of ${formatDay(group.info.baseDay)}`);
  return { bytes, group };
}

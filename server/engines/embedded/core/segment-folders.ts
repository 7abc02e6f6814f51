/** Lists `segments/`: a folder for each day, segments in them, and foreign files, which are left alone. */
import { errorCode } from '../../../../shared/system-error.ts';
import { join } from 'node:path';
import { type Disk } from '../platform/disk.ts';
import { isDayName, SEGMENTS_FOLDER, segmentSequence } from '../platform/filenames.ts';

export interface ListedSegments {
  readonly days: readonly DayFolder[];
  /** Paths of files that are not podlog's. */
  readonly foreign: readonly string[];
}

export interface DayFolder {
  /** As in `2026-11-23`. */
  readonly day: string;
  readonly path: string;
}

export interface SegmentFile {
  readonly sequence: number;
  readonly path: string;
}

export interface ListedDay {
  /** By sequence. */
  readonly segments: readonly SegmentFile[];
  readonly foreign: readonly string[];
}

/** Lists the folders of days, sorted by day. */
export async function listDays(disk: Disk, dataDir: string): Promise<ListedSegments> {
  const folder = join(dataDir, SEGMENTS_FOLDER);
  const days: DayFolder[] = [];
  const foreign: string[] = [];
  for (const name of await disk.list(folder)) {
    if (isDayName(name)) days.push({ day: name, path: join(folder, name) });
    else foreign.push(join(folder, name));
  }
  return { days, foreign };
}

/** Lists the folder of a day; a file of such a name is itself foreign. */
export async function listDay(disk: Disk, { path }: DayFolder): Promise<ListedDay> {
  const segments: SegmentFile[] = [];
  const foreign: string[] = [];
  let names: string[];
  try {
    names = await disk.list(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOTDIR') throw error;
    return { segments, foreign: [path] };
  }
  for (const name of names) {
    const sequence = segmentSequence(name);
    if (sequence === undefined) foreign.push(join(path, name));
    else segments.push({ sequence, path: join(path, name) });
  }
  return { segments, foreign };
}

/** Lists all segments, named by a manifest or not. */
export async function listSegments(disk: Disk, dataDir: string): Promise<(SegmentFile & Pick<DayFolder, 'day'>)[]> {
  const files: (SegmentFile & Pick<DayFolder, 'day'>)[] = [];
  for (const folder of (await listDays(disk, dataDir)).days) {
    const { segments } = await listDay(disk, folder);
    for (const segment of segments) files.push({ ...segment, day: folder.day });
  }
  return files;
}

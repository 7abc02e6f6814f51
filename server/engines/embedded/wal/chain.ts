/**
 * How much of each WAL file is valid, see ../FORMAT.md#wal-file: the headers of the later files record it, unless they
 * cannot be read. Recovery and the check of a data folder both use it.
 */
import { type Disk } from '../platform/disk.ts';
import { decodeFileHeader, FILE_HEADER_BYTES, type WalFileHeader } from './format.ts';
import { readStubbornly } from './read-file.ts';

export interface LinkedWal {
  readonly sequence: number;
  readonly path: string;
  /** Undefined when it is broken, torn, or cannot be read. */
  readonly header: WalFileHeader | undefined;
  /** The file ends within its header: its creation was interrupted, and it never held a record. */
  readonly isUnborn: boolean;
  /** Why its header could not be read. */
  readonly readError?: unknown;
}

/**
 * A size in bytes when it is known. In the newest file, the last group may have become durable unacknowledged, which
 * does no harm: nothing was acknowledged after it. In a file whose end is unknown it does, because what was refused
 * there may have been sent again, and be in a later file.
 */
export type DurableSize = number | 'newest' | 'unknown';

/** Why the last group of a file whose end is unknown is quarantined. */
export const IN_DOUBT =
  'the header of the next WAL file cannot be read, so it is unknown whether these batches were acknowledged or refused';

export async function readLink(disk: Disk, sequence: number, path: string): Promise<LinkedWal> {
  const bytes = await readStubbornly(disk, path, 0, FILE_HEADER_BYTES + 1);
  if (!Buffer.isBuffer(bytes)) return { sequence, path, header: undefined, isUnborn: false, readError: bytes.error };
  const header = decodeFileHeader(bytes);
  return { sequence, path, header, isUnborn: header === undefined && bytes.length <= FILE_HEADER_BYTES };
}

/** @param files  all that are not flushed, oldest first */
export function durableSizeOf(files: readonly LinkedWal[], index: number): DurableSize {
  const { sequence } = files[index]!;
  const later = files.slice(index + 1).filter(({ isUnborn }) => !isUnborn);
  for (const { header } of later) {
    // A later file that links to an earlier one shows that this file was abandoned before it held an acknowledged
    // record.
    if (header !== undefined && header.previousSequence < sequence) return 0;
    if (header?.previousSequence === sequence) return header.previousBytes;
  }
  const next = later[0];
  return next === undefined || namesUnborn(next, files) ? 'newest' : 'unknown';
}

/**
 * Whether the start that created the file found only unborn ones before it, and took the last older one for the newest.
 */
function namesUnborn({ header }: LinkedWal, files: readonly LinkedWal[]): boolean {
  if (header === undefined || header.previousBytes > FILE_HEADER_BYTES) return false;
  return files.some(({ sequence, isUnborn }) => isUnborn && sequence === header.previousSequence);
}

/**
 * Checks that the WAL satisfies every invariant of FORMAT.md#wal-file: each file's header and its link to the previous
 * file, every record, and every row group in them. A torn end is legal only in the newest file.
 */
import { join } from 'node:path';
import { decodeBatch } from '../../../../shared/wire.ts';
import { type Disk, isFolder } from '../platform/disk.ts';
import { walFolder, walPath, walSequence } from '../platform/filenames.ts';
import { durableSizeOf, IN_DOUBT, type LinkedWal, readLink } from '../wal/chain.ts';
import { decodeFileHeader, FILE_HEADER_BYTES, type WalFileHeader } from '../wal/format.ts';
import { readWal } from '../wal/read-file.ts';
import { scanWal, type WalRecord } from '../wal/reader.ts';
import { asCorruption, checkRowGroup } from './check-row-group.ts';
import type { Finding, FindingKind } from './finding.ts';

export interface CheckWalOutput {
  readonly findings: readonly Finding[];
  readonly rowGroupCount: number;
  readonly rowCount: number;
  readonly sizeBytes: number;
}

interface WalName {
  readonly sequence: number;
  readonly path: string;
}

export interface ListedWal {
  /** Not flushed yet, oldest first. */
  readonly files: readonly WalName[];
  /** Paths of flushed ones. */
  readonly leftovers: readonly string[];
  readonly foreign: readonly string[];
}

export async function listWal(disk: Disk, dataDir: string, walFrom: number): Promise<ListedWal> {
  const files: WalName[] = [];
  const leftovers: string[] = [];
  const foreign: string[] = [];
  for (const name of await disk.list(walFolder(dataDir))) {
    const sequence = walSequence(name);
    const path = join(walFolder(dataDir), name);
    if (sequence === undefined || (await isFolder(disk, path))) foreign.push(path);
    else if (sequence < walFrom) leftovers.push(path);
    else files.push({ sequence, path });
  }
  return { files, leftovers, foreign };
}

/** Yields one result for each file, in order. */
export async function* checkWal(
  disk: Disk,
  dataDir: string,
  files: readonly WalName[],
  walFrom: number,
): AsyncGenerator<CheckWalOutput> {
  const present = new Set(files.map(({ sequence }) => sequence));
  const links: LinkedWal[] = [];
  for (const { sequence, path } of files) links.push(await readLink(disk, sequence, path));
  for (const [index, { sequence, path, isUnborn }] of links.entries()) {
    const { bytes } = await readWal(disk, path);
    const findings: Finding[] = [];
    const report: Report = (kind, what, place) => findings.push({ kind, path, rowCount: 0, what, ...place });
    const header = decodeFileHeader(bytes);
    checkHeader(header, sequence, bytes.length, isUnborn, report);
    if (header !== undefined && header.previousSequence >= walFrom && !present.has(header.previousSequence)) {
      const { previousSequence, previousBytes } = header;
      const missing = { path: walPath(dataDir, previousSequence), offset: 0, sizeBytes: previousBytes };
      report('missing', `the header of the WAL file ${sequence} names it`, missing);
    }
    const scan = scanWal(bytes, durableSizeOf(links, index));
    for (const range of scan.broken) report('wal-record', 'no valid record', range);
    if (scan.doubtful !== undefined) report('wal-record', IN_DOUBT, scan.doubtful);
    if (scan.tornBytes > 0) {
      const torn = { offset: scan.durableBytes, sizeBytes: scan.tornBytes };
      report('leftover', 'bytes that were being written when the server ended; nothing of them was acknowledged', torn);
    }
    let rowGroupCount = 0;
    let rowCount = 0;
    for (const record of scan.records) {
      const rows = checkRecord(record, report);
      rowCount += rows;
      if (rows > 0) rowGroupCount++;
    }
    yield { findings, rowGroupCount, rowCount, sizeBytes: bytes.length };
  }
}

type Place = Pick<Finding, 'offset' | 'sizeBytes'> & Partial<Pick<Finding, 'path' | 'rowCount'>>;
type Report = (kind: FindingKind, what: string, place: Place) => void;

/** A crash may tear the header of a file that is being created, which then has no records. */
function checkHeader(
  header: WalFileHeader | undefined,
  sequence: number,
  fileBytes: number,
  isUnborn: boolean,
  report: Report,
): void {
  const place = { offset: 0, sizeBytes: Math.min(FILE_HEADER_BYTES, fileBytes) };
  if (header === undefined) report(isUnborn ? 'leftover' : 'wal-record', 'no valid header', place);
  else if (header.sequence !== sequence) report('wal-record', `the header is of file ${header.sequence}`, place);
}

/** @returns how many rows can be read */
function checkRecord({ offset, payload }: WalRecord, report: Report): number {
  try {
    const { rowGroup } = decodeBatch(payload);
    return rowGroup.length === 0 ? 0 : checkRowGroup(rowGroup, 'batch').info.rowCount;
  } catch (error) {
    report('wal-record', asCorruption(error).message, { offset, sizeBytes: payload.length });
    return 0;
  }
}

/**
 * Identifies the files of a chain, whatever their names: by their beginnings, as much of these as distinguishes them from other
 * files of the chain and from those that the server knows. Sets them to the server's positions.
 */
import { isUnreadableHead } from '../../shared/file-id.ts';
import { fileId, type Chain } from './chain.ts';
import {
  baseOfHead,
  beginAlike,
  extendHead,
  isExtendedHead,
  isSharedHead,
  matchesHead,
  readHead,
} from './file-head.ts';
import {
  closeLogFile,
  finishGunzip,
  isAtPath,
  isGzipRead,
  rewindFile,
  type LogFile,
  type LogFileState,
  type Offsets,
} from './log-file.ts';
import type { LogOpener } from './log-opener.ts';

/** The server's positions of the files of a chain; see ../send/known-positions.ts. */
interface StoredPositions {
  position(id: string): Readonly<Offsets>;
  extendedHeads(chain: string): string[];
  wasRead(chain: Chain, file: LogFile): boolean;
}

/** Reads the beginning of a file that has no identity yet. Returns true when it has one now. */
export function identifyFile(chain: Chain, file: LogFile, opener: LogOpener, isWhole = false): boolean {
  if (file.fd < 0) return false;
  const head = readHead(file, isWhole);
  if (head === '') return false;
  const namesakes = chain.files.filter((other) => other !== file && baseOfHead(other.head) === head);
  const same = namesakes.find((other) => !isAnother(file, other));
  if (same !== undefined) {
    adopt(same, file);
    chain.files = chain.files.filter((other) => other !== file);
    return false;
  }
  const isRotated = file.log.rotation !== '';
  const state: LogFileState = file;
  state.head = namesakes.length === 0 ? head : extendHead(head, file, namesakes, opener, isWhole || isRotated);
  return state.head !== '';
}

/** Whether a file that was just opened is the one with this head, which is its own then. */
export function identifyAs(file: LogFileState, head: string): boolean {
  file.head = readHead(file);
  const isSame = isExtendedHead(head) ? matchesHead(file, head) : file.head === head;
  if (isSame) file.head = head;
  return isSame;
}

/** Gives a file the extended head under which the server knows it: several files may begin with the same line. */
function recogniseFile(chain: Chain, file: LogFile, known: StoredPositions): void {
  if (file.loss !== undefined) return;
  const others = new Set(chain.files.filter((other) => other !== file).map(({ head }) => head));
  const base = baseOfHead(file.head);
  const mayBeBase = !others.has(base) && Math.min(...known.position(chain.key + base)) <= file.sizeBytes;
  for (const head of known.extendedHeads(chain.key)) {
    if (others.has(head) || !matchesHead(file, head) || (isSharedHead(head) && mayBeBase)) continue;
    const state: LogFileState = file;
    state.head = head;
    return;
  }
}

/** Whether two files with the same head are different files, rather than one that was renamed or compressed. */
function isAnother(file: LogFile, other: LogFile): boolean {
  if (other.loss !== undefined) return true;
  const isSameInode = file.inode === other.inode && file.device === other.device;
  if (!isSameInode && other.onDisk && isAtPath(other)) return true;
  return other.fd >= 0 && !beginAlike(other, file);
}

/** Continues a file from the server's position. */
export function rewindToKnown(chain: Chain, file: LogFile, known: StoredPositions): void {
  recogniseFile(chain, file, known);
  rewindFile(file, known.position(fileId(chain, file)));
  if (isUnreadableHead(file.head) && known.wasRead(chain, file)) finishGunzip(file);
}

/** The known entry takes over the descriptor and the name of a second entry for the same content. */
function adopt(known: LogFileState, file: LogFile): void {
  known.onDisk = true;
  known.path = file.path;
  known.changedMs = Math.max(known.changedMs, file.changedMs);
  if (known.fd >= 0) {
    known.log = { ...file.log, gzip: known.log.gzip };
    closeLogFile(file);
    return;
  }
  known.log = file.log;
  known.fd = file.fd;
  known.device = file.device;
  known.inode = file.inode;
  known.sizeBytes = file.sizeBytes;
  known.gunzip = { ...known.gunzip, isEnded: isGzipRead(known) };
}

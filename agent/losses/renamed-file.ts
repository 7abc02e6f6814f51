/**
 * A file that the server knows, and that was renamed, by hand or by a tool, to a name that is not that of a log. It is not
 * deleted, so it is read to its end, and nothing is missing.
 */
import { readSync } from 'node:fs';
import { join } from 'node:path';
import type { FileId } from '../../shared/file-id.ts';
import { sortFiles, type Chain } from '../files/chain.ts';
import { chainOfRun, listIfThere, type Container } from '../discover/container.ts';
import { takeDescriptor, type Descriptors } from '../files/descriptors.ts';
import { identifyAs, rewindToKnown } from '../files/identity.ts';
import type { KnownPositions } from '../send/known-positions.ts';
import { closeLogFile, openLogFile, type LogFile } from '../files/log-file.ts';
import { FIRST_ROTATION, parseLogName } from '../files/log-path.ts';

const GZIP_MAGIC = Buffer.of(0x1f, 0x8b);

/**
 * Opens the file if it is there.
 * @param last  the last file of the run that the server knows: all others are newer
 * @returns the chain of the run, which has the file now; undefined when there is none
 */
export function openRenamed(
  container: Container,
  last: FileId,
  known: KnownPositions,
  descriptors: Descriptors,
): Chain | undefined {
  const { path } = container.directory;
  const opened = container.chains.get(last.restart);
  if (opened?.files.some(({ head }) => head === last.head) === true) return opened;
  for (const name of listIfThere(path)) {
    if (parseLogName(name) !== undefined || !name.startsWith(`${last.restart}.log`)) continue;
    const file = takeDescriptor(descriptors) ? open(join(path, name), name, last, descriptors) : undefined;
    if (file === undefined) continue;
    const chain = chainOfRun(container, last.restart);
    chain.files.push(file);
    sortFiles(chain);
    rewindToKnown(chain, file, known);
    known.found(last.id);
    return chain;
  }
  return undefined;
}

/** Returns undefined for a file that is another one, or cannot be opened. */
function open(path: string, name: string, { restart, head }: FileId, { opener }: Descriptors): LogFile | undefined {
  const log = { name, restart, rotation: FIRST_ROTATION, gzip: false };
  const plain = openLogFile(path, log, opener);
  if (plain === undefined) return undefined;
  const isGzip = startsAsGzip(plain);
  const file = isGzip ? openLogFile(path, { ...log, gzip: true }, opener) : plain;
  if (isGzip) closeLogFile(plain);
  if (file === undefined) return undefined;
  if (identifyAs(file, head)) return file;
  closeLogFile(file);
  return undefined;
}

function startsAsGzip({ fd }: LogFile): boolean {
  const magic = Buffer.alloc(GZIP_MAGIC.length);
  readSync(fd, magic, 0, magic.length, 0);
  return magic.equals(GZIP_MAGIC);
}

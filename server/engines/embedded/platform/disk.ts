/**
 * All that the store needs from a file system. A thin interface over node:fs, passed in, so that tests can fill, break
 * and simulate a disk. Paths are absolute; errors are Node's (`code` is ENOSPC, EIO, …).
 */
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDiskError } from '../../../../shared/disk-error.ts';
import { UnreadableError } from '../../../../shared/errors.ts';
import { errorCode } from '../../../../shared/system-error.ts';

export interface DiskFile {
  /**
   * Writes all of the buffers, one after the other, at `offset`; after an error any part of them may have been written.
   */
  write(buffers: readonly Uint8Array[], offset: number): Promise<void>;
  /** Returns the bytes at `offset`; fewer than `sizeBytes` where the file ends. */
  read(offset: number, sizeBytes: number): Promise<Buffer>;
  /** After this, the written bytes and the file's size survive a power cut. After a failure, nothing is known. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /**
   * `create` fails when the file exists; `modify` and `read` when it does not.
   * @param permissions  of a file that is created, before the process' umask
   */
  open(path: string, mode: 'create' | 'modify' | 'read', permissions?: number): Promise<DiskFile>;
  readFile(path: string): Promise<Buffer>;
  /** Returns undefined when there is no such file. */
  sizeOf(path: string): Promise<number | undefined>;
  /** Returns the names in a folder, sorted; none when there is no such folder. */
  list(path: string): Promise<string[]>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name, which outlives the first. Both must be on one file system. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with its content; does nothing when there is none. */
  remove(path: string): Promise<void>;
  /** After this, names added to and removed from the folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
  space(path: string): Promise<{ freeBytes: number; totalBytes: number }>;
}

const FLAGS = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  modify: constants.O_RDWR,
  read: constants.O_RDONLY,
};

/** The file system of this machine. */
export const realDisk: Disk = {
  open: async (path, mode, permissions) => fileOf(path, await open(path, FLAGS[mode], permissions)),
  readFile: (path) => readFile(path),
  sizeOf: (path) => stat(path).then(({ size }) => size, undefinedWhenMissing),
  list: (path) =>
    readdir(path)
      .then((names) => names.toSorted(), undefinedWhenMissing)
      .then((names) => names ?? []),
  makeFolder,
  rename,
  link,
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncFolder: async (path) => {
    const folder = await open(path, constants.O_RDONLY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  space: async (path) => {
    const { bavail, blocks, bsize } = await statfs(path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  },
};

/** Node's recursive mkdir never ends where nothing can be created in an existing folder (/proc). */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (await isFolder(realDisk, path)) return;
    const above = dirname(path);
    if (errorCode(error) !== 'ENOENT' || (await realDisk.sizeOf(above)) !== undefined) throw error;
    await makeFolder(above);
    await makeFolder(path);
  }
}

function fileOf(path: string, handle: FileHandle): DiskFile {
  return {
    write: (buffers, offset) => writeAll(handle, buffers, offset).catch(naming(path)),
    read: (offset, sizeBytes) => readUpTo(handle, offset, sizeBytes).catch(naming(path)),
    sync: () => handle.datasync().catch(naming(path)),
    truncate: (sizeBytes) => handle.truncate(sizeBytes).catch(naming(path)),
    close: () => handle.close(),
  };
}

/** Errors of an open file do not name it: "EIO: i/o error, read". */
function naming(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Error) error.message += ` '${path}'`;
    throw error;
  };
}

/** writev may stop short (a full disk, a signal); the next call then fails with the reason. */
async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = [...buffers];
  let at = offset;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = withoutPrefix(rest, bytesWritten);
  }
}

function withoutPrefix(buffers: Uint8Array[], sizeBytes: number): Uint8Array[] {
  let skip = sizeBytes;
  let first = 0;
  while (first < buffers.length && skip >= buffers[first]!.length) skip -= buffers[first++]!.length;
  const rest = buffers.slice(first);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}

async function readUpTo(handle: FileHandle, offset: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let length = 0;
  while (length < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, length, sizeBytes - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Returns false when the name is that of something else, or of nothing. */
export async function isFolder(disk: Disk, path: string): Promise<boolean> {
  try {
    await disk.list(path);
    return (await disk.sizeOf(path)) !== undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Opens a file for the duration of `use`. */
export async function withFile<T>(
  disk: Disk,
  path: string,
  mode: 'create' | 'modify' | 'read',
  use: (file: DiskFile) => Promise<T>,
  permissions?: number,
): Promise<T> {
  const file = await disk.open(path, mode, permissions);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Creates a file with this content, durable except for its name (see syncFolder). */
export function createFile(disk: Disk, path: string, content: string, permissions?: number): Promise<void> {
  const write = async (file: DiskFile): Promise<void> => {
    await file.write([Buffer.from(content)], 0);
    await file.sync();
  };
  return withFile(disk, path, 'create', write, permissions);
}

/** Errors about exhausted resources of the process or the kernel say nothing about a file. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR', 'EBUSY']);

/**
 * Whether a file, or a part of it, cannot be read now: a failing medium (EIO, EBADMSG, EUCLEAN, …), a file that is gone
 * or may not be opened (ENOENT, EACCES, …). A later attempt may succeed, so nothing is lost.
 */
export function isReadError(error: unknown): boolean {
  return isDiskError(error) && !EXHAUSTED.has(errorCode(error) ?? '');
}

/** Names the file, which errors of an open file do not. */
export function unreadableError(path: string, cause: unknown): UnreadableError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UnreadableError(`cannot be read: ${reason}`, path, { cause });
}

function undefinedWhenMissing(error: unknown): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw error;
}

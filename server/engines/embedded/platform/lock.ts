/**
 * One process per data folder. The lock is a listening unix socket in the folder: the kernel closes it with its
 * process, however that ends, so there is no stale lock to judge by pid, boot or age; and it is found through the file
 * system, so it also works between containers that mount the same volume and see neither each other's pids nor network.
 *
 * Each contender listens on a socket of its own *first* and then tries to connect to all others. Of two contenders, the
 * one that connects later finds the other one listening, so they never both win; both may lose, which a retry solves.
 * Only the winner removes the sockets of dead processes, so no socket vanishes while it matters.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { UsageError } from '../../../../shared/errors.ts';
import { errorCode, reasonOf } from '../../../../shared/system-error.ts';
import { realDisk } from './disk.ts';
import { LOCK_FOLDER } from './filenames.ts';

/** Room for the address of a unix socket on Linux, without its name; a longer folder is reached through /proc. */
const FOLDER_BYTES_MAX = 70;

/** Released by `await using`, or by `release` where it outlives a block. */
export interface FolderLock extends AsyncDisposable {
  release(): Promise<void>;
}

/** @throws UsageError when another process, or this one, holds the folder */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  const folder = join(dataDir, LOCK_FOLDER);
  const handle = await openFolder(folder).catch((cause: unknown) => {
    throw unlockable(dataDir, cause);
  });
  const address = Buffer.byteLength(folder) > FOLDER_BYTES_MAX ? `/proc/self/fd/${handle.fd}` : folder;
  const name = `${process.pid}-${randomBytes(4).toString('hex')}.sock`;
  try {
    const server = await listenOn(join(address, name));
    const release = async (): Promise<void> => {
      await new Promise((resolve) => server.close(resolve));
      await handle.close();
    };
    const others = (await readdir(folder)).filter((other) => other !== name);
    for (const other of others) {
      if (!(await isListening(join(address, other)))) continue;
      await release();
      throw new UsageError(
        `the data folder ${dataDir} is in use by another podlog (process ${other.split('-')[0]}): end that one, or name another folder`,
        1,
      );
    }
    for (const other of others) await rm(join(folder, other), { force: true });
    return { release, [Symbol.asyncDispose]: release };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    await handle.close();
    throw unlockable(dataDir, error);
  }
}

async function openFolder(path: string): Promise<FileHandle> {
  await realDisk.makeFolder(path);
  return open(path);
}

function unlockable(dataDir: string, cause: unknown): UsageError {
  return new UsageError(`the data folder ${dataDir} cannot be locked: ${reasonOf(cause)}`, 1, { cause });
}

function listenOn(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

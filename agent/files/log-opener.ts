/**
 * Opens log files, and nothing else that has the name of one: a pipe would block the agent, opening a device may have effects, and
 * a link may lead to any file of the node that the agent can read.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { errorCode } from '../../shared/system-error.ts';
import type { Logger } from 'pino';
import { REFUSED_PATHS_MAX } from '../limits.ts';

/** A pipe without a writer does not block, and a file that has become a link is not followed. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
/** ENXIO: a socket. ELOOP: links that form a loop, or a file that has become a link. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

const NOT_REGULAR = 'not a regular file; it is not read';
const OUTSIDE = 'a link leads out of the pods folder; it is not read: allow its target with --linked-dirs';

export interface LogOpenerOptions {
  readonly podsDir: string;
  /** Further folders into which links may lead. */
  readonly linkedDirs?: readonly string[] | undefined;
  readonly log: Logger;
}

/** Owns the list of refused paths, so that each is logged once. */
export class LogOpener {
  readonly #folders: readonly string[];
  readonly #log: Logger;
  readonly #refused = new Set<string>();

  constructor({ podsDir, linkedDirs = [], log }: LogOpenerOptions) {
    this.#folders = [podsDir, ...linkedDirs];
    this.#log = log;
  }

  /**
   * Opens the file for reading.
   * @returns its descriptor, or -1 when there is no such file or it may not be read
   */
  open(path: string): number {
    let fd = -1;
    try {
      const isLink = lstatSync(path).isSymbolicLink();
      const target = isLink ? realpathSync.native(path) : path;
      if (!lstatSync(target).isFile()) return this.#refuse(path, NOT_REGULAR);
      fd = openSync(target, FLAGS);
    } catch (error) {
      if (GONE.has(errorCode(error) ?? '')) return -1;
      throw error;
    }
    const problem = this.#problemOf(fd);
    if (problem === undefined) {
      this.#refused.delete(path);
      return fd;
    }
    closeSync(fd);
    return this.#refuse(path, problem);
  }

  /** Checks the open file itself, since names, also those of folders, may have changed meanwhile. */
  #problemOf(fd: number): string | undefined {
    if (!fstatSync(fd).isFile()) return NOT_REGULAR;
    const path = readlinkSync(`/proc/self/fd/${fd}`);
    return this.#folders.some((folder) => path.startsWith(realFolder(folder))) ? undefined : OUTSIDE;
  }

  #refuse(path: string, problem: string): -1 {
    if (this.#refused.has(path)) return -1;
    const [oldest] = this.#refused;
    if (this.#refused.size === REFUSED_PATHS_MAX) this.#refused.delete(oldest!);
    this.#refused.add(path);
    this.#log.warn({ path }, problem);
    return -1;
  }
}

/** Returns the real path of a folder, with a separator at its end. */
function realFolder(path: string): string {
  try {
    const real = realpathSync.native(path);
    return real.endsWith(sep) ? real : real + sep;
  } catch {
    return path + sep;
  }
}

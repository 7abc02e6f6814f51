/**
 * Opens log files, and nothing else that has the name of one: a pipe would stop the agent, a device may do something, and a
 * link may lead to any file of the node, which the agent may read.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { Logger } from 'pino';
import { REFUSED_PATHS_MAX } from '../limits.ts';

/** A pipe without a writer does not block, and what has become a link meanwhile is not followed. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
/** ENXIO: a socket. ELOOP: links that lead to each other, or a file that has become a link. */
const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

const NOT_REGULAR = 'not a regular file; it is not read';
const OUTSIDE = 'a link leads out of the pods folder; it is not read: allow its target with --linked-dirs';

export interface LogOpenerOptions {
  readonly podsDir: string;
  /** Where links may lead besides. */
  readonly linkedDirs?: readonly string[] | undefined;
  readonly log: Logger;
}

/** Owns the list of what was refused, so that it is said once. */
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
   * @returns its descriptor, or -1 when there is no such file, or none that may be read
   */
  open(path: string): number {
    let fd = -1;
    try {
      const isLink = lstatSync(path).isSymbolicLink();
      const target = isLink ? realpathSync.native(path) : path;
      if (!lstatSync(target).isFile()) return this.#refuse(path, NOT_REGULAR);
      fd = openSync(target, FLAGS);
    } catch (error) {
      if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return -1;
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

  /** Looks at what is open, since names may have changed meanwhile, those of folders too. */
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

/** With a separator at its end. What is not there holds nothing. */
function realFolder(path: string): string {
  try {
    const real = realpathSync.native(path);
    return real.endsWith(sep) ? real : real + sep;
  } catch {
    return path + sep;
  }
}

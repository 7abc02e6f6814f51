/**
 * Keeps some of the disk free: a flush needs room before it frees any, so writes are refused before the disk is full.
 */
import { DISK_FREE_BYTES_MIN, DISK_FREE_SHARE_MIN, RETRY_AFTER_DISK_SECONDS } from '../../../limits.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { Disk } from '../platform/disk.ts';

export class SpaceGuard {
  readonly #disk: Disk;
  readonly #dataDir: string;
  #isLow = false;

  constructor(disk: Disk, dataDir: string) {
    this.#disk = disk;
    this.#dataDir = dataDir;
  }

  /** Why writes must wait, as of the last test; undefined when they need not. */
  get problem(): UnavailableError | undefined {
    if (!this.#isLow) return undefined;
    const message = 'the disk is nearly full: make room or shorten --retention; reads go on';
    return new UnavailableError(message, RETRY_AFTER_DISK_SECONDS);
  }

  async check(): Promise<void> {
    const { freeBytes, totalBytes } = await this.#disk.space(this.#dataDir);
    this.#isLow = freeBytes < Math.min(DISK_FREE_BYTES_MIN, totalBytes * DISK_FREE_SHARE_MIN);
  }
}

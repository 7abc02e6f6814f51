/**
 * Keeps some of the disk free: a flush needs room before it frees any, so writes are refused before the disk is full.
 */
import { DISK_FREE_BYTES_MIN, DISK_FREE_SHARE_MIN, RETRY_AFTER_DISK_SECONDS } from '../../../limits.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { StoreCapacity } from '../../../store/capacity.ts';
import type { Disk } from '../platform/disk.ts';

export class SpaceGuard {
  readonly #disk: Disk;
  readonly #dataDir: string;
  #isLow = false;
  #space: StoreCapacity['space'];

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

  /** As of the last test; undefined before the first. */
  get space(): StoreCapacity['space'] {
    return this.#space;
  }

  async check(): Promise<void> {
    const { freeBytes, totalBytes } = await this.#disk.space(this.#dataDir);
    const keptFreeBytes = Math.min(DISK_FREE_BYTES_MIN, totalBytes * DISK_FREE_SHARE_MIN);
    this.#space = { freeBytes, totalBytes, keptFreeBytes };
    this.#isLow = freeBytes < keptFreeBytes;
  }
}

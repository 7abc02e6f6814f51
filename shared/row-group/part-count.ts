/** Limits what the header of a row group may list. */
import { CorruptionError } from '../errors.ts';
import { HEADER_PARTS_MAX } from './format.ts';

/**
 * Counts the items that a header lists, so that a header with too many is refused before there is an object for each.
 */
export class PartCount {
  #count = 0;

  /** @throws CorruptionError */
  add(count: number): number {
    this.#count += count;
    if (this.#count > HEADER_PARTS_MAX) throw new CorruptionError(`a header of more than ${HEADER_PARTS_MAX} parts`);
    return count;
  }
}

/** Refuses pushes that are beyond a limit, as a whole: nothing of them is stored. */
import { PodlogError } from '../../../shared/errors.ts';
import { LOKI_PUSH_BYTES_MAX } from '../../limits.ts';

/** @param sizeBytes  when decompressed, as far as it was; or as it says itself */
export function bodyTooLarge(sizeBytes: number, sizeBytesMax = LOKI_PUSH_BYTES_MAX): PodlogError {
  return tooLarge(`request body too large: ${sizeBytes} bytes, limit: ${sizeBytesMax} bytes`);
}

export function tooMany(what: string, max: number): PodlogError {
  return tooLarge(`more than ${max} ${what} in one push: send fewer at once`);
}

function tooLarge(message: string): PodlogError {
  return new PodlogError('PODLOG_BODY_TOO_LARGE', 413, message);
}

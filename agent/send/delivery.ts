/** How much of a file, or of a note, is sent and acknowledged: moves with batches and their answers. */
import type { DeliveryState, FileDeliveryState, LogFile, Offsets } from '../files/log-file.ts';

/** A batch that is closed covers everything before `to`. */
export function noteSent(delivery: DeliveryState, to: Offsets): void {
  delivery.sent = to;
}

/** The server has everything before `to`. */
export function noteAcknowledged(delivery: DeliveryState, to: Offsets): void {
  delivery.acked = to;
}

/**
 * Counts a loss at this offset of a file.
 * @returns false when it was counted before: the server may go back in time, and get its marker again
 */
export function countLossAt(file: LogFile, offset: number): boolean {
  const delivery: FileDeliveryState = file.delivery;
  if (offset <= delivery.countedTo) return false;
  delivery.countedTo = offset;
  return true;
}

/**
 * What the server remembers about a container's runs, besides positions of files: how many have begun, and how many are done,
 * which means that each of their lines is stored, or that a marker says that it is not. So an agent that starts can distinguish a
 * run that no agent has seen, or not to its end, from one whose files may go silently.
 *
 * To the server a ledger is a file like any other, with two counts in place of offsets. It moves in the batch that has the
 * lines or the marker, so it never says more than what is stored.
 */
import { ledgerId, type LedgerId } from '../../shared/file-id.ts';
import type { DeliveryState, Offsets } from '../files/log-file.ts';

export const BEGUN = 0;
export const DONE = 1;

/** Something besides a file whose position a batch may move. */
export interface Note {
  readonly id: string;
  delivery: DeliveryState;
}

/** A note, and its value once the batch that is built now is stored. */
export interface NoteMove {
  readonly note: Note;
  readonly to: Offsets;
}

export function createNote(id: string): Note {
  return { id, delivery: { sent: [0, 0], acked: [0, 0] } };
}

export function createLedger(container: LedgerId): Note {
  return createNote(ledgerId(container));
}

export function rewindNote(note: Note, acked: Readonly<Offsets>): void {
  note.delivery = { sent: acked, acked };
}

/**
 * Limits the buffered text of all answers. A client that does not read holds two pieces: one in its socket, one before
 * it. So pieces get smaller the more is held, and no number of such clients takes the memory of others.
 */
import { UnavailableError } from '../../shared/errors.ts';
import {
  ANSWER_PIECE_BYTES_MIN,
  ANSWER_PIECE_SHARE,
  ANSWER_TEXT_BYTES_MAX,
  ANSWERS_AT_ONCE_MAX,
  RENDER_BYTES_AT_ONCE,
  RETRY_AFTER_QUEUE_SECONDS,
} from '../limits.ts';
import type { AnswerPieces, TextBudget } from '../store/query-budget.ts';

/** Buffered pieces of one answer: the last one, and the one before it. */
const PIECES_HELD = 2;

export class AnswerText implements TextBudget {
  #answerCount = 0;
  #heldBytes = 0;

  get heldBytes(): number {
    return this.#heldBytes;
  }

  begin(piecesHeld = PIECES_HELD): AnswerPieces {
    if (this.#answerCount >= ANSWERS_AT_ONCE_MAX) {
      const message = `too many answers in flight (at most ${ANSWERS_AT_ONCE_MAX}): retry later`;
      throw new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS);
    }
    this.#answerCount++;
    const held: number[] = [];
    /** Pieces of an actual size; those after them are reserved. */
    let actualCount = 0;
    const add = (sizeBytes: number): void => {
      held.push(sizeBytes);
      this.#heldBytes += sizeBytes;
    };
    const drop = (count: number): void => {
      for (const sizeBytes of held.splice(0, count)) {
        this.#heldBytes -= sizeBytes;
        actualCount = Math.max(0, actualCount - 1);
      }
    };
    return {
      reserve: () => {
        drop(Math.max(0, held.length - piecesHeld + 1));
        const leftBytes = ANSWER_TEXT_BYTES_MAX - this.#heldBytes;
        const shareBytes = Math.floor(leftBytes * ANSWER_PIECE_SHARE);
        const sizeBytes = Math.max(ANSWER_PIECE_BYTES_MIN, Math.min(RENDER_BYTES_AT_ONCE, shareBytes));
        add(sizeBytes);
        return sizeBytes;
      },
      hold: (sizeBytes) => {
        const piece = Math.min(actualCount++, held.length - 1);
        this.#heldBytes += sizeBytes - held[piece]!;
        held[piece] = sizeBytes;
      },
      [Symbol.dispose]: () => {
        drop(held.length);
        this.#answerCount--;
      },
    };
  }
}

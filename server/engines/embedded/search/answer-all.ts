/**
 * Yields all lines that match, however many there are: the rows of a walk are rendered batch by batch, a few side by side, as
 * fast as the client reads.
 */
import {
  RENDER_ROWS_AT_FIRST,
  SCANS_AT_ONCE,
  WALK_BYTES_AT_ONCE,
  WALK_ROWS_AT_ONCE,
  WALK_ROWS_HELD_MAX,
} from '../../../limits.ts';
import type { AnswerPieces } from '../../../store/query-budget.ts';
import type { Plan } from '../../../store/search-plan.ts';
import { type PieceOf, type Sink, sizeOfPiece } from '../../../store/sink.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { placeOf } from '../scan/row-groups.ts';
import type { RowBatch } from '../scan/row-batch.ts';
import { walkRows } from '../scan/row-walk.ts';
import { quarantineAll } from '../scan/unusable.ts';
import type { QueryContext } from './answer.ts';
import { doneCountOf, pieceIn, type RenderedRows } from './sink-rows.ts';

const WALK_LIMITS = {
  rowsAtFirst: RENDER_ROWS_AT_FIRST,
  rows: WALK_ROWS_AT_ONCE,
  lineBytes: WALK_BYTES_AT_ONCE,
  rowsHeld: WALK_ROWS_HELD_MAX,
};

/** What a client that does not read holds, and what is being rendered meanwhile. */
const PIECES_HELD = 2 + SCANS_AT_ONCE;

/** A batch that is being rendered, from one of its rows on. */
interface Rendering {
  readonly batch: RowBatch;
  readonly from: number;
  readonly rendered: Promise<RenderedRows>;
}

/**
 * @param rowGroups  must stay readable until the generator ends
 * @throws UnavailableError  there are too many answers in flight, or they have too many rows
 */
export async function* answerAll<S extends Sink>(
  rowGroups: readonly RowGroupRef[],
  plan: Plan,
  sink: S,
  context: QueryContext,
  signal: AbortSignal,
): AsyncGenerator<PieceOf<S>> {
  using _ = context.answerRows.reserve(WALK_ROWS_HELD_MAX);
  using pieces = context.answerText.begin(PIECES_HELD);
  const batches = new Ahead(walkRows(rowGroups, plan, context, signal, WALK_LIMITS));
  const renderings: Rendering[] = [];
  const begin = (batch: RowBatch, from: number): Rendering => {
    const rendered = render(batch, from, { bytesMax: pieces.reserve(), sink, context, signal });
    // It is awaited when its turn has come, or not any more.
    rendered.catch(() => {});
    return { batch, from, rendered };
  };
  try {
    for (;;) {
      while (renderings.length < SCANS_AT_ONCE && !batches.hasEnded) {
        await batches.arrived(renderings[0]?.rendered);
        const batch = batches.take();
        if (batch === undefined) break;
        renderings.push(begin(batch, 0));
      }
      const first = renderings.shift();
      if (first === undefined) {
        if (batches.hasEnded) return;
        continue;
      }
      yield* piecesOf(first, { renderings, pieces, begin, context });
    }
  } finally {
    // Row groups must stay readable while tasks read them.
    await Promise.allSettled(renderings.map(({ rendered }) => rendered));
    await batches.end();
  }
}

interface Progress {
  readonly renderings: Rendering[];
  readonly pieces: AnswerPieces;
  readonly begin: (batch: RowBatch, from: number) => Rendering;
  readonly context: QueryContext;
}

/** Waits for a rendering, and goes on with its batch where its piece was full. */
async function* piecesOf<S extends Sink>(
  { batch, from, rendered }: Rendering,
  { renderings, pieces, begin, context }: Progress,
): AsyncGenerator<PieceOf<S>> {
  const output = await rendered;
  const end = from + doneCountOf(output);
  const piece = pieceIn(output) as PieceOf<S>;
  pieces.hold(sizeOfPiece(piece));
  if (end < batch.rows.length) renderings.unshift(begin(batch, end));
  context.page.last = batch.cursorAt(end - 1);
  if (sizeOfPiece(piece) > 0) yield piece;
}

interface RenderOptions {
  readonly bytesMax: number;
  readonly sink: Sink;
  readonly context: QueryContext;
  readonly signal: AbortSignal;
}

async function render(
  { groups, groupOf, rows, timesNs }: RowBatch,
  from: number,
  { bytesMax, sink, context, signal }: RenderOptions,
): Promise<RenderedRows> {
  // The task takes the memory of its input, and the batch may be needed once more.
  const chosen = { groupOf: groupOf.slice(from), rows: rows.slice(from), timesNs: timesNs.slice(from) };
  const output = await context.render({ places: groups.map(placeOf), ...chosen, sink, bytesMax }, signal);
  await quarantineAll(output.unusable, groups, context.quarantine);
  return output.rendered;
}

/** A generator of which the next value is made before it is asked for. */
class Ahead<T> {
  readonly #values: AsyncGenerator<T>;
  #next: IteratorResult<T> | undefined;
  #pulling: Promise<void> = Promise.resolve();
  #isPulling = false;
  hasEnded = false;

  constructor(values: AsyncGenerator<T>) {
    this.#values = values;
  }

  /** Resolves when there is a value, at the end, or with something else. @throws what the generator throws */
  async arrived(other: Promise<unknown> | undefined): Promise<void> {
    if (this.#next !== undefined) return;
    this.#begin();
    await (other === undefined ? this.#pulling : Promise.race([this.#pulling, other]));
  }

  /** Returns undefined where there is no value yet, and at the end. */
  take(): T | undefined {
    const next = this.#next;
    if (next === undefined) return undefined;
    this.#next = undefined;
    if (next.done === true) {
      this.hasEnded = true;
      return undefined;
    }
    this.#begin();
    return next.value;
  }

  #begin(): void {
    if (this.#isPulling) return;
    this.#isPulling = true;
    this.#pulling = this.#pull();
    this.#pulling.catch(() => {});
  }

  async end(): Promise<void> {
    await this.#values.return(undefined);
  }

  async #pull(): Promise<void> {
    this.#next = await this.#values.next();
    this.#isPulling = false;
  }
}

/**
 * Notes, which batches carry besides lines and positions of files: which runs of each container have begun and are finished, and
 * up to when everything on the node is stored. The server keeps a note as it keeps a position, and the next agent starts
 * from them.
 */
import { hasLoss, hasMore } from './files/chain.ts';
import type { Container } from './discover/container.ts';
import type { Containers } from './discover/containers.ts';
import { hasWriter, isFinished, type LifecycleTimes } from './files/file-lifecycle.ts';
import { CAUGHT_UP_ID } from '../shared/file-id.ts';
import type { KnownPositions } from './send/known-positions.ts';
import type { RuleBook } from './rules/rule-book.ts';
import { CAUGHT_UP_MARGIN_MS, VOUCH_MS } from './limits.ts';
import { BEGUN, createNote, DONE, rewindNote, type NoteMove } from './send/run-ledger.ts';

/** Owns the note of the node; each container owns its ledger. */
export class Notes {
  readonly #containers: Containers;
  readonly #caughtUp = createNote(CAUGHT_UP_ID);
  readonly #rules: Pick<RuleBook, 'endedRuns'>;
  readonly #vouchMs: number;

  /** @param vouchMs  see VOUCH_MS */
  constructor(containers: Containers, rules: Pick<RuleBook, 'endedRuns'>, vouchMs = VOUCH_MS) {
    this.#containers = containers;
    this.#rules = rules;
    this.#vouchMs = vouchMs;
  }

  /** Continues the node's note from what the server knows. */
  rewind(known: KnownPositions): void {
    rewindNote(this.#caughtUp, known.position(CAUGHT_UP_ID));
  }

  /**
   * Returns the ledgers that move with the batch that is built now.
   * @param startMs  when this agent started: if it is the node's first, nothing older is missing
   */
  ledgerMoves(startMs: number, nowMs: number, times: LifecycleTimes): NoteMove[] {
    const moves: NoteMove[] = [];
    if (this.#caughtUp.delivery.sent[0] === 0) moves.push({ note: this.#caughtUp, to: [startMs, 0] });
    for (const container of this.#containers) {
      if (container.judgedMs === undefined || container.decision.selection === 'excluded') continue;
      this.#noteEnded(container, nowMs);
      const move = ledgerMove(container, nowMs, times);
      if (move !== undefined) moves.push(move);
    }
    return moves;
  }

  /**
   * Vouches that with the batch that is built now everything up to the last tick is stored. Empty when it is not.
   * @param polledMs  the time of that tick
   * @param isQuiet  nothing else is to be sent: the note is worth a batch only when the last one is long ago
   */
  caughtUpMoves(polledMs: number, isQuiet: boolean): NoteMove[] {
    const timeMs = polledMs - CAUGHT_UP_MARGIN_MS;
    const [sentMs] = this.#caughtUp.delivery.sent;
    const sinceMs = timeMs - sentMs;
    if (sentMs === 0 || sinceMs <= 0 || (isQuiet && sinceMs < this.#vouchMs) || !this.#isCaughtUp()) return [];
    return [{ note: this.#caughtUp, to: [timeMs, 0] }];
  }

  /** Files of a run that has ended are polled once more before it counts as finished. */
  #noteEnded(container: Container, nowMs: number): void {
    const ended = this.#rules.endedRuns(container.directory);
    for (const chain of container.chains.values()) {
      if (chain.restart >= ended || chain.endedMs !== Infinity) continue;
      chain.endedMs = nowMs;
      this.#containers.quiet.wake(container);
    }
  }

  #isCaughtUp(): boolean {
    if (!this.#containers.isComplete) return false;
    for (const { decision, isWhole, chains } of this.#containers) {
      if (decision.selection === 'excluded') continue;
      if (decision.selection === 'pending' || !isWhole) return false;
      for (const { files } of chains.values()) if (files.some((file) => hasLoss(file) || hasMore(file))) return false;
    }
    return true;
  }
}

/**
 * Returns how a container's ledger moves with the batch that is built now; undefined when it does not. Runs finish in order: none
 * counts before all earlier ones have finished. Counts go back only if a run turns out to be written to although its files are gone.
 */
function ledgerMove(container: Container, nowMs: number, times: LifecycleTimes): NoteMove | undefined {
  const { ledger, chains, unfinishedRuns } = container;
  const { sent } = ledger.delivery;
  const begun = Math.max(sent[BEGUN], container.begunRuns);
  let done = begun;
  let doneAtLeast = sent[DONE];
  for (const run of unfinishedRuns) done = Math.min(done, run);
  for (const chain of chains.values()) {
    if (chain.restart >= done || isFinished(chain, nowMs, times)) continue;
    done = chain.restart;
    if (hasWriter(chain)) doneAtLeast = Math.min(doneAtLeast, done);
  }
  done = Math.max(doneAtLeast, done);
  if (begun === sent[BEGUN] && done === sent[DONE]) return undefined;
  return { note: ledger, to: [begun, done] };
}

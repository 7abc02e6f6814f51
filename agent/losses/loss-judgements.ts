/**
 * The losses that were found in each container, as long as they may be withdrawn: the server may know more later than it did when
 * the container was judged.
 */
import { isLostHead } from '../../shared/file-id.ts';
import type { Container } from '../discover/container.ts';
import type { KnownPositions } from '../send/known-positions.ts';
import { withdrawLostFile, type AddedFile } from './lost-file.ts';

interface Judgement {
  /** Whether a file had been found in the container before it was judged. */
  readonly hadFiles: boolean;
  readonly added: AddedFile[];
  /** Whether the container was excluded before, so that nothing is missing, whatever the server knows. */
  isExempt: boolean;
}

/** Owns the judgements. */
export class LossJudgements {
  readonly #judgements = new WeakMap<Container, Judgement>();

  /** Must be called before a container is judged. */
  begin(container: Container): Judgement {
    const { hadFiles } = container;
    let judgement = this.#judgements.get(container);
    if (judgement === undefined) {
      judgement = { hadFiles, added: [], isExempt: false };
      this.#judgements.set(container, judgement);
    }
    return judgement;
  }

  exempt(container: Container): void {
    this.begin(container).isExempt = true;
  }

  add(container: Container, added: AddedFile): void {
    this.begin(container).added.push(added);
  }

  /**
   * Withdraws the losses of a container, whose state is as before the judgement then.
   * @returns whether it may be judged
   */
  withdraw(container: Container, known: KnownPositions): boolean {
    const judgement = this.#judgements.get(container);
    if (judgement === undefined) return true;
    if (judgement.isExempt) return false;
    this.#judgements.delete(container);
    for (const { chain, file } of judgement.added) {
      if (file.replaces !== undefined) known.disclaim(file.replaces);
      file.replaces = undefined;
      if (isLostHead(file.head)) withdrawLostFile(container, { chain, file });
    }
    reset(container, judgement);
    return true;
  }
}

function reset(container: Container, { hadFiles }: Judgement): void {
  const { chains, unfinishedRuns, doneRuns } = container;
  container.judgedMs = undefined;
  container.begunRuns = 0;
  unfinishedRuns.clear();
  for (const chain of chains.values()) chain.isHeadJudged = false;
  container.hadFiles = hadFiles || chains.size > 0 || doneRuns.size > 0;
}

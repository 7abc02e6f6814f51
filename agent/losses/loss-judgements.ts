/**
 * What was found missing in each container, as long as it may be withdrawn: the server may come to know more than it did when
 * the container was judged.
 */
import { isLostHead } from '../../shared/file-id.ts';
import type { Container } from '../discover/container.ts';
import type { KnownPositions } from '../send/known-positions.ts';
import { withdrawLostFile, type AddedFile } from './lost-file.ts';

interface Judgement {
  /** Whether a file had been seen in the container before it was judged. */
  readonly hadFiles: boolean;
  readonly added: AddedFile[];
  /** Nothing was to be kept of the container before, so nothing is missing, whatever the server knows. */
  isExcused: boolean;
}

/** Owns the judgements. */
export class LossJudgements {
  readonly #judgements = new WeakMap<Container, Judgement>();

  /** Must be called before a container is judged. */
  begin(container: Container): Judgement {
    const { hadFiles } = container;
    let judgement = this.#judgements.get(container);
    if (judgement === undefined) {
      judgement = { hadFiles, added: [], isExcused: false };
      this.#judgements.set(container, judgement);
    }
    return judgement;
  }

  excuse(container: Container): void {
    this.begin(container).isExcused = true;
  }

  add(container: Container, added: AddedFile): void {
    this.begin(container).added.push(added);
  }

  /**
   * Takes back what was said of a container, which is as it was before.
   * @returns whether it may be judged
   */
  withdraw(container: Container, known: KnownPositions): boolean {
    const judgement = this.#judgements.get(container);
    if (judgement === undefined) return true;
    if (judgement.isExcused) return false;
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
  const { chains, owedRuns, doneRuns } = container;
  container.judgedMs = undefined;
  container.begunRuns = 0;
  owedRuns.clear();
  for (const chain of chains.values()) chain.isHeadJudged = false;
  container.hadFiles = hadFiles || chains.size > 0 || doneRuns.size > 0;
}

/**
 * The one entrance for every batch, whoever sent it: its positions are judged, then it is stored. Two batches that
 * share a file are taken one after the other, and the second is judged by what the first has made durable: so no two of
 * them are accepted from the same position, and a repeat is not answered before the rows of the original are safe.
 */
import { CorruptionError, TooManyStreamsError } from '../../shared/errors.ts';
import { type Batch, decodeBatch, encodeBatch, type PositionsAnswer } from '../../shared/wire.ts';
import type { LogStore } from '../store/log-store.ts';
import { PUSH_NODE, type StoredPositions } from '../store/positions.ts';
import { COARSE_STREAMS_SHARE_MAX, FILE_NAME_BYTES_MAX, PUSHED_STREAMS_SHARE_MAX } from '../limits.ts';
import { coarsened, COARSENINGS } from './coarse-labels.ts';

export type BatchOutcome =
  | { readonly kind: 'stored'; readonly rowCount: number }
  | { readonly kind: 'repeat' }
  | { readonly kind: 'conflict'; readonly answer: PositionsAnswer };

/** Adds labels to a batch's streams and changes nothing else; returns the batch itself when there are none to add. */
export type Label = (batch: Batch) => Promise<Batch>;

/** Called for each batch that was stored with coarser labels than its own, because those did not fit. */
export type CoarseningListener = (batch: Batch, error: TooManyStreamsError) => void;

export class BatchAcceptor {
  readonly #store: Pick<LogStore, 'append'>;
  readonly #positions: StoredPositions;
  readonly #label: Label | undefined;
  readonly #onCoarsened: CoarseningListener | undefined;
  /** Node and file → the batch that is being stored and moves it. Settles when it is durable or has failed; never rejects. */
  readonly #inFlight = new Map<string, Promise<unknown>>();

  constructor(
    store: Pick<LogStore, 'append'>,
    positions: StoredPositions,
    label?: Label,
    onCoarsened?: CoarseningListener,
  ) {
    this.#store = store;
    this.#positions = positions;
    this.#label = label;
    this.#onCoarsened = onCoarsened;
  }

  /**
   * Resolves when the batch is durable, or known not to be needed.
   * @param bytes  an encoded batch; must not change until then
   * @param batch  `bytes`, decoded
   * @throws CorruptionError, UnavailableError
   * @throws TooManyFilesError
   * @throws TooManyStreamsError  a push makes new streams that do not fit; for other batches: even the coarsest
   *   labels do not fit
   */
  async accept(bytes: Uint8Array, batch = decodeBatch(bytes)): Promise<BatchOutcome> {
    assertRanges(batch);
    const files = [...batch.files.map(({ file }) => file), ...batch.gone].map((file) => `${batch.node}\0${file}`);
    for (let wait = this.#othersOf(files); wait !== undefined; wait = this.#othersOf(files)) await wait;
    this.#positions.assertRoom(batch);
    // There must be no await from here to the entry in #inFlight.
    const judgement = this.#positions.judge(batch);
    if (judgement.kind !== 'accept') return judgement;
    const appended = this.#append(bytes, batch);
    const settled = appended.catch(() => {});
    for (const file of files) this.#inFlight.set(file, settled);
    try {
      const { rowCount } = await appended;
      return { kind: 'stored', rowCount };
    } finally {
      for (const file of files) this.#inFlight.delete(file);
    }
  }

  /** Labels are awaited within the batch's turn: other batches of the same files are not judged before it is over. */
  async #append(bytes: Uint8Array, batch: Batch): Promise<{ rowCount: number }> {
    if (batch.node === PUSH_NODE) return this.#store.append(bytes, batch, PUSHED_STREAMS_SHARE_MAX);
    const labelled = (await this.#label?.(batch)) ?? batch;
    try {
      return await this.#store.append(labelled === batch ? bytes : encodeBatch(labelled), labelled);
    } catch (error) {
      if (error instanceof TooManyStreamsError) return this.#appendCoarser(labelled, error);
      throw error;
    }
  }

  async #appendCoarser(batch: Batch, error: TooManyStreamsError): Promise<{ rowCount: number }> {
    let coarser = batch;
    let left = error;
    for (const coarsen of COARSENINGS) {
      coarser = coarsened(coarser, left.excess, coarsen);
      try {
        const stored = await this.#store.append(encodeBatch(coarser), coarser, COARSE_STREAMS_SHARE_MAX);
        this.#onCoarsened?.(batch, error);
        return stored;
      } catch (next) {
        if (!(next instanceof TooManyStreamsError)) throw next;
        left = next;
      }
    }
    throw left;
  }

  /** Returns a batch in flight that moves one of these files; undefined when there is none. */
  #othersOf(files: readonly string[]): Promise<unknown> | undefined {
    for (const file of files) {
      const other = this.#inFlight.get(file);
      if (other !== undefined) return other;
    }
    return undefined;
  }
}

/** @throws CorruptionError  a correct sender makes no such batch */
function assertRanges({ files }: Batch): void {
  const seen = new Set<string>();
  for (const { file, from, to } of files) {
    if (Buffer.byteLength(file) > FILE_NAME_BYTES_MAX) {
      throw new CorruptionError(`the batch has a file whose name is longer than ${FILE_NAME_BYTES_MAX} bytes`);
    }
    if (seen.has(file)) throw new CorruptionError(`the batch has the file ${file} twice`);
    if (to.stdout < from.stdout || to.stderr < from.stderr) {
      throw new CorruptionError(`the batch moves the file ${file} backwards`);
    }
    seen.add(file);
  }
}

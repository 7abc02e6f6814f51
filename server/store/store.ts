/**
 * The durable half of podlog: WAL, memtable and segments behind one small interface. (Signatures first; the body
 * follows.)
 */
import type { Batch } from '../../shared/wire.ts';
import type { AppendListener, RowGroupRef, Snapshot } from './snapshot.ts';

/** What `/stats` shows. */
export interface StoreStats {
  readonly rowCount: number;
  readonly lineBytes: number;
  readonly storedBytes: number;
  readonly walBytes: number;
  readonly segmentCount: number;
  readonly rowGroupCount: number;
  readonly streamCount: number;
  readonly oldestInstant: bigint | undefined;
  readonly newestInstant: bigint | undefined;
  readonly quarantinedCount: number;
}

export class Store {
  /** Resolves when the batch is durable and part of new snapshots. @throws CorruptionError, UnavailableError */
  append(_bytes: Uint8Array, _batch: Batch): Promise<{ rowCount: number }> {
    throw new Error('BUG: not written yet');
  }

  snapshot(): Snapshot {
    throw new Error('BUG: not written yet');
  }

  /** @returns a function that ends the subscription */
  onAppend(_listener: AppendListener): () => void {
    throw new Error('BUG: not written yet');
  }

  /** A reader found a row group broken: it is copied to quarantine/, counted, and left out of new snapshots. */
  setAside(_ref: RowGroupRef, _error: Error): Promise<void> {
    throw new Error('BUG: not written yet');
  }

  stats(): StoreStats {
    throw new Error('BUG: not written yet');
  }

  close(): Promise<void> {
    throw new Error('BUG: not written yet');
  }
}

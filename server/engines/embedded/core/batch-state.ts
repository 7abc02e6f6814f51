/**
 * State that the store keeps besides the rows: whatever its owner derives from the headers of the batches (the
 * positions of the senders, see server/ingest/positions.ts). A batch changes it exactly when the batch's rows become
 * durable; it is saved with the manifest, and after a crash rebuilt from the manifest and the WAL. So it never
 * disagrees with the rows.
 */
import type { Batch } from '../../../../shared/wire.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';

export interface BatchState {
  /**
   * Replaces the state by one that `save` has returned; null is the state of an empty store.
   * @throws CorruptionError  it is something else
   */
  restore(saved: JsonValue): void;
  /** Applies a durable batch. Called in the order of the WAL. */
  apply(batch: Batch): void;
  save(): JsonValue;
  /** The newest time in the state, by ExpiryClock.steadyNow; undefined when there is none. */
  readonly newestMs?: number | undefined;
}

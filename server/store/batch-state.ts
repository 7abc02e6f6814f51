/**
 * What the store keeps beside the rows: whatever somebody derives from the headers of the batches (the positions of the
 * senders, see server/ingest/positions.ts). It is changed by a batch exactly when the batch's rows become durable, saved
 * with the manifest, and after a crash rebuilt from the manifest and the WAL; so it never disagrees with the rows.
 */
import type { Batch } from '../../shared/wire.ts';
import type { JsonValue } from '../../shared/json-value.ts';

export interface BatchState {
  /**
   * Replaces the state by what `save` gave once; null is the state of an empty store.
   * @throws CorruptionError  it is something else
   */
  restore(saved: JsonValue): void;
  /** A batch is durable. Called in the order of the WAL. */
  apply(batch: Batch): void;
  save(): JsonValue;
  /** The newest time in it, by ExpiryClock.steadyNow; undefined when it has none. */
  readonly newestMs?: number | undefined;
}

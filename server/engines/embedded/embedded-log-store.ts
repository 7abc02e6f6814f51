/** The embedded store as a LogStore: storage, queries and jobs put together. open.ts opens one. */
import type { StoreCapacity } from '../../store/capacity.ts';
import type { LogReader, LogStore } from '../../store/log-store.ts';
import type { StoredPositions } from '../../store/positions.ts';
import type { Store } from './core/store.ts';
import type { Erasures } from './lane/erasure/erasures.ts';

export interface EmbeddedParts {
  readonly store: Store;
  readonly positions: StoredPositions;
  readonly reader: LogReader;
  readonly erasures: Erasures;
  /** Called at intervals, besides the ticks of the store and the erasures. */
  readonly tick: () => void;
  /** Jobs that end with the store, besides the erasures. */
  readonly jobs: readonly { close(): Promise<void> }[];
  readonly capacity: () => StoreCapacity;
  readonly abilities: Pick<LogStore, 'backups' | 'check' | 'sessions' | 'views'>;
}

export function embeddedLogStore(parts: EmbeddedParts): LogStore {
  const { store, positions, reader, erasures, tick, jobs, capacity, abilities } = parts;
  return {
    ...reader,
    ...abilities,
    positions,
    append: (bytes, batch, streamsShareMax) => store.append(bytes, batch, streamsShareMax),
    erase: (filter, isRemembered, request) => erasures.request(filter, isRemembered, request),
    erasures: () => erasures.list(),
    erasure: (id) => erasures.get(id),
    forgetErasure: (id) => erasures.forget(id),
    tick: async () => {
      tick();
      await Promise.all([store.tick(), erasures.tick()]);
    },
    stats: () => store.stats(),
    capacity,
    get problem() {
      return store.problem;
    },
    get unreadableCount() {
      return store.unreadableCount;
    },
    close: async () => {
      // A job may be waiting for its turn in the store; closing the store rejects it.
      const ended = [...jobs, erasures].map((job) => job.close());
      await store.close();
      await Promise.all(ended);
    },
  };
}

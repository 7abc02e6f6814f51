/** Several tenants as one store, which only reads. */
import { Positions } from '../ingest/positions.ts';
import type { LogReader, LogStore } from '../store/log-store.ts';
import { notOfSeveral } from './union-reader.ts';

/** @param capacityOf  whose limits are shown */
export function unionStore(reader: LogReader, capacityOf: Pick<LogStore, 'capacity'>, now: () => number): LogStore {
  const refuse = (): never => {
    throw notOfSeveral('this');
  };
  return {
    ...reader,
    positions: new Positions(now, () => true),
    append: refuse,
    erase: refuse,
    erasures: () => [],
    erasure: () => undefined,
    forgetErasure: refuse,
    tick: async () => {},
    stats: refuse,
    capacity: () => capacityOf.capacity(),
    unreadableCount: 0,
    problem: undefined,
    close: async () => {},
  };
}

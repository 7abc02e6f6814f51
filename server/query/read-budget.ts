/** A query that ends once it has read a number of row groups, unlike the one that it is a part of. */
import type { Query, QueryStatistics } from '../store/query.ts';

export class ReadBudget {
  /** The part, whose statistics are those of the whole. */
  readonly query: Query;
  #isSpent = false;

  /** @param whole  ends this part, too */
  constructor(whole: Query, rowGroupsMax: number) {
    const spent = new AbortController();
    const onRead = (): void => {
      if (whole.statistics.rowGroupsRead - before <= rowGroupsMax) return;
      this.#isSpent = true;
      spent.abort(new Error('the part of the query has read as much as it may'));
    };
    const before = whole.statistics.rowGroupsRead;
    this.query = {
      ...whole,
      signal: AbortSignal.any([whole.signal, spent.signal]),
      statistics: watched(whole.statistics, onRead),
    };
  }

  /** Whether it has ended for this reason. */
  get isSpent(): boolean {
    return this.#isSpent;
  }
}

/** Returns the same statistics, with a call whenever the row groups that were read have been counted up. */
function watched(statistics: QueryStatistics, onRead: () => void): QueryStatistics {
  return new Proxy(statistics, {
    set: (target, name, value) => {
      const isSet = Reflect.set(target, name, value);
      if (name === 'rowGroupsRead') onRead();
      return isSet;
    },
  });
}

/** A query that ends once it has read as much as it may, unlike the one that it is a part of. */
import { HINTS_GROUP_BYTES } from '../limits.ts';
import type { Query, QueryStatistics } from '../store/query.ts';

type Read = Pick<QueryStatistics, 'rowGroupsRead' | 'rowGroupBytesRead'>;

/** What it costs to read row groups, in bytes: a row group of one batch has few, but is opened like others. */
export function readCost({ rowGroupsRead, rowGroupBytesRead }: Read): number {
  return rowGroupsRead * HINTS_GROUP_BYTES + rowGroupBytesRead;
}

export class ReadBudget {
  /** The part, whose statistics are those of the whole. */
  readonly query: Query;
  #isSpent = false;

  /** @param whole  ends this part, too @param costMax  see readCost */
  constructor(whole: Query, costMax: number) {
    const spent = new AbortController();
    const onRead = (): void => {
      if (readCost(whole.statistics) - before <= costMax) return;
      this.#isSpent = true;
      spent.abort(new Error('the part of the query has read as much as it may'));
    };
    const before = readCost(whole.statistics);
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

/** Returns the same statistics, with a call whenever what was read has been counted up. */
function watched(statistics: QueryStatistics, onRead: () => void): QueryStatistics {
  return new Proxy(statistics, {
    set: (target, name, value) => {
      const isSet = Reflect.set(target, name, value);
      if (name === 'rowGroupsRead' || name === 'rowGroupBytesRead') onRead();
      return isSet;
    },
  });
}

/** Queries in this thread: the same tasks, without a pool. */
import { setImmediate } from 'node:timers/promises';
import type { Plan } from '../../../server/store/scan/plan.ts';
import { Indexes } from '../../../server/store/scan/index-lookup.ts';
import { OpenFiles } from '../../../server/store/scan/open-files.ts';
import { RowGroups } from '../../../server/store/scan/row-groups.ts';
import { scan } from '../../../server/store/scan/scan.ts';
import { render } from '../../../server/query/render.ts';
import { AnswerRows } from '../../../server/query/answer-rows.ts';
import type { QueryContext } from '../../../server/query/answer.ts';
import type { Store } from '../../../server/store/store.ts';

export function queryContext(store: Store): QueryContext {
  const files = new OpenFiles();
  const rowGroups = new RowGroups(files);
  const indexes = new Indexes(files);
  return {
    lookUp: async (input) => indexes.lookUp(input),
    scan: async (input) => {
      // As with a pool, other work gets its turn in between.
      await setImmediate();
      return scan(input, rowGroups);
    },
    render: async (input) => render(input, rowGroups),
    answerRows: new AnswerRows(),
    setAside: (rowGroup, error) => store.setAside(rowGroup, error),
  };
}

export function planOf(changes: Partial<Plan> = {}): Plan {
  return {
    from: undefined,
    to: undefined,
    values: [],
    text: { any: [], none: [] },
    order: 'newest',
    limit: 100_000,
    ...changes,
  };
}

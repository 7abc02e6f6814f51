/** Searches that tell how many row groups they open: what indexes spare shows in nothing else. */
import { answerBest } from '../../../../../server/engines/embedded/search/answer.ts';
import type { Store } from '../../../../../server/engines/embedded/core/store.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { queryContext, RAW } from '../query-context.ts';

/** Searches what is stored now. The store's snapshot must be released. */
export function countedSearch(store: Store) {
  const context = queryContext(store);
  const snapshot = store.snapshot();
  let opened = 0;
  const counting = {
    ...context,
    scan: (...[input, signal]: Parameters<typeof context.scan>) => {
      opened += input.places.length;
      return context.scan(input, signal);
    },
  };
  const search = async (plan: Plan): Promise<[lines: string[], opened: number]> => {
    opened = 0;
    const pieces: Uint8Array[] = [];
    const answer = answerBest(snapshot.rowGroups, plan, RAW, counting, new AbortController().signal);
    for await (const piece of answer) pieces.push(piece);
    return [Buffer.concat(pieces).toString().split('\n').slice(0, -1), opened];
  };
  return { snapshot, search };
}

/** Tasks that run in this thread, as in a worker: their inputs and outputs are clones. */
import { setImmediate } from 'node:timers/promises';
import { queryHandlers } from '../../../../server/engines/embedded/query-tasks.ts';
import { aloneInThread, type RunTask } from '../../../../server/workers/task.ts';
import { TASKS } from '../../../../server/tasks.ts';

/** With files and caches of its own. */
export function runHere(): RunTask {
  const handlers = new Map([...TASKS, ...queryHandlers()].map((handler) => [handler.name, handler]));
  return async <Output>(
    kind: { readonly name: string },
    input: unknown,
    { signal, stop, transfer = [] }: Parameters<RunTask>[2],
  ): Promise<Output> => {
    // As with a pool, other work gets its turn in between.
    await setImmediate();
    signal?.throwIfAborted();
    stop?.throwIfAborted();
    const cloned = structuredClone(input, { transfer: [...transfer] as ArrayBuffer[] });
    const result = await handlers.get(kind.name)!.run(cloned, {
      isCancelled: () => signal?.aborted === true || stop?.aborted === true,
      shouldYield: aloneInThread,
    });
    return structuredClone(result.output as Output, { transfer: [...(result.transfer ?? [])] as ArrayBuffer[] });
  };
}

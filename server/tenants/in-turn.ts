/** Flushes, merges and erasures take much memory: of several stores, one at a time runs of each kind, as of a single one. */
import type { RunTask } from '../workers/task.ts';

/** @param roomOf  says by a task's name which others it waits for; undefined for none */
export function inTurn(run: RunTask, roomOf: (name: string) => string | undefined): RunTask {
  const last = new Map<string, Promise<unknown>>();
  return (kind, input, options) => {
    const room = roomOf(kind.name);
    if (room === undefined) return run(kind, input, options);
    const result = (last.get(room) ?? Promise.resolve()).then(() => run(kind, input, options));
    last.set(
      room,
      result.catch(() => {}),
    );
    return result;
  };
}

/** Every task that a worker can run. */
import { DECODE_PUSH, decodePushTask } from './ingest/loki/decode-push.ts';
import { SHRED_ENTRIES, shredEntriesTask } from './ingest/loki/shred-entries.ts';
import { SHRED, shredTask } from './ingest/shred-lines.ts';
import { queryHandlers } from './engines/embedded/query-tasks.ts';
import { checkSegment, CHECK_SEGMENT } from './engines/embedded/check/check-segment.ts';
import { compact, COMPACT } from './engines/embedded/lane/compaction/compact.ts';
import { realDisk } from './engines/embedded/platform/disk.ts';
import { ERASE, eraseSegment } from './engines/embedded/lane/erasure/erase-segment.ts';
import { FIND_ERASED, findErased } from './engines/embedded/lane/erasure/find-erased.ts';
import { flush, FLUSH } from './engines/embedded/core/flush.ts';
import { type TaskHandler, taskHandler } from './workers/task.ts';

export const TASKS: readonly TaskHandler[] = [
  taskHandler(FLUSH, async (input) => ({ output: await flush(realDisk, input) })),
  taskHandler(COMPACT, async (input, { isCancelled }) => ({ output: await compact(realDisk, input, isCancelled) })),
  taskHandler(SHRED, (input, { shouldYield }) => shredTask(input, shouldYield)),
  taskHandler(DECODE_PUSH, (input) => decodePushTask(input)),
  taskHandler(SHRED_ENTRIES, (input, { shouldYield }) => shredEntriesTask(input, shouldYield)),
  taskHandler(ERASE, async (input, { isCancelled }) => ({ output: await eraseSegment(realDisk, input, isCancelled) })),
  taskHandler(FIND_ERASED, async (input, { isCancelled }) => ({
    output: await findErased(realDisk, input, isCancelled),
  })),
  taskHandler(CHECK_SEGMENT, async (input, { isCancelled }) => ({
    output: await checkSegment(realDisk, input, isCancelled),
  })),
  ...queryHandlers(),
];

/** Every task that a worker can run. */
import { SHRED, shredTask } from '../ingest/shred-lines.ts';
import { queryHandlers } from '../query/tasks.ts';
import { realDisk } from '../store/disk.ts';
import { flush, FLUSH } from '../store/flush.ts';
import { type TaskHandler, taskHandler } from './task.ts';

export const TASKS: readonly TaskHandler[] = [
  taskHandler(FLUSH, async (input) => ({ output: await flush(realDisk, input) })),
  taskHandler(SHRED, shredTask),
  ...queryHandlers(),
];

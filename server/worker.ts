/** Entry point of a worker thread of the server. */
import { workerData } from 'node:worker_threads';
import type { WorkerStart } from './workers/messages.ts';
import { serveTasks } from './workers/serve-tasks.ts';
import { TASKS } from './tasks.ts';

serveTasks(workerData as WorkerStart, TASKS);

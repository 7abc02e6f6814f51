/** The query's work for worker threads. Each thread has its own cache of opened row groups. */
import { type TaskHandler, taskHandler, taskKind } from '../workers/task.ts';
import { RowGroups } from '../store/scan/row-groups.ts';
import { scan, type ScanInput, type ScannedRows } from '../store/scan/scan.ts';
import { render, type RenderInput, type RenderOutput } from './render.ts';

export const SCAN = taskKind<ScanInput, ScannedRows[]>('scan');
export const RENDER = taskKind<RenderInput, RenderOutput>('render');

export function queryHandlers(): TaskHandler[] {
  const rowGroups = new RowGroups();
  return [
    taskHandler(SCAN, (input) => ({ output: scan(input, rowGroups) })),
    taskHandler(RENDER, (input) => ({ output: render(input, rowGroups) })),
  ];
}

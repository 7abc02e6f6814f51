/** Upper bound of the memory of a decoded header. */
import { labelsMemoryBytes } from '../labels.ts';
import type { Header } from './header.ts';
import { runMemoryBytes } from './runs.ts';

/** Objects of a decoded header: a column with its slot, chunk and views; a value of a template; a page's entry. */
const COLUMN_BYTES = 512;
const TEMPLATE_SLOT_BYTES = 64;
const PAGE_BYTES = 96;

export function headerMemoryBytes({ info, templates, columns, pages, runs, headerBytes }: Header): number {
  const labelBytes = info.streams.reduce((sum, labels) => sum + labelsMemoryBytes(labels), 0);
  const runBytes = (runs?.runs ?? []).reduce((sum, run) => sum + runMemoryBytes(run), 0);
  const slotCount = templates.reduce((sum, { slots }) => sum + slots.length, 0);
  const pageCount = pages.reduce((sum, entries) => sum + entries.length, 0);
  const objectBytes = columns.length * COLUMN_BYTES + slotCount * TEMPLATE_SLOT_BYTES + pageCount * PAGE_BYTES;
  return headerBytes + labelBytes + runBytes + objectBytes;
}

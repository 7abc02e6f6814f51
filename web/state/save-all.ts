/**
 * Saves everything that a LogQL query finds. Loki's API has no answer without a limit: it is asked for page by page, and the browser
 * keeps the pages, on its disk where there are many.
 */
import { signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import type { Parameters } from '../../shared/client/client.ts';
import { csvRow } from '../../shared/csv.ts';
import type { Order } from './address.ts';
import { type DownloadFormat, fileName } from './download.ts';
import { askLogql } from './logql-answer.ts';
import { messageOf } from './message-of.ts';
import { say } from './said.ts';
import { saveFile } from './save-file.ts';
import { noticeRevoked } from './session.ts';
import { cellOf } from './table-cells.ts';

/** The server gives 5,000 at once, among them those of the last time that were on the page before. */
const PAGE_LINES = 2_000;
const CSV_COLUMNS = ['time', 'level', 'namespace', 'pod', 'container', 'stream', 'line'];

export interface Saving {
  readonly lines: number;
  readonly stop: () => void;
}

/** The one that is under way. */
export const saving = signal<Saving | undefined>(undefined);

/** @param columns  of CSV; undefined: whole lines */
export async function saveAll(
  filters: Parameters,
  order: Order,
  format: DownloadFormat,
  columns: readonly string[] = CSV_COLUMNS,
): Promise<void> {
  const running = new AbortController();
  const stop = (): void => running.abort();
  const parts: Blob[] = format === 'csv' ? [new Blob([csvRow(columns, false)])] : [];
  let lines = 0;
  saving.value = { lines, stop };
  try {
    let page = await askLogql(filters, order, PAGE_LINES, running.signal);
    for (;;) {
      parts.push(new Blob(page.rows.map((row) => textOf(row, format, columns))));
      lines += page.rows.length;
      saving.value = { lines, stop };
      if (page.next === undefined) break;
      page = await page.next(PAGE_LINES, running.signal);
    }
    const name = fileName(format);
    saveFile(name, parts);
    say(`${name} is being saved`);
  } catch (error) {
    if (running.signal.aborted) return say('Download stopped; nothing is saved');
    noticeRevoked(error);
    say(`Download failed: ${messageOf(error)}`);
  } finally {
    saving.value = undefined;
  }
}

function textOf(row: LogRow, format: DownloadFormat, columns: readonly string[]): string {
  if (format === 'raw') return `${row.line}\n`;
  if (format === 'csv') {
    const cells = columns.map((name) => (name === 'line' ? row.line : (cellOf(row, name) ?? '')));
    return csvRow(cells, false);
  }
  const { time, labels, level, metadata, line } = row;
  return `${JSON.stringify({ time, labels, level, metadata, line })}\n`;
}

/** Saves everything that matches: a plain link, which the browser streams to its disk. The session's cookie goes along. */
import { ask, type Connection } from '../../shared/client/client.ts';
import { messageOf } from './message-of.ts';
import { say } from './said.ts';
import { saveFrom } from './save-file.ts';
import { noticeRevoked } from './session.ts';

export type DownloadFormat = 'ndjson' | 'csv' | 'raw';

const EXTENSIONS: Readonly<Record<DownloadFormat, string>> = { ndjson: 'ndjson', csv: 'csv', raw: 'log' };

export async function download(connection: Connection, query: URLSearchParams, format: DownloadFormat): Promise<void> {
  query.set('format', format);
  try {
    // A link that is refused saves nothing, and says nothing of why.
    query.set('limit', '1');
    await ask(connection, '/logs', query);
  } catch (error) {
    noticeRevoked(error);
    say(`Download failed: ${messageOf(error)}`);
    return;
  }
  query.set('limit', 'all');
  const name = fileName(format);
  saveFrom(`/logs?${query.toString()}`, name);
  say(`${name} is being saved`);
}

export function fileName(format: DownloadFormat): string {
  return `podlog-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${EXTENSIONS[format]}`;
}

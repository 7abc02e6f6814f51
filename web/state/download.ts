/** Saves everything that matches. The token goes along as a header, so the browser's own downloads cannot be used. */
import { ask, type Connection } from '../../shared/client/client.ts';
import { messageOf } from './message-of.ts';
import { say } from './said.ts';
import { noticeRevoked } from './session.ts';

export type DownloadFormat = 'ndjson' | 'csv' | 'raw';

const EXTENSIONS: Readonly<Record<DownloadFormat, string>> = { ndjson: 'ndjson', csv: 'csv', raw: 'log' };

interface SavePicker {
  readonly showSaveFilePicker?: (options: { readonly suggestedName: string }) => Promise<{
    createWritable(): Promise<WritableStream<Uint8Array>>;
  }>;
}

export async function download(connection: Connection, query: URLSearchParams, format: DownloadFormat): Promise<void> {
  query.set('limit', 'all');
  query.set('format', format);
  const name = `podlog-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.${EXTENSIONS[format]}`;
  try {
    if (connection.token === undefined) return saveLink(`${connection.url}/logs?${query.toString()}`, name);
    // First the file: a browser opens its picker only right after a click.
    const file = await (window as SavePicker).showSaveFilePicker?.({ suggestedName: name });
    const response = await ask(connection, '/logs', query);
    // A file on the disk takes any number of lines; without one, they are in memory meanwhile.
    if (file !== undefined) await response.body!.pipeTo(await file.createWritable());
    else saveLink(URL.createObjectURL(await response.blob()), name);
    say(`${name} saved`);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    noticeRevoked(error);
    say(`Download failed: ${messageOf(error)}`);
  }
}

function saveLink(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  if (address.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Pushes the lines of a page to podlog, in bodies of bounded size. The same page is always cut into the same bodies. */
import { IMPORT_HEADER, REFUSED_LINES_HEADER } from '../../shared/import-headers.ts';
import { IMPORT_PUSH_BYTES_MAX, IMPORT_QUOTED_REASON_BYTES_MAX } from '../limits.ts';
import type { Endpoint } from './endpoint.ts';
import type { Line, Stream } from './loki.ts';

interface Pushed {
  readonly bytes: number;
  readonly refused: number;
  /** Why lines were refused. */
  readonly reasons: readonly string[];
}

/** @throws RefusedError */
export async function pushStreams(podlog: Endpoint, streams: readonly Stream[]): Promise<Pushed> {
  let bytes = 0;
  let refused = 0;
  const reasons: string[] = [];
  for (const body of bodiesOf(streams)) {
    const headers = { 'content-type': 'application/json', [IMPORT_HEADER]: 'true' };
    const ask = { method: 'POST', path: '/loki/api/v1/push', headers, body } as const;
    const answer = await podlog.ask(ask, (each) => each.headers[REFUSED_LINES_HEADER] !== undefined);
    bytes += body.length;
    const refusedHere = Number(answer.headers[REFUSED_LINES_HEADER] ?? 0);
    refused += refusedHere;
    if (refusedHere > 0) reasons.push(answer.body.toString('utf8', 0, IMPORT_QUOTED_REASON_BYTES_MAX).trim());
  }
  return { bytes, refused, reasons };
}

/** Yields bodies of complete JSON; one line more than the limit may be in each. */
function* bodiesOf(streams: readonly Stream[]): Generator<Buffer> {
  let parts: string[] = [];
  let size = 0;
  const body = (): Buffer => {
    const bytes = Buffer.from(`{"streams":[${parts.join(',')}]}`);
    parts = [];
    size = 0;
    return bytes;
  };
  for (const { labels, lines } of streams) {
    const head = `{"stream":${JSON.stringify(labels)},"values":[`;
    let values: string[] = [];
    for (const line of lines) {
      const value = valueOf(line);
      values.push(value);
      size += Buffer.byteLength(value);
      if (size < IMPORT_PUSH_BYTES_MAX) continue;
      parts.push(`${head}${values.join(',')}]}`);
      values = [];
      yield body();
    }
    if (values.length > 0) parts.push(`${head}${values.join(',')}]}`);
    size += head.length;
  }
  if (parts.length > 0) yield body();
}

function valueOf({ timestamp, line, metadata }: Line): string {
  return JSON.stringify(metadata === undefined ? [`${timestamp}`, line] : [`${timestamp}`, line, metadata]);
}

/**
 * A server that acknowledges every batch and keeps none, as a process of its own: what an agent is measured against.
 * `node sink.ts <port>`; `GET /rows` answers how many lines it has acknowledged.
 */
import { createServer } from 'node:http';
import { verifyRowGroup } from '../../shared/row-group/reader.ts';
import { decodeBatch } from '../../shared/wire.ts';

let rowCount = 0;

const server = createServer((request, response) => {
  const answer = (value: unknown): void => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
  if (request.method === 'GET') {
    answer(request.url === '/rows' ? { rows: rowCount } : { positions: [] });
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { rowGroup } = decodeBatch(Buffer.concat(parts));
    const rows = rowGroup.length === 0 ? 0 : verifyRowGroup(rowGroup).rowCount;
    rowCount += rows;
    answer({ rows });
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');

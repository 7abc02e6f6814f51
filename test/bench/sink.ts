/**
 * A server that acknowledges every batch and keeps none, as a process of its own: what an agent is measured against.
 * `node sink.ts <port> [<rules as JSON>]`; `GET /rows` answers how many lines it has acknowledged, `GET /lags` how many milliseconds after
 * its time each line of the namespace `quiet` came.
 */
import { createServer } from 'node:http';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../shared/row-group/verify.ts';
import { NO_RULES, type RuleSet } from '../../shared/rules/rule-set.ts';
import { MS_PER_DAY, NS_PER_MS } from '../../shared/time.ts';
import { decodeBatch } from '../../shared/wire.ts';

const rules = (process.argv[3] === undefined ? NO_RULES : JSON.parse(process.argv[3])) as RuleSet;
let rowCount = 0;
const quietLagsMs: number[] = [];

const server = createServer((request, response) => {
  const answer = (value: unknown): void => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  };
  if (request.method === 'GET') {
    if (request.url?.startsWith('/agent/rules') === true) answer({ rules, pods: null });
    else if (request.url === '/rows') answer({ rows: rowCount });
    else answer(request.url === '/lags' ? quietLagsMs : { positions: [] });
    return;
  }
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const { rowGroup } = decodeBatch(Buffer.concat(parts));
    const rows = rowGroup.length === 0 ? 0 : verifyRowGroup(rowGroup).rowCount;
    rowCount += rows;
    if (rows > 0) noteLags(new RowGroup(rowGroup));
    answer({ rows });
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');

function noteLags(group: RowGroup): void {
  const { baseDay, streams, rowCount: rows } = group.info;
  const isQuiet = streams.map(({ namespace }) => namespace === 'quiet');
  if (!isQuiet.includes(true)) return;
  const [codes, times, nowMs] = [group.streamCodes(), group.timesNs(), Date.now()];
  for (let row = 0; row < rows; row++) {
    if (isQuiet[codes[row]!] === true) quietLagsMs.push(nowMs - baseDay * MS_PER_DAY - times[row]! / NS_PER_MS);
  }
}

/** A proxy before a server that refuses some requests, or forwards them and breaks off before the answer. */
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

export interface FaultyProxy {
  readonly url: string;
  /** Answers the next requests with a status, and forwards none of them. */
  refuse(status: number, count: number): void;
  /** Forwards the next requests, and closes their connections instead of answering. */
  cut(count: number): void;
  /** Requests so far that were refused, cut, or could not be forwarded. */
  readonly faultCount: number;
  /** Answers of the server with a status that were passed on; with any, without one. */
  answerCount(status?: number): number;
  close(): Promise<void>;
}

/** @param target  URL of the server, which may change */
export async function startFaultyProxy(target: () => string): Promise<FaultyProxy> {
  const refusals: number[] = [];
  let cuts = 0;
  let faultCount = 0;
  const answers: number[] = [];
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { url, method, headers } = incoming;
    const isCut = cuts > 0;
    if (isCut) cuts--;
    const fail = (): void => {
      faultCount++;
      outgoing.destroy();
    };
    const sent = request(new URL(url!, target()), { method, headers }, (answer) => {
      if (isCut) {
        answer.resume().once('end', fail);
        return;
      }
      answers.push(answer.statusCode!);
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    sent.once('error', fail);
    incoming.pipe(sent);
  };
  const server = createServer((incoming, outgoing) => {
    const status = refusals.shift();
    if (status === undefined) {
      forward(incoming, outgoing);
      return;
    }
    faultCount++;
    incoming.resume().once('end', () => outgoing.writeHead(status).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: (status, count) => void refusals.push(...Array.from({ length: count }, () => status)),
    cut: (count) => {
      cuts += count;
    },
    get faultCount() {
      return faultCount;
    },
    answerCount: (status) => answers.filter((each) => status === undefined || each === status).length,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server with tokens for clients of Loki and OpenTelemetry that push through a faulty proxy, and what is stored of it then. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { eventually } from '../../../eventually.ts';
import { type FaultyProxy, startFaultyProxy } from '../../../faulty-proxy.ts';
import { startQuietServer } from '../../quiet-server.ts';

export const PUSHER = 'pusher-token-0123456789';
const READER = 'reader-token-0123456789';

export interface Found {
  readonly stream: Record<string, string>;
  readonly values: readonly [ns: string, line: string, own: { structuredMetadata?: Record<string, string> }][];
}

export interface ClientServer {
  /** A folder of its own. */
  readonly folder: string;
  readonly proxy: FaultyProxy;
  /** Not through the proxy. */
  readonly url: string;
  /** Puts another token of the pusher into the tokens file. */
  readonly replaceToken: (token: string) => Promise<void>;
  /** Restarts the server, once a client has found it away. */
  readonly restart: () => Promise<void>;
  readonly found: (query: string) => Promise<Found[]>;
  readonly linesOf: (query: string) => Promise<string[]>;
  close(): Promise<void>;
}

export async function startClientServer(): Promise<ClientServer> {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-loki-clients-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const replaceToken = async (token: string): Promise<void> => {
    const tokens = [
      { name: 'pusher', token, scopes: ['ingest'] },
      { name: 'reader', token: READER, scopes: ['read'] },
    ];
    await writeFile(`${tokensFile}.new`, JSON.stringify(tokens));
    await rename(`${tokensFile}.new`, tokensFile);
  };
  await replaceToken(PUSHER);
  const start = (): Promise<Server> => startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  let server = await start();
  const proxy = await startFaultyProxy(() => server.url);
  const found = async (query: string): Promise<Found[]> => {
    const parameters = new URLSearchParams({ query, end: `${Date.now() + 60_000}000000`, limit: '5000' });
    const response = await fetch(`${server.url}/loki/api/v1/query_range?${String(parameters)}`, {
      headers: { authorization: `Bearer ${READER}`, 'x-loki-response-encoding-flags': 'categorize-labels' },
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { data: { result: Found[] } }).data.result;
  };
  return {
    folder,
    proxy,
    get url() {
      return server.url;
    },
    replaceToken,
    restart: async () => {
      await server.close();
      const faults = proxy.faultCount;
      await eventually(async () => expect(proxy.faultCount).toBeGreaterThan(faults));
      server = await start();
    },
    found,
    linesOf: async (query) => (await found(query)).flatMap(({ values }) => values.map(([, line]) => line)),
    close: async () => {
      await proxy.close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The numbers of lines in order, each once. */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `paid ${n}`).toSorted();
}

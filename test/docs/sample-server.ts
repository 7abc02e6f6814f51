/** A server with the sample shop of `npm start` as the documents show it: a fixed seed, an hour of lines, a stopped clock. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { expect } from 'vitest';
import { startAgent } from '../../agent/agent.ts';
import { startSample } from '../../cli/sample/sample.ts';
import type { Server, ServerOptions } from '../../server/main.ts';
import { Random } from '../corpus/random.ts';
import { WAIT_MS_MAX } from '../deadline.ts';
import { eventually } from '../eventually.ts';
import { startQuietServer } from '../server/quiet-server.ts';

export const NOW_MS = Date.UTC(2026, 10, 23, 20, 11, 18);
const SEED = 4;

export interface SampleServer {
  readonly server: Server;
  readonly dataDir: string;
  readonly requestId: string;
  removeFolder(): Promise<void>;
}

/** Returns once the server has every line of the sample's hour. */
export async function startSampleServer(changes: Partial<ServerOptions> = {}): Promise<SampleServer> {
  const folder = await mkdtemp(join(tmpdir(), 'podlog-docs-'));
  const dataDir = join(folder, 'data');
  const server = await startAtNow(dataDir, changes);
  const random = new Random(SEED);
  const sample = startSample({ random: () => random.unit(), now: () => NOW_MS });
  const agent = await startAgent({
    podsDir: sample.podsDir,
    linkedDirs: [],
    serverUrl: server.url,
    token: () => '',
    node: 'worker-1',
    multiline: { kind: 'traces' },
    version: '0.1.0',
    rulesAskMs: 50,
    log: pino({ level: 'silent' }),
  });
  // A line of text waits for its continuation, and an agent that ends leaves it to its successor.
  const lineCount = countLines(sample.podsDir);
  await eventually(async () => expect(await rowCount(server)).toBe(lineCount));
  await eventually(async () => expect(await reportedLines(server)).toBe(lineCount));
  await agent.stop({ drainMsMax: WAIT_MS_MAX });
  sample.stop();
  return {
    server,
    dataDir,
    requestId: sample.requestId,
    removeFolder: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The server takes its clock when it starts, and keeps it; the agent uses the real one. */
async function startAtNow(dataDir: string, changes: Partial<ServerOptions>): Promise<Server> {
  const clock = Date.now;
  Date.now = () => NOW_MS;
  try {
    return await startQuietServer(dataDir, {
      version: '0.1.0',
      indexedFields: ['request_id', 'user_id', 'trace_id', 'path'],
      ...changes,
    });
  } finally {
    Date.now = clock;
  }
}

function countLines(podsDir: string): number {
  const files = readdirSync(podsDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => {
    const bytes = readFileSync(join(parentPath, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  });
  return texts.reduce((sum, text) => sum + text.match(/^\S+ \S+ F /gm)!.length, 0);
}

/** As the agent has last said. */
async function reportedLines({ url }: Server): Promise<number | null> {
  const { agents } = (await (await fetch(`${url}/agents`)).json()) as { agents: { lines: number | null }[] };
  return agents[0]!.lines;
}

async function rowCount({ url }: Server): Promise<number> {
  const { rows } = (await (await fetch(`${url}/stats`)).json()) as { rows: number };
  return rows;
}

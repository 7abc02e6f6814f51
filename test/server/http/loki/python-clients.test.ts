/**
 * Clients in Python: OpenTelemetry's exporter, and a logging handler of Loki's, which pushes each line on its own and never again,
 * unless its session is told to. Each goes through 429, 503, a broken connection, a restart and another token.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FaultyProxy } from '../../../faulty-proxy.ts';
import { pythonVenv } from '../../../python-venv.ts';
import { type ClientServer, type Found, numbered, PUSHER, startClientServer } from './client-server.ts';
import { pushWhileReplaced } from './replace-token.ts';

const SCRIPTS = join(import.meta.dirname, 'python');
const DOCUMENT = readFileSync('docs/loki.md', 'utf8');
const LINES = 50;

const venv = await pythonVenv(join(SCRIPTS, 'requirements.txt'));
afterAll(() => venv.remove());

/** A process of senders.py. */
class Sender {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(process: ChildProcessWithoutNullStreams) {
    this.#process = process;
    this.#answers = createInterface(process.stdout)[Symbol.asyncIterator]();
    process.stderr.pipe(globalThis.process.stderr);
  }

  /** Resolves when the client has sent the lines, or given up. */
  async send(lines: readonly string[]): Promise<void> {
    this.#process.stdin.write(`${JSON.stringify(lines)}\n`);
    expect(await this.#answers.next()).toEqual({ value: 'sent', done: false });
  }

  [Symbol.dispose](): void {
    this.#process.kill();
  }
}

describe.skipIf(venv.unavailable !== undefined)(
  venv.unavailable === undefined ? 'Python' : `Python (${venv.unavailable})`,
  () => {
    let server: ClientServer;
    let proxy: FaultyProxy;
    let tokenFile: string;

    beforeAll(async () => {
      server = await startClientServer();
      ({ proxy } = server);
      tokenFile = join(server.folder, 'token');
      await writeFile(tokenFile, PUSHER);
    });
    afterAll(() => server.close());

    const sender = (client: string, name: string): Sender =>
      new Sender(spawn(venv.python!, [join(SCRIPTS, 'senders.py'), client, name, proxy.url, tokenFile]));

    test.each([
      ['opentelemetry', '{service_name="faults"}'],
      ['loki-with-retries', '{app="faults"}'],
    ])('%s: each line is stored once, through 429, 503, a broken connection and a restart', async (client, query) => {
      using python = sender(client, 'faults');
      let sent = 0;
      const send = (): Promise<void> => python.send(Array.from({ length: LINES }, () => `paid ${sent++}`));
      for (const fault of [() => {}, () => proxy.refuse(429, 1), () => proxy.refuse(503, 2), () => proxy.cut(1)]) {
        fault();
        await send();
      }
      await Promise.all([server.restart(), send()]);
      expect((await server.linesOf(query)).toSorted()).toEqual(numbered(sent));
    });

    test('loki, as it is: the lines that are refused are lost, and no others', async () => {
      using python = sender('loki', 'lossy');
      let sent = 0;
      for (const fault of [() => {}, () => proxy.refuse(429, 3), () => proxy.refuse(503, 4)]) {
        fault();
        await python.send(Array.from({ length: LINES }, () => `paid ${sent++}`));
      }
      const isLost = (n: number): boolean => (n >= LINES && n < LINES + 3) || (n >= 2 * LINES && n < 2 * LINES + 4);
      const stored = numbered(sent).filter((line) => !isLost(Number(line.split(' ')[1])));
      expect((await server.linesOf('{app="lossy", severity="info", logger="till"}')).toSorted()).toEqual(stored);
    });

    test('attributes of OpenTelemetry are metadata', async () => {
      using python = sender('opentelemetry', 'attributes');
      await python.send(['paid']);
      const [{ stream, values }] = (await server.found('{service_name="attributes"}')) as [Found];
      expect(stream).toEqual({ service_name: 'attributes', service_instance_id: expect.any(String) as string });
      expect(values[0]![2].structuredMetadata).toMatchObject({
        detected_level: 'info',
        order: 'o-1',
        process_command: 'till',
        scope_name: 'till',
        severity_text: 'INFO',
        telemetry_sdk_language: 'python',
      });
    });

    test.each([
      ['OpenTelemetry in a Python', '{service_name="shop"}'],
      ['python-logging-loki', '{app="shop"}'],
    ])('%s program as documented', async (heading, query) => {
      const below = DOCUMENT.slice(DOCUMENT.indexOf(`\n${heading}`));
      const code = /```python\n([^]*?)```/.exec(below)![1]!.replaceAll('http://podlog.podlog:3100', server.url);
      const logging = "logging.getLogger('till').warning('documented')\nlogging.shutdown()\n";
      await promisify(execFile)(venv.python!, ['-c', code + logging], { env: { PODLOG_TOKEN: PUSHER } });
      expect(await server.linesOf(query)).toEqual(['documented']);
    });

    test.each([
      ['opentelemetry', '{service_name="rotation"}'],
      ['loki', '{app="rotation"}'],
    ])('%s: its token is replaced while it pushes', async (client, query) => {
      await writeFile(tokenFile, PUSHER);
      const python = sender(client, 'rotation');
      const { sent, taken, refused } = await pushWhileReplaced(server, {
        send: (line) => python.send([line]),
        useToken: (token) => writeFile(tokenFile, token),
        close: async () => python[Symbol.dispose](),
      });
      expect(taken + refused).toBe(sent);
      const lines = await server.linesOf(query);
      expect([lines.length, new Set(lines).size]).toEqual([taken, taken]);
    });
  },
);

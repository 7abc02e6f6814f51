/** Small bodies with much in them: each is refused with a reason, or stored whole. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { call } from '../caller.ts';
import { type Pushed, type PushedRows, repeated, summary, type Target } from './attack.ts';

const MIB = 1024 * 1024;
const TIMES = 4;
const NEWLINE = 0x0a;

interface Bomb {
  readonly name: string;
  readonly encoding: 'gzip' | 'zstd';
  readonly body: () => Buffer;
}

function fields(count: number, value: (i: number) => string): string {
  return `{${Array.from({ length: count }, (_, i) => `"f${i}":${value(i)}`).join(',')}}\n`;
}

function repeatedTo(sizeBytes: number, line: string): Buffer {
  return Buffer.alloc(Math.floor(sizeBytes / line.length) * line.length, line);
}

function lines(count: number, line: (i: number) => string): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => `${line(i)}\n`).join(''));
}

const BOMBS: readonly Bomb[] = [
  { name: 'rows', encoding: 'gzip', body: () => repeatedTo(64 * MIB, '{"a":1}\n') },
  { name: 'bytes', encoding: 'zstd', body: () => repeatedTo(64 * MIB, 'x\n') },
  {
    name: 'columns',
    encoding: 'gzip',
    body: () =>
      repeatedTo(
        60 * MIB,
        fields(120, () => '1'),
      ),
  },
  {
    name: 'fields',
    encoding: 'zstd',
    body: () =>
      repeatedTo(
        60 * MIB,
        fields(2000, (i) => String(i)),
      ),
  },
  { name: 'shapes', encoding: 'gzip', body: () => lines(200_000, (i) => `{"k${i % 5000}":${i},"m${i % 977}":"x"}`) },
  {
    name: 'values',
    encoding: 'zstd',
    body: () => lines(400_000, (i) => `{"id":"${(i * 2654435761) >>> 0}-${i}","t":"v${i}"}`),
  },
  { name: 'long lines', encoding: 'gzip', body: () => repeatedTo(60 * MIB, `{"m":"${'y'.repeat(900_000)}"}\n`) },
  { name: 'one line', encoding: 'zstd', body: () => Buffer.alloc(60 * MIB, 'z') },
  {
    name: 'nesting',
    encoding: 'gzip',
    body: () => repeatedTo(30 * MIB, `${'{"a":'.repeat(500)}1${'}'.repeat(500)}\n`),
  },
  {
    name: 'days',
    encoding: 'gzip',
    body: () => lines(3000, (i) => `{"time":"${new Date(Date.now() - i * 86_400_000).toISOString()}","n":${i}}`),
  },
  { name: 'too much', encoding: 'zstd', body: () => Buffer.alloc(512 * MIB) },
];

export function bombs(target: Target): Promise<Pushed> {
  return pushBombs(target, 'bomb', TIMES);
}

/** Pushes each bomb `times` times at once, for an app of its own: the prefix and its name. All have the prefix as a label, too. */
export async function pushBombs({ url, progress }: Target, prefix: string, times: number): Promise<Pushed> {
  const pushed = new Map<string, PushedRows>();
  for (const { name, encoding, body } of BOMBS) {
    const bytes = body();
    const packed = encoding === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);
    const app = `${prefix}-${name.replaceAll(' ', '-')}`;
    const answers = await repeated(times, times, (n) => {
      const headers = {
        'content-encoding': encoding,
        'content-type': 'application/x-ndjson',
        'idempotency-key': `${app}-${n}`,
      };
      return call(`${url}/ingest?app=${app}&siege=${prefix}`, { method: 'POST', as: 'ingest', headers, body: packed });
    });
    const stored = answers.filter(({ status }) => status === 200);
    const acknowledged = stored.reduce((sum, { text }) => sum + (JSON.parse(text) as { lines: number }).lines, 0);
    pushed.set(app, { acknowledged, sent: times * lineCount(bytes) });
    progress(`  ${name}: ${packed.length} bytes of ${bytes.length}: ${summary(answers)}`);
  }
  return pushed;
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return bytes.at(-1) === NEWLINE ? count : count + 1;
}

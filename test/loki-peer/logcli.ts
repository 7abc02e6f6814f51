/** Runs Loki's own command against both servers: what it prints is compared. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Corpus } from './corpus.ts';
import type { Answer } from './question.ts';

/** @param line  a call: its words, of which the second is a query up to the first flag */
export async function callLogcli(program: string, url: string, line: string, { start, end }: Corpus): Promise<Answer> {
  const dir = await mkdtemp(join(tmpdir(), 'podlog-logcli-'));
  try {
    const words = argumentsOf(line).map((word) =>
      word.replaceAll('$S', instant(start)).replaceAll('$E', instant(end)).replaceAll('$DIR', dir),
    );
    const args = [`--addr=${url}`, '--timezone=UTC', ...words];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { status: child.exitCode!, type: null, text: withoutOwn(`${out}\n--\n${error}`, url) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

function argumentsOf(line: string): string[] {
  const [, command, query, flags] = /^(\S+) ?(.*?)((?: --[a-z-]+(?:=\S+)?)*)$/.exec(line)!;
  return [command!, ...(query === '' ? [] : [query!]), ...flags!.split(' ').filter((flag) => flag !== '')];
}

function instant(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** The address, times and statistics are of the server alone. */
function withoutOwn(output: string, url: string): string {
  return output
    .replaceAll(new URL(url).host, 'HOST')
    .replaceAll(/^(?:Ingester|Summary|Querier|Index|Cache|Volume)\..*$/gm, '')
    .replaceAll(/^\d{4}[-/]\d\d[-/]\d\d.\d\d:\d\d:\d\d(?:Z)? /gm, '')
    .replaceAll(/podlog-logcli-\w+/g, 'DIR');
}

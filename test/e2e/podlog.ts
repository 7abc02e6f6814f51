/**
 * podlog as its users have it: the command as a process of its own, HTTP as curl speaks it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WAIT_MS_MAX } from '../deadline.ts';
import { until } from './until.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

export interface PodlogProcess {
  readonly child: ChildProcess;
  /** Settles when the process has ended and its output is complete. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What it has said so far. */
  stdout: string;
  stderr: string;
}

/** A line as `/logs` gives it with format=ndjson. */
export interface LogRow {
  readonly time: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
}

/** Runs `podlog …`. PODLOG_ variables of the caller's own environment don't reach it. */
export function startPodlog(args: readonly string[], env: Readonly<Record<string, string>> = {}): PodlogProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PODLOG_'));
  const child = spawn(process.execPath, ['cli/podlog.js', ...args], {
    cwd: REPOSITORY,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  const podlog: PodlogProcess = { child, ended, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (podlog.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (podlog.stderr += text));
  return podlog;
}

export function hasEnded({ child }: PodlogProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends the signal and waits for the end. */
export async function endPodlog(podlog: PodlogProcess, signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL') {
  podlog.child.kill(signal);
  return podlog.ended;
}

/** Waits until the server on this port is ready to answer. */
export async function serverReady(podlog: PodlogProcess, port: number, msMax = WAIT_MS_MAX): Promise<void> {
  await until(`the server on port ${port}`, msMax, async () => {
    if (hasEnded(podlog)) return true;
    const { ok } = await fetch(`http://127.0.0.1:${port}/readyz`);
    return ok;
  });
  if (hasEnded(podlog)) throw new Error(`podlog ended with ${podlog.child.exitCode}: ${podlog.stdout}${podlog.stderr}`);
}

/** Every row that `/logs` answers, in its order. */
export async function queryLogs(
  port: number,
  parameters: Readonly<Record<string, string>>,
  token?: string,
): Promise<LogRow[]> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(logsUrl(port, parameters), { headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`/logs answered ${response.status}: ${text}`);
  return text.split('\n').filter(Boolean).map(parseRow);
}

/** Rows as they come in; the stream ends when the caller leaves the loop, or with the server. */
export async function* followLogs(
  port: number,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<LogRow> {
  const response = await fetch(logsUrl(port, { ...parameters, follow: 'true' }), { signal });
  if (!response.ok || response.body === null) throw new Error(`/logs answered ${response.status}`);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    yield* lines.filter(Boolean).map(parseRow);
  }
}

function logsUrl(port: number, parameters: Readonly<Record<string, string>>): string {
  return `http://127.0.0.1:${port}/logs?${new URLSearchParams({ format: 'ndjson', ...parameters }).toString()}`;
}

function parseRow(text: string): LogRow {
  return JSON.parse(text) as LogRow;
}

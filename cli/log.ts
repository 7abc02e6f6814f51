/**
 * podlog's own log, on stdout: JSON in a pipe, with the same field names as zerolog's so that podlog finds its own lines
 * by `level`; on a terminal, short lines for people.
 */
import { pino, type Logger } from 'pino';
import type { LogLevel } from './flag-values/choice.ts';

/** Receives the log: stdout, or a test's buffer. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function createLog(
  level: LogLevel,
  output: LogOutput,
  env: Readonly<Record<string, string | undefined>>,
): Logger {
  return pino(
    {
      level,
      // The pod's name and the node's are labels of the stream already.
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output.isTTY === true ? terminalStream(output, usesColor(output, env)) : output,
  );
}

/** https://no-color.org: any value but the empty one turns color off. */
function usesColor(output: LogOutput, env: Readonly<Record<string, string | undefined>>): boolean {
  return output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

const COLORS: Readonly<Record<string, number>> = { trace: 90, debug: 90, info: 32, warn: 33, error: 31, fatal: 31 };

/** Turns pino's JSON lines into `15:01:12 info  listening url=http://127.0.0.1:3100`. */
function terminalStream(output: LogOutput, color: boolean): { write(json: string): void } {
  const paint = (code: number, text: string): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return {
    write(json) {
      const entry: Record<string, unknown> = JSON.parse(json);
      const { level, time, message, ...rest } = entry;
      const name = String(level);
      const fields = Object.entries(rest).map(([key, value]) => ` ${paint(90, `${key}=`)}${fieldText(value)}`);
      const clock = new Date(String(time)).toLocaleTimeString('sv');
      const messageText = typeof message === 'string' ? ` ${message}` : '';
      output.write(`${paint(90, clock)} ${paint(COLORS[name] ?? 0, name.padEnd(5))}${messageText}${fields.join('')}\n`);
    },
  };
}

/** An error is its message (the JSON in a pipe has its stack); other values are as JSON has them, words bare. */
function fieldText(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return value;
  return JSON.stringify(value);
}

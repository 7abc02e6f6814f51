/** Words that a flag chooses from. */
import { BOOLEANS, parseBoolean } from '../../shared/boolean.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level === undefined) throw new RangeError(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

export function parseSwitch(text: string): boolean {
  const value = parseBoolean(text);
  if (value === undefined) throw new RangeError(`must be ${BOOLEANS}`);
  return value;
}

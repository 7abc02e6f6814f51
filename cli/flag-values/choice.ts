/** Words that a flag chooses from. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level === undefined) throw new RangeError(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

export function parseSwitch(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new RangeError('must be true or false');
  return text === 'true';
}

export function parseOnOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new RangeError('must be on or off');
  return text === 'on';
}

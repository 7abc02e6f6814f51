/** Runs until SIGTERM or SIGINT, ends in order, and at once when a second signal shows that it takes too long. */
import { constants } from 'node:os';
import type { Logger } from 'pino';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Resolves when `stop` has, after the first signal. A second signal exits the process with 128 + its number, as the
 * shell would report it.
 */
export async function untilSignal(log: Logger, stop: () => Promise<void>): Promise<void> {
  const signal = await nextSignal();
  log.info({ signal }, 'stopping; a second signal ends it at once');
  void nextSignal().then((again) => process.exit(128 + constants.signals[again]));
  await stop();
  log.info('stopped');
}

function nextSignal(): Promise<(typeof SIGNALS)[number]> {
  return new Promise((resolve) => {
    const listener = (signal: NodeJS.Signals): void => {
      for (const name of SIGNALS) process.off(name, listener);
      resolve(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM');
    };
    for (const name of SIGNALS) process.on(name, listener);
  });
}

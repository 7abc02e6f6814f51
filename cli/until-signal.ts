/** Runs until SIGTERM or SIGINT, ends in order, and at once when a second signal shows that it takes too long. */
import { constants } from 'node:os';
import type { Logger } from 'pino';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Calls `start`, after the first signal `stop`, and resolves when that has ended. A second signal exits the process with
 * 128 + its number, as the shell would report it. A signal during `start` resolves at once, since there is nothing to finish
 * yet. The listener is there from the beginning: the kernel drops signals for which the first process of a container has none.
 */
export async function untilSignal<T>(
  log: Logger,
  start: () => Promise<T>,
  stop: (started: T) => Promise<void>,
): Promise<void> {
  const signalled = nextSignal();
  const early = signalled.then(() => 'early' as const);
  const started = await Promise.race([start().then((value) => ({ value })), early]);
  if (started === 'early') {
    log.info('stopped while it started');
    return;
  }
  const signal = await signalled;
  log.info({ signal }, 'stopping; a second signal ends it at once');
  void nextSignal().then((again) => process.exit(128 + constants.signals[again]));
  await stop(started.value);
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
